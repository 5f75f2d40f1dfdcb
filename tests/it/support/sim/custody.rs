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
    /// Height and hash of the block that `holders` is for.
    at: Option<(u64, B256)>,
    /// Moves of transactions that may be mined or not.
    staged: Vec<Move>,
}

impl Custody {
    /// Forgets staged moves and takes the canonical branch as it is now.
    pub(crate) fn follow(&mut self, chain: &SimChain) {
        for undone in std::mem::take(&mut self.staged).into_iter().rev() {
            self.holders.insert((undone.contract, undone.token), undone.from);
        }
        let blocks = chain.canonical();
        let known = self.at.filter(|(number, hash)| {
            blocks.get(*number as usize).is_some_and(|block| block.hash == *hash)
        });
        if known.is_none() {
            self.holders.values_mut().for_each(|holder| *holder = Address::ZERO);
        }
        let next = known.map_or(0, |(number, _)| number as usize + 1);
        let moves = blocks[next..].iter().flat_map(|block| &block.txs).flat_map(|tx| &tx.moves);
        for done in moves {
            self.holders.insert((done.contract, done.token), done.to);
        }
        self.at = Some((chain.head().header.number, chain.head().hash));
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
