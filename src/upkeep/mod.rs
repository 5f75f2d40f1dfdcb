//! What keeps the tables small while Herald runs for months: `prune` forgets what nothing refers to any
//! more, `purge` removes the facts of contracts that are not wanted any more. And what keeps an eye on
//! them: `progress` measures how fast the past is loaded.

mod prune;
mod purge;
mod progress;

pub use progress::Progress;
pub use prune::Prune;
pub use purge::Purge;
