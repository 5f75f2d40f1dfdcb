//! The HTTP API, after `API.md`'s contract: what people and programs ask.
//!
//! Reading order: `router` is the one table of every `route`; around each request `finish` gives it
//! an id, a time limit and the headers that all answers have (`guard`), between them are `cors`,
//! `compression` (with `streaming` for what is streamed) and the tags of `conditional`; `reads`
//! chooses the server that answers, for clients that must find what they have `seen`, and `admit`
//! refuses what the route does not know. A handler takes the request apart (`asked`, `params`; of a
//! `body` its `members` and their `values`), finds the chain and the contract it names (`scope`, or
//! `places` for many, by numbers that `names` remembers), the block it asks for (`moment`) and where
//! its page begins (`cursor`), reads once from `store::read`, looks at what the statement has `found`
//! of the contract and the block, and writes the `answer`, a `batch` of them, or a `problem`; what is
//! too long for pages is a `stream`. Nothing here speaks to a chain or decides what is true. The
//! `document` tells all of that to programs: the routes, their `parameters` and the `shapes` of their
//! values.

pub mod router;
pub mod route;
mod admit;
mod finish;
mod guard;
mod cors;
mod compression;
mod streaming;
mod conditional;
mod asked;
mod body;
mod params;
mod values;
mod members;
mod places;
mod batch;
mod names;
mod parameters;
mod shapes;
mod scope;
mod found;
mod moment;
mod cursor;
mod auth;
mod reads;
mod seen;
mod answer;
mod stream;
pub mod codes;
mod problem;
mod routes;
mod serve;
pub mod document;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

pub use compression::COMPRESSED_BYTES_MIN;
pub use cursor::CursorKey;
pub use names::Names;
pub use router::{ROUTES, bare_router, router, router_beside};
pub use serve::{CONNECTIONS_MAX, PATIENCE, Patience, connection};

use crate::store::Pool;

/// Most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Most bytes of a body that lists things: 500 items of the longest words, written with room.
const LIST_BYTES_MAX: usize = 256 * 1024;

/// What the handlers work with.
#[derive(Clone)]
pub struct ApiState {
    /// The database.
    pub pool: Pool,
    /// What was found in it of chains and contracts.
    pub names: Arc<Names>,
    /// Signs cursors; the same for all replicas.
    pub cursors: CursorKey,
    /// Longest a request may take until its answer begins.
    pub request_timeout: Duration,
    /// Origins whose pages may read answers in a browser, `*` being all.
    pub cors_origins: Arc<[String]>,
    /// Writes the metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}
