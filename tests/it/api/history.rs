//! A random history of a contract, replayed by the plainest means: every token of every block by
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::aliases::{I512, U512};
use alloy::primitives::{Address, U256};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::support::seed::{Move, person};

/// Last block of a history.
pub(super) const LAST: i64 = 24;
/// Different tokens of a history.
const TOKENS: u64 = 48;

/// What is known of a token and an owner of it at the end of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// `None` for ERC-721.
    pub(super) balance: Option<I512>,
    /// Since when it is held.
    pub(super) acquired: i64,
    /// Number of the range that gave it.
    pub(super) range: Option<usize>,
}

/// Facts by token and owner.
pub(super) type State = BTreeMap<(U256, Address), Fact>;

/// A contract's history.
pub(super) struct History {
    pub(super) standard: &'static str,
    pub(super) moves: Vec<Move>,
    /// Ranges, by the number of their move, that the tables hold unlisted.
    pub(super) unlisted: BTreeSet<usize>,
    /// At the end of each block.
    pub(super) states: Vec<State>,
}

fn anybody(random: &mut StdRng) -> Address {
    let number = random.random_range(0..6_u8);
    if number == 0 { Address::ZERO } else { person(number) }
}

impl History {
    /// ERC-721 with ranges that overlap, move and burn; the tokens begin at `base`.
    pub(super) fn of_ranges(seed: u64, base: U256, unlisted: bool) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut moves = Vec::new();
        for number in 0..100 {
            let first = random.random_range(0..TOKENS);
            let last = random.random_range(first..TOKENS.min(first + 20));
            let range = random.random_bool(0.2).then(|| base + U256::from(last));
            moves.push(Move {
                block: 1 + number * (LAST - 1) / 100,
                log: i32::try_from(number).unwrap(),
                batch: 0,
                first: base + U256::from(first),
                last: range,
                amount: None,
                from: anybody(&mut random),
                to: anybody(&mut random),
            });
        }
        let ranges = (0..moves.len()).filter(|at| moves[*at].last.is_some());
        let unlisted = ranges.filter(|at| unlisted && at % 3 == 0).collect();
        Self::replayed("erc721", moves, unlisted)
    }

    /// ERC-1155 in batches, with nothing, with everything, and with more than there is.
    pub(super) fn of_balances(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut moves = Vec::new();
        for log in 0..60 {
            let (from, to) = (anybody(&mut random), anybody(&mut random));
            for batch in 0..random.random_range(1..4) {
                let amount = match random.random_range(0..10) {
                    0 => U256::ZERO,
                    1 => U256::MAX,
                    _ => U256::from(random.random_range(1..5_u64)),
                };
                moves.push(Move {
                    block: 1 + i64::from(log) * (LAST - 1) / 60,
                    log,
                    batch,
                    first: U256::from(random.random_range(0..TOKENS / 3)),
                    last: None,
                    amount: Some(amount),
                    from,
                    to,
                });
            }
        }
        Self::replayed("erc1155", moves, BTreeSet::new())
    }

    fn replayed(standard: &'static str, moves: Vec<Move>, unlisted: BTreeSet<usize>) -> Self {
        let mut states = vec![State::new()];
        for block in 1..=LAST {
            let before = states.last().unwrap();
            let mut state = before.clone();
            for (number, one) in moves.iter().enumerate().filter(|(_, one)| one.block == block) {
                match one.amount {
                    None => give(&mut state, one, number),
                    Some(amount) => {
                        let amount = I512::from_raw(U512::from(amount));
                        add(&mut state, one, one.from, -amount);
                        add(&mut state, one, one.to, amount);
                    }
                }
            }
            for (key, fact) in &mut state {
                let positive = |fact: &&Fact| fact.balance.is_none_or(|b| b.is_positive());
                // Whoever held it before holds it by what came first.
                if let Some(same) = before.get(key).filter(positive) {
                    (fact.acquired, fact.range) = (same.acquired, same.range);
                }
            }
            states.push(state);
        }
        Self { standard, moves, unlisted, states }
    }

    /// The same with other log indexes: those of a block are the chain's, not the contract's.
    pub(super) fn beginning_at(mut self, first: i32) -> Self {
        self.moves.iter_mut().for_each(|one| one.log += first);
        self
    }

    /// Who holds what at the end of a block; `None`: now.
    pub(super) fn at(&self, block: Option<i64>) -> &State {
        &self.states[usize::try_from(block.unwrap_or(LAST)).unwrap()]
    }

    /// Whether lists show the fact.
    pub(super) fn shows(&self, fact: &Fact) -> bool {
        fact.balance.is_none_or(|balance| balance.is_positive())
            && fact.range.is_none_or(|range| !self.unlisted.contains(&range))
    }

    /// Whether lists leave something out.
    pub(super) fn irregular(&self, block: Option<i64>) -> bool {
        let unlisted = |fact: &Fact| fact.range.is_some_and(|range| self.unlisted.contains(&range));
        self.at(block).values().any(unlisted)
    }

    /// The moves of a token up to a block.
    pub(super) fn of_token(&self, token: U256, block: Option<i64>) -> Vec<&Move> {
        let block = block.unwrap_or(LAST);
        let covers = |one: &&Move| one.first <= token && token <= one.last.unwrap_or(one.first);
        self.moves.iter().filter(|one| one.block <= block).filter(covers).collect()
    }

    /// The move that began the fact.
    pub(super) fn arrival(&self, token: U256, owner: Address, fact: &Fact) -> &Move {
        let arrived = |one: &&Move| {
            one.block == fact.acquired && one.to == owner && one.amount != Some(U256::ZERO)
        };
        self.of_token(token, None).into_iter().rfind(arrived).expect("nobody holds from nothing")
    }
}

fn give(state: &mut State, one: &Move, number: usize) {
    let mut token = one.first;
    loop {
        state.retain(|(held, _), _| *held != token);
        if !one.to.is_zero() {
            let range = one.last.map(|_| number);
            let fact = Fact { balance: None, acquired: one.block, range };
            state.insert((token, one.to), fact);
        }
        if token == one.last.unwrap_or(one.first) {
            break;
        }
        token += U256::ONE;
    }
}

fn add(state: &mut State, one: &Move, who: Address, delta: I512) {
    if !who.is_zero() {
        let zero = Fact { balance: Some(I512::ZERO), acquired: one.block, range: None };
        let fact = state.entry((one.first, who)).or_insert(zero);
        fact.balance = fact.balance.map(|balance| balance + delta);
        fact.acquired = one.block;
    }
}
