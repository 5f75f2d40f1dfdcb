//! The nodes above the hashes of leaves.
//!
//! A tree of n leaves is an array of 2n-1 hashes: the root first, the children of node i at 2i+1 and
//! 2i+2, the sorted leaves at its end, the smallest last.

use alloy::primitives::{B256, keccak256};

/// A whole tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(Vec<B256>);

/// A tree that is being built: the upper nodes are missing. 64 bytes a leaf.
pub struct Growing {
    nodes: Vec<B256>,
    /// How many nodes are still to be hashed.
    missing: usize,
}

impl Growing {
    /// Over the hashes of these leaves; none of no leaf, which has no tree.
    pub fn over(mut leaves: Vec<B256>) -> Option<Self> {
        let missing = leaves.len().checked_sub(1)?;
        leaves.sort_unstable_by(|a, b| b.cmp(a));
        let mut nodes = vec![B256::ZERO; missing];
        nodes.append(&mut leaves);
        Some(Self { nodes, missing })
    }

    /// Hashes at most so many nodes; true while some are missing.
    pub fn grow(&mut self, most: usize) -> bool {
        for _ in 0..most.min(self.missing) {
            self.missing -= 1;
            let (left, right) = (2 * self.missing + 1, 2 * self.missing + 2);
            self.nodes[self.missing] = above(self.nodes[left], self.nodes[right]);
        }
        self.missing > 0
    }

    /// The tree, with whatever was missing.
    pub fn whole(mut self) -> Tree {
        self.grow(usize::MAX);
        Tree(self.nodes)
    }
}

impl Tree {
    /// Its root.
    pub fn root(&self) -> B256 {
        self.0[0]
    }

    /// Its nodes, the root first.
    pub fn nodes(&self) -> &[B256] {
        &self.0
    }

    /// Where the leaf of this hash stands; none that is not in the tree.
    pub fn place(&self, leaf: B256) -> Option<usize> {
        let leaves = self.0.len() / 2;
        self.0[leaves..].binary_search_by(|node| leaf.cmp(node)).ok().map(|at| leaves + at)
    }
}

/// The node above two: what is smaller is hashed first, so that a proof needs no sides.
fn above(one: B256, other: B256) -> B256 {
    let (small, large) = if one <= other { (one, other) } else { (other, one) };
    let mut both = [0; 64];
    both[..32].copy_from_slice(small.as_slice());
    both[32..].copy_from_slice(large.as_slice());
    keccak256(both)
}
