//! What keeps the tables small while Herald runs for months: `prune` forgets what nothing refers to any
//! more, `purge` removes the facts of contracts that are not wanted any more.

mod prune;
mod purge;

pub use prune::Prune;
pub use purge::Purge;
