//! Who holds how much of which token where the canonical branch ends, so that new traffic is valid
//! there. Contracts that break the rules are not followed.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};

use super::block::Move;
use super::chain::SimChain;
use crate::support::intervals::{Intervals, Run};

/// A token: its contract and its id.
pub(crate) type Key = (Address, U256);

/// Holders as of one block, and the moves staged above it.
#[derive(Default)]
pub(crate) struct Custody {
    /// Contracts whose moves say nothing about who holds what.
    lawless: BTreeSet<Address>,
    /// Zero: nobody, though the token existed once, here or on an abandoned branch.
    holders: BTreeMap<Address, Intervals<Address>>,
    /// What is held of ERC-1155, zeros included.
    balances: BTreeMap<(Key, Address), U256>,
    /// Hash of the block that all of this is for.
    at: Option<B256>,
    /// Moves of transactions that may be mined or not.
    staged: Vec<Move>,
}

impl Custody {
    /// Block 0, where nobody holds anything; `lawless` contracts are not followed.
    pub(crate) fn new(lawless: BTreeSet<Address>) -> Self {
        Self { lawless, ..Self::default() }
    }

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
            self.pass(done, done.from, done.to);
        }
        self.at = Some(chain.head().hash);
    }

    fn undo(&mut self, done: &Move) {
        self.pass(done, done.to, done.from);
    }

    /// Takes a move that the next block may hold.
    pub(crate) fn stage(&mut self, staged: Move) {
        self.pass(&staged, staged.from, staged.to);
        self.staged.push(staged);
    }

    /// Passes what a move is about from one to another.
    fn pass(&mut self, done: &Move, from: Address, to: Address) {
        let key = (done.contract, done.token);
        if self.lawless.contains(&done.contract) {
            return;
        }
        let Some(amount) = done.amount else {
            let last = done.last.unwrap_or(done.token);
            self.holders.entry(done.contract).or_default().set(done.token, last, Some(to));
            return;
        };
        if !from.is_zero() {
            *self.balances.entry((key, from)).or_default() -= amount;
        }
        if !to.is_zero() {
            *self.balances.entry((key, to)).or_default() += amount;
        }
    }

    /// Whether anybody holds a token from `first` to `last`.
    pub(crate) fn is_free(&self, contract: Address, first: U256, last: U256) -> bool {
        let held = self.holders.get(&contract).map(|it| it.cover(first, last)).unwrap_or_default();
        held.iter().all(|(.., holder)| holder.is_none_or(|holder| holder.is_zero()))
    }

    /// Tokens near `start`, of its contract where there are such, that somebody holds, or that
    /// nobody holds any more.
    pub(crate) fn near(&self, start: Key, held: bool) -> Option<(Address, Run<Address>)> {
        let here = self.near_in(start, held).map(|run| (start.0, run));
        let others = || {
            let all = self.holders.keys();
            all.filter_map(|contract| Some((*contract, self.near_in((*contract, start.1), held)?)))
        };
        here.or_else(|| others().next())
    }

    /// The same within the contract of `start` only.
    pub(crate) fn near_in(&self, start: Key, held: bool) -> Option<Run<Address>> {
        let mut all = self.holders.get(&start.0)?.runs();
        all.retain(|(.., holder)| holder.is_zero() != held);
        all.iter().find(|(_, last, _)| *last >= start.1).or_else(|| all.first()).copied()
    }

    /// What everybody has of a contract's tokens, zeros left out.
    pub(crate) fn balances(&self, contract: Address) -> Vec<(Key, Address, U256)> {
        let from = ((contract, U256::ZERO), Address::ZERO);
        let to = ((contract, U256::MAX), Address::repeat_byte(0xFF));
        let held = self.balances.range(from..=to).filter(|(_, balance)| !balance.is_zero());
        held.map(|((key, owner), balance)| (*key, *owner, *balance)).collect()
    }
}
