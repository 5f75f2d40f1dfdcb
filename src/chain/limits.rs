//! What a node may cost: sizes and times that bound every conversation with one.

use std::time::Duration;

/// The bounds of one chain's conversations; tests give smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of one answer.
    pub body_bytes_max: usize,
    /// Most bytes of one answer to a query for the logs of more than one block.
    pub range_bytes_max: usize,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for one whole answer.
    pub request_timeout: Duration,
    /// Longest time for one question of the caller, all endpoints and retries included.
    pub deadline: Duration,
    /// First wait of an endpoint after a failure; doubles with each further one.
    pub rest_min: Duration,
    /// Longest such wait, whatever the endpoint itself asks for.
    pub rest_max: Duration,
    /// How often an endpoint is asked again who it is, whatever it said last.
    pub recheck: Duration,
}

/// A provider that answers 10,000 logs sends about 8 MB; the largest answers seen on paid nodes
/// without that limit are some tens of MB. More is an attack or a range to be split.
const BODY_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Some 40,000 logs. Whoever asks for more blocks than fit can ask for fewer, so what one answer
/// costs is kept small enough for several at once.
pub const RANGE_BYTES_MAX: usize = 24 * 1024 * 1024;

/// Most bytes of such answers that are read and decoded at once by this process, all endpoints and
/// chains together: ten loads at full width. Decoding takes about as much again beside it.
pub const BYTES_IN_FLIGHT_MAX: usize = 256 * 1024 * 1024;

/// Most bytes of a contract's code: 24,576 (EIP-170), larger where a chain has raised that, such
/// as to 262,144 (EIP-7907).
pub(super) const CODE_BYTES_MAX: usize = 1024 * 1024;

/// A TLS handshake around the globe takes under a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Providers cut heavy log queries at 10 to 20 s themselves.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// One slow endpoint and one that answers fit in.
const DEADLINE: Duration = Duration::from_secs(60);

/// A limit by the second is over after this.
const REST_MIN: Duration = Duration::from_millis(500);

/// A repaired endpoint is used again after this at the latest.
const REST_MAX: Duration = Duration::from_secs(60);

/// An operator who repairs a node's URL or chain sees it return within a minute, and a node that
/// turned to another chain is found out within one.
const RECHECK: Duration = Duration::from_secs(60);

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: BODY_BYTES_MAX,
            range_bytes_max: RANGE_BYTES_MAX,
            connect_timeout: CONNECT_TIMEOUT,
            request_timeout: REQUEST_TIMEOUT,
            deadline: DEADLINE,
            rest_min: REST_MIN,
            rest_max: REST_MAX,
            recheck: RECHECK,
        }
    }
}
