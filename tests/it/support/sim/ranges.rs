//! Transactions that move ranges of ERC-2309, honest ones and those that respect nobody.

use alloy::primitives::{Address, U256};
use rand::Rng;

use super::block::Move;
use super::traffic::{Traffic, has_ranges, usurps};
use crate::support::replay::LISTED_MAX;

/// Most tokens of an ordinary range.
const LENGTH_MAX: u64 = 200;
/// Below this, ids of ordinary ranges begin, so that they meet single tokens and each other.
const CROWDED: u64 = 3_000;
/// Below this, ids of lawless contracts begin, so that almost everything overlaps.
const FOUGHT_OVER: u64 = 300;

impl Traffic {
    /// Tokens that nobody holds, some of which existed once.
    pub(super) fn range_mint(&mut self) -> Vec<Move> {
        let contract = self.contract(has_ranges);
        let length = U256::from(self.rng.random_range(0..LENGTH_MAX));
        let crowded = U256::from(self.rng.random_range(0..CROWDED));
        let first = match self.rng.random_range(0..8) {
            0 => U256::MAX - length,
            1 => U256::from_limbs(self.rng.random()) >> 1,
            2 | 3 => self.custody.near_in((contract, crowded), false).map_or(crowded, |it| it.0),
            _ => crowded,
        };
        let last = first.saturating_add(length);
        let to = self.wallet();
        match self.custody.is_free(contract, first, last) {
            true => range(contract, (first, last), Address::ZERO, to),
            false => self.range_transfer(),
        }
    }

    pub(super) fn range_huge(&mut self) -> Vec<Move> {
        let contract = self.contract(has_ranges);
        let first = U256::from_limbs(self.rng.random()) >> 1;
        let length = match self.rng.random() {
            true => LISTED_MAX,
            false => self.rng.random_range(LISTED_MAX / 10..LISTED_MAX),
        };
        let last = first + U256::from(length - 1);
        let to = self.wallet();
        match self.custody.is_free(contract, first, last) {
            true => range(contract, (first, last), Address::ZERO, to),
            false => Vec::new(),
        }
    }

    pub(super) fn range_transfer(&mut self) -> Vec<Move> {
        let to = self.wallet();
        let to_self = self.rng.random_ratio(1, 8);
        self.part_of_held(|holder| if to_self { holder } else { to })
    }

    pub(super) fn range_burn(&mut self) -> Vec<Move> {
        self.part_of_held(|_| Address::ZERO)
    }

    /// Some tokens in a row that one holder holds, to whom `to` says.
    fn part_of_held(&mut self, to: impl Fn(Address) -> Address) -> Vec<Move> {
        let contract = self.contract(has_ranges);
        let near = U256::from(self.rng.random_range(0..CROWDED));
        let start = if self.rng.random() { near } else { self.id() };
        let Some((first, last, holder)) = self.custody.near_in((contract, start), true) else {
            return Vec::new();
        };
        let from = self.among(first, last);
        let last = self.among(from, last);
        range(contract, (from, last), holder, to(holder))
    }

    /// Whatever tokens, of whomever, to somebody or nobody.
    pub(super) fn usurp(&mut self) -> Vec<Move> {
        let contract = self.contract(usurps);
        let (from, to) = (self.anybody(), self.anybody());
        let first = U256::from(self.rng.random_range(0..FOUGHT_OVER));
        let listed = U256::from(LISTED_MAX);
        let last = match self.rng.random_range(0..20) {
            0 => return range(contract, (U256::ZERO, U256::MAX), from, to),
            1 => return range(contract, (self.id(), U256::MAX), from, to),
            2 => first + listed,
            3 => first + listed - U256::ONE,
            4..9 => return vec![Move::single((contract, first), from, to)],
            9 => return vec![Move::single((contract, self.id()), from, to)],
            _ => first + U256::from(self.rng.random_range(0..LENGTH_MAX)),
        };
        range(contract, (first, last), from, to)
    }

    /// A wallet, often the zero address, which mints and burns.
    pub(super) fn anybody(&mut self) -> Address {
        if self.rng.random_ratio(1, 3) { Address::ZERO } else { self.wallet() }
    }
}

fn range(contract: Address, (first, last): (U256, U256), from: Address, to: Address) -> Vec<Move> {
    vec![Move { last: Some(last), ..Move::single((contract, first), from, to) }]
}
