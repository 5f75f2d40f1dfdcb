//! What nobody asks for and everything needs: `prune` forgets what nothing refers to any more, `purge`
//! removes the facts of contracts that are not wanted any more, `progress` measures how fast the past
//! is loaded, and `presence` says that this replica is there and cleans up after one that has
//! vanished; `lookout` watches the read replica.

mod lookout;
mod presence;
mod prune;
mod purge;
mod progress;

pub use lookout::Lookout;
pub use presence::Presence;
pub use progress::Progress;
pub use prune::Prune;
pub use purge::Purge;
