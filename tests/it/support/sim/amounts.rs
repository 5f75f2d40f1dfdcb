//! Transactions that move amounts of ERC-1155 tokens, honest ones and those beyond any balance.

use std::collections::BTreeMap;

use alloy::primitives::{Address, U256};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::block::Move;
use super::custody::Key;
use super::traffic::{Traffic, has_balances, overdraws};

/// Most elements of a batch.
const ELEMENTS_MAX: usize = 8;
/// Ordinary ids; few, so that many wallets meet in one token.
const IDS: u64 = 12;

/// A token and how much of it there is to give.
type Stock = Vec<(U256, U256)>;

impl Traffic {
    /// Several amounts, the same token twice among them at times.
    pub(super) fn batch(&mut self) -> Vec<Move> {
        let count = self.rng.random_range(1..=ELEMENTS_MAX);
        self.amounts(count)
    }

    /// So many amounts from one holder, or nobody, to one receiver, or nobody.
    pub(super) fn amounts(&mut self, count: usize) -> Vec<Move> {
        let contract = self.contract(has_balances);
        let held = self.custody.balances(contract);
        let giver = held.choose(&mut self.rng).map(|(_, owner, _)| *owner);
        match giver.filter(|_| self.rng.random_ratio(6, 10)) {
            Some(from) => {
                let to = match self.rng.random_range(0..8) {
                    0 => from,
                    1 | 2 => Address::ZERO,
                    _ => self.wallet(),
                };
                let own = held.iter().filter(|(_, owner, _)| *owner == from);
                let stock = own.map(|(key, _, balance)| (key.1, *balance)).collect();
                self.hand_out(contract, (from, to), stock, count)
            }
            None => {
                let to = self.wallet();
                let stock = self.room(&held, count);
                self.hand_out(contract, (Address::ZERO, to), stock, count)
            }
        }
    }

    /// What may be minted of so many tokens, so that no sum of all balances gets too large.
    fn room(&mut self, held: &[(Key, Address, U256)], count: usize) -> Stock {
        let mut stock = BTreeMap::new();
        for _ in 0..count {
            let token = self.kind_of_token();
            let there = held.iter().filter(|(key, ..)| key.1 == token);
            let sum: U256 = there.map(|(.., balance)| *balance).sum();
            stock.insert(token, U256::MAX - sum);
        }
        stock.into_iter().collect()
    }

    fn hand_out(
        &mut self,
        contract: Address,
        (from, to): (Address, Address),
        mut stock: Stock,
        count: usize,
    ) -> Vec<Move> {
        let mut moves = Vec::new();
        for _ in 0..count {
            let at = self.rng.random_range(0..stock.len());
            let (token, left) = stock[at];
            let amount = self.part_of(left);
            // What a holder gives to itself is not gone, but may arrive too late to be given again.
            stock[at].1 = left - amount;
            moves.push(Move { amount: Some(amount), ..Move::single((contract, token), from, to) });
        }
        moves
    }

    /// Nothing, everything, or some of it.
    fn part_of(&mut self, whole: U256) -> U256 {
        match self.rng.random_range(0..12) {
            0 => U256::ZERO,
            1 => whole,
            2 => U256::from_limbs(self.rng.random()).min(whole),
            3 => self.among(U256::ZERO, whole),
            _ => U256::from(self.rng.random_range(1..50)).min(whole),
        }
    }

    fn kind_of_token(&mut self) -> U256 {
        match self.rng.random_range(0..12) {
            0 => U256::MAX,
            1 => U256::ONE << 255,
            _ => U256::from(self.rng.random_range(0..IDS)),
        }
    }

    /// Whatever amounts, of whomever, to whomever.
    pub(super) fn overdraw(&mut self) -> Vec<Move> {
        let contract = self.contract(overdraws);
        let (from, to) = (self.anybody(), self.anybody());
        let count = self.rng.random_range(1..=ELEMENTS_MAX);
        let mut moves = Vec::new();
        for _ in 0..count {
            let amount = Some(self.part_of(U256::MAX));
            let token = U256::from(self.rng.random_range(0..IDS));
            moves.push(Move { amount, ..Move::single((contract, token), from, to) });
        }
        moves
    }
}
