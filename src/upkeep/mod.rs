//! What nobody asks for and everything needs: `prune` forgets what nothing refers to any more, `purge`
//! removes the facts of contracts that are not wanted any more, and `presence` says that this
//! replica is there and cleans up after one that has vanished.

mod presence;
mod prune;
mod purge;

pub use presence::Presence;
pub use prune::Prune;
pub use purge::Purge;
