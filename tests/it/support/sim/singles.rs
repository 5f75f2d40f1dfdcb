//! Transactions that move ERC-721 tokens one by one.

use alloy::primitives::{Address, U256};
use rand::Rng;

use super::block::Move;
use super::custody::Key;
use super::traffic::{Traffic, is_art};

/// Chance in percent that a transaction goes on with the token of the one before it.
const SAME_TOKEN_PERCENT: u32 = 30;
/// Most moves of one token in one transaction.
const HOPS_MAX: usize = 5;

impl Traffic {
    pub(super) fn mint(&mut self) -> Vec<Move> {
        let contract = self.contract(is_art);
        let count = self.rng.random_range(1..=3);
        let mut moves: Vec<Move> = Vec::new();
        for _ in 0..count {
            let token = self.fresh(contract);
            let to = self.wallet();
            if moves.iter().all(|earlier| earlier.token != token) {
                moves.push(Move::single((contract, token), Address::ZERO, to));
            }
        }
        moves
    }

    pub(super) fn remint(&mut self) -> Vec<Move> {
        let start = self.anywhere();
        let Some((contract, (first, last, _))) = self.custody.near(start, false) else {
            return self.mint();
        };
        let (token, to) = (self.among(first, last), self.wallet());
        chain_of((contract, token), &[Address::ZERO, to])
    }

    pub(super) fn burn(&mut self) -> Vec<Move> {
        self.held().map_or_else(Vec::new, |(key, holder)| chain_of(key, &[holder, Address::ZERO]))
    }

    pub(super) fn itself(&mut self) -> Vec<Move> {
        self.held().map_or_else(Vec::new, |(key, holder)| chain_of(key, &[holder, holder]))
    }

    pub(super) fn hops(&mut self) -> Vec<Move> {
        let count = self.rng.random_range(2..=HOPS_MAX);
        self.through(count)
    }

    /// A held token through `count` hands; where nobody holds anything, a mint.
    pub(super) fn through(&mut self, count: usize) -> Vec<Move> {
        let Some((key, holder)) = self.held() else { return self.mint() };
        let mut hands = vec![holder];
        hands.extend((0..count).map(|_| self.wallet()));
        chain_of(key, &hands)
    }

    pub(super) fn there_and_back(&mut self) -> Vec<Move> {
        let Some((key, holder)) = self.held() else { return self.mint() };
        let there = self.wallet();
        chain_of(key, &[holder, there, holder])
    }

    pub(super) fn mint_and_burn(&mut self) -> Vec<Move> {
        let contract = self.contract(is_art);
        let key = (contract, self.fresh(contract));
        let between = self.wallet();
        chain_of(key, &[Address::ZERO, between, Address::ZERO])
    }

    pub(super) fn void(&mut self) -> Vec<Move> {
        let contract = self.contract(is_art);
        chain_of((contract, self.fresh(contract)), &[Address::ZERO, Address::ZERO])
    }

    /// A token that somebody holds, often the one of the transaction before.
    fn held(&mut self) -> Option<(Key, Address)> {
        let again = self.rng.random_ratio(SAME_TOKEN_PERCENT, 100);
        let recent = self.recent.filter(|_| again);
        let start = recent.unwrap_or_else(|| self.anywhere());
        let (contract, (first, last, holder)) = self.custody.near(start, true)?;
        let token = match recent {
            Some((of, token)) if of == contract && first <= token && token <= last => token,
            _ => self.among(first, last),
        };
        Some(((contract, token), holder))
    }

    /// Some point among all tokens of a contract.
    fn anywhere(&mut self) -> Key {
        (self.contract(is_art), self.id())
    }

    /// An id of `contract` that nobody holds.
    fn fresh(&mut self, contract: Address) -> U256 {
        loop {
            let token = self.id();
            if self.custody.is_free(contract, token, token) {
                return token;
            }
        }
    }

    /// Small ids as contracts count them, and ids from the whole range up to its end.
    pub(super) fn id(&mut self) -> U256 {
        match self.rng.random_range(0..10) {
            0 => U256::MAX - U256::from(self.rng.random_range(0..4096)),
            1 => U256::from_limbs(self.rng.random()),
            2 => (U256::ONE << 128) + U256::from(self.rng.random::<u16>()),
            _ => U256::from(self.rng.random::<u16>()),
        }
    }
}

/// Moves of one token from each of `hands` to the next.
fn chain_of(key: Key, hands: &[Address]) -> Vec<Move> {
    hands.windows(2).map(|pair| Move::single(key, pair[0], pair[1])).collect()
}
