//! The HTTP API, after `API.md`'s contract: what people and programs ask.
//!
//! Reading order: `router` is the one table of every route; around each request `finish` gives it
//! an id and a time limit. A handler takes the request apart (`asked`, `params`), finds the chain
//! and the contract it names (`scope`, by numbers that `names` remembers), the block it asks for
//! (`moment`) and where its page begins (`cursor`), reads once from `store::read`, looks at what the
//! statement has `found` of the contract and the block, and writes the `answer` or a `problem`. Nothing here
//! speaks to a chain or decides what is true.

pub mod router;
mod finish;
mod asked;
mod params;
mod body;
mod values;
mod members;
mod places;
mod batch;
mod names;
mod scope;
mod found;
mod moment;
mod cursor;
mod auth;
mod answer;
pub mod codes;
mod problem;
mod routes;
mod serve;

use std::sync::Arc;
use std::time::Duration;

pub use cursor::CursorKey;
pub use names::Names;
pub use router::{ROUTES, bare_router, router};
pub use serve::{CONNECTIONS_MAX, connection};

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
    /// Writes the metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}
