//! Merkle trees of holders as OpenZeppelin's `StandardMerkleTree` builds them (`standard-v1`), so
//! that a contract with its `MerkleProof` library checks what is made here.
//!
//! Pure. `leaf` hashes a holder, `tree` builds all nodes above the hashes, `dump` writes a tree as
//! the library loads it.

mod leaf;
mod tree;
mod dump;

pub use dump::dump;
pub use leaf::{Leaf, Leaves};
pub use tree::{Growing, Tree};

/// The form of the trees, as the library names it.
pub const FORMAT: &str = "standard-v1";
