//! Who holds which token where the canonical branch ends, so that new traffic is valid there.

use std::collections::BTreeMap;
use std::ops::Bound;

use alloy::primitives::{Address, B256, U256};

use super::block::Move;
use super::chain::SimChain;

/// A token: its contract and its id.
pub(crate) type Key = (Address, U256);

/// Holders as of one block, and the moves staged above it.
#[derive(Default)]
pub(crate) struct Custody {
    /// Zero: nobody, though the token existed once, here or on an abandoned branch.
    holders: BTreeMap<Key, Address>,
    /// Hash of the block that `holders` is for.
    at: Option<B256>,
    /// Moves of transactions that may be mined or not.
    staged: Vec<Move>,
}

impl Custody {
    /// Forgets staged moves and goes to the canonical head: back to the common block, then up.
    pub(crate) fn follow(&mut self, chain: &SimChain) {
        for staged in std::mem::take(&mut self.staged).iter().rev() {
            self.undo(staged);
        }
        let blocks = chain.canonical();
        let mut at = self.at.and_then(|hash| chain.by_hash(hash)).unwrap_or(&blocks[0]);
        while !chain.is_canonical(at) {
            at.txs.iter().flat_map(|tx| &tx.moves).rev().for_each(|done| self.undo(done));
            at = chain.by_hash(at.header.parent_hash).expect("parents are never forgotten");
        }
        let above = &blocks[at.header.number as usize + 1..];
        for done in above.iter().flat_map(|block| &block.txs).flat_map(|tx| &tx.moves) {
            self.holders.insert((done.contract, done.token), done.to);
        }
        self.at = Some(chain.head().hash);
    }

    fn undo(&mut self, done: &Move) {
        self.holders.insert((done.contract, done.token), done.from);
    }

    /// Takes a move that the next block may hold.
    pub(crate) fn stage(&mut self, staged: Move) {
        self.holders.insert((staged.contract, staged.token), staged.to);
        self.staged.push(staged);
    }

    /// Who holds the token; zero means nobody.
    pub(crate) fn holder(&self, key: Key) -> Address {
        self.holders.get(&key).copied().unwrap_or_default()
    }

    /// A token near `start` that somebody holds, or that nobody holds any more.
    pub(crate) fn near(&self, start: Key, held: bool) -> Option<(Key, Address)> {
        let after = self.holders.range((Bound::Included(start), Bound::Unbounded));
        let all = after.chain(self.holders.range(..start));
        let mut fitting = all.filter(|(_, holder)| holder.is_zero() != held);
        fitting.next().map(|(key, holder)| (*key, *holder))
    }
}
