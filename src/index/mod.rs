//! From a chain to rows, and back when the chain takes blocks back.
//!
//! The live edge. `live` makes the passes, while it holds the `lease`: `identity` makes sure that it
//! is the right chain, then it looks at the newest head, `begin` gives a new chain its first
//! checkpoint, and `plan` (pure) answers from stored and shown hashes (gathered by `view`) whether to
//! wait, to look further, to advance, to rewind or to halt. `fetch` reads the logs of linked headers,
//! in `parts` (pure) that the endpoint takes, `decode` makes transfers of them, `ownership` (pure)
//! says which holdings open and close, `tell` (pure) words the events, and `commit` writes it all in
//! one transaction. `rewind` is its mirror, and `removals` (pure)
//! words what it tells. `settle` moves the final mark, `condition` tells operators how the chain
//! does, `decision` halts it and does what a person says.
//!
//! After downtime the head is far above the checkpoint. `advance` then commits `lot` after `lot` of
//! blocks in one pass, in order and with their events, while `ahead` reads the next ones in
//! parallel.
//!
//! The past. `wish` writes what is asked to be followed, after what `accept` (pure) makes of it;
//! `probe` looks at a contract before it is followed, and asks it for its name. `track` joins it to
//! the live edge from the next block on, and `allot` plans sets and spans for what lies below; `past`
//! reads a step of a span and `load` writes it into `transfers` and nothing else; `seams` compares
//! what different workers have read and hands it over to the contracts; `indexes` builds what a first
//! load did without; `fold` builds ownership once a past is whole. `depart` is `track`'s mirror.
//!
//! Ownership has three writers, `commit`, `rewind` and `fold`, each holding the chain's row; of a
//! contract that is not ready `fold` also builds what is final, without it.

pub mod plan;
pub mod ownership;
pub mod now;
pub mod tell;
mod view;
mod identity;
mod begin;
pub mod reading;
mod read;
mod parts;
mod fetch;
mod lot;
mod ahead;
mod settle;
mod census;
mod hold;
mod commit;
mod removals;
mod restore;
pub mod rewind;
mod condition;
mod advance;
pub mod decision;
mod standby;
mod lease;
pub mod live;
pub mod probe;
mod allot;
mod accept;
pub mod wish;
pub mod track;
pub mod depart;
mod past;
mod seams;
pub mod load;
pub mod indexes;
pub mod fold;

use std::sync::Arc;
use std::time::Duration;

use crate::chain::{Chain, ChainError};
pub use crate::decode::KINDS;
use crate::decode::LogKind;
use crate::store::events::NewEvent;
use crate::store::{Pool, StoreError};
use crate::telemetry::metrics;
use crate::types::{Caip2, ChainKey};
use crate::work::Pass;

/// What every worker of one chain needs.
#[derive(Clone)]
pub struct Context {
    /// The tables.
    pub pool: Pool,
    /// The nodes.
    pub chain: Arc<dyn Chain>,
    /// Surrogate number.
    pub key: ChainKey,
    /// CAIP-2 id.
    pub id: Caip2,
    /// Alias, for logs and metrics.
    pub name: Arc<str>,
    /// Names this process in leases.
    pub owner: Arc<str>,
    /// What the configuration says of the chain.
    pub rules: Rules,
    /// The kinds of logs that this release reads.
    pub kinds: &'static [LogKind],
    /// Which contracts were asked what their logs mean.
    pub asked: Arc<reading::Asked>,
}

/// How a chain is followed.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Believe the node's `finalized` tag where it has one.
    pub finalized_tag: bool,
    /// How old a block must be to be final where no tag says so.
    pub finality_depth: Duration,
    /// Usual time between blocks.
    pub block_time: Duration,
    /// A header's bloom may exclude a block from being asked for logs.
    pub trust_bloom: bool,
    /// Most blocks in one request for logs of the past.
    pub range_max: u64,
}

impl Context {
    /// Names of the kinds that pass `wanted`, as the tables have them.
    fn kinds_named(&self, wanted: impl Fn(&LogKind) -> bool) -> Vec<&'static str> {
        self.kinds.iter().filter(|kind| wanted(kind)).map(|kind| kind.name).collect()
    }

    /// Whether this release reads every one of these kinds.
    fn reads(&self, kinds: &[String]) -> bool {
        kinds.iter().all(|name| self.kinds.iter().any(|kind| kind.name == name))
    }
}

/// Counts events that a transaction has appended, after its commit.
fn count_told(context: &Context, events: &[NewEvent]) {
    for event in events {
        metrics::events_appended(&context.name, event.kind).increment(1);
    }
}

/// A block that moved between two answers, and a fact that another writer changed, are no faults:
/// the next pass sees them as they are then. Nor is a contract whose past begins anew.
fn unless_passing(outcome: anyhow::Result<Pass>) -> anyhow::Result<Pass> {
    let error = match outcome {
        Ok(pass) => return Ok(pass),
        Err(error) => error,
    };
    let behind = matches!(error.downcast_ref(), Some(ChainError::Behind { .. }));
    let fenced = matches!(error.downcast_ref(), Some(StoreError::Fenced { .. }));
    if error.is::<reading::ReadAgain>() {
        tracing::info!("{error}");
        return Ok(Pass::Worked);
    }
    if behind || fenced {
        tracing::debug!("pass given up: {error:#}");
        return Ok(Pass::Idle);
    }
    Err(error)
}
