//! What a subscriber ends up believing who folds token events one by one.

use std::collections::BTreeMap;

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};

use super::intervals::{Intervals, Run};
use super::replay::{Key, signed};

/// A token event as a subscriber reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// `token.minted`, `token.transferred` or `token.burned`; nobody stands for the zero address.
    Moved {
        /// The last token of a range.
        last: Option<U256>,
        /// How much of an ERC-1155 token.
        amount: Option<U256>,
        /// Who gave.
        from: Option<Address>,
        /// Who received.
        to: Option<Address>,
    },
    /// `token.removed`: an earlier event no longer holds.
    Removed {
        /// What holds now.
        now: Now,
    },
}

/// What holds after a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Now {
    /// Who owns the removed event's tokens.
    Owners(Vec<Run<Option<Address>>>),
    /// What giver and receiver have of the token.
    Balances(Vec<(Address, I512)>),
    /// It was not said: the subscriber takes back what it was told.
    TakenBack {
        /// The amount.
        amount: U256,
        /// Who gave it.
        from: Option<Address>,
        /// Who received it.
        to: Option<Address>,
    },
}

/// Who has what, so far as somebody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    owners: BTreeMap<Address, Intervals<Address>>,
    balances: BTreeMap<(Key, Address), I512>,
}

/// A subscriber's picture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    /// Who has what.
    pub(crate) picture: Picture,
    /// Transfers from somebody who, so far as the subscriber knew, did not have what was given.
    pub(crate) surprises: Vec<String>,
}

/// Folds `events`, in their order, into what was known at the `start`.
pub(crate) fn fold(start: Picture, events: &[(Key, Told)]) -> Folded {
    let mut folded = Folded { picture: start, surprises: Vec::new() };
    for (key, told) in events {
        let known = folded.picture.surprised(*key, told);
        folded.surprises.extend(known.map(|known| format!("{key:?}: {told:?} while {known}")));
        folded.picture.take(*key, told);
    }
    folded
}

impl Picture {
    /// Somebody, or nobody, owns a token, or all up to `last`.
    pub(crate) fn set_owner(&mut self, key: Key, last: Option<U256>, owner: Option<Address>) {
        self.owners.entry(key.0).or_default().set(key.1, last.unwrap_or(key.1), owner);
    }

    /// Somebody has so much of a token.
    pub(crate) fn set_balance(&mut self, key: Key, owner: Address, balance: I512) {
        match balance.is_zero() {
            true => self.balances.remove(&(key, owner)),
            false => self.balances.insert((key, owner), balance),
        };
    }

    /// Who owns which tokens, by the first and the last of each run.
    pub(crate) fn owners(&self) -> BTreeMap<(Key, U256), Address> {
        let runs = self.owners.iter().flat_map(|(contract, owners)| {
            owners
                .runs()
                .into_iter()
                .map(|(first, last, owner)| (((*contract, first), last), owner))
        });
        runs.collect()
    }

    /// Who has how much of which token.
    pub(crate) fn balances(&self) -> &BTreeMap<(Key, Address), I512> {
        &self.balances
    }

    /// Who owns one token.
    pub(crate) fn owner(&self, key: Key) -> Option<Address> {
        self.owners.get(&key.0)?.get(key.1).copied()
    }

    /// What somebody has of a token.
    pub(crate) fn balance(&self, key: Key, owner: Address) -> I512 {
        self.balances.get(&(key, owner)).copied().unwrap_or_default()
    }

    /// What was known that a transfer contradicts.
    fn surprised(&self, key: Key, told: &Told) -> Option<String> {
        match *told {
            Told::Moved { amount: Some(amount), from: Some(from), .. } => {
                let known = self.balance(key, from);
                (known < signed(amount)).then(|| format!("{from} had {known}"))
            }
            Told::Moved { last, amount: None, from, .. } => {
                let last = last.unwrap_or(key.1);
                let nobody = vec![(key.1, last, None)];
                let known = self.owners.get(&key.0).map_or(nobody, |it| it.cover(key.1, last));
                let contradicts = known.iter().any(|(.., owner)| *owner != from);
                contradicts.then(|| format!("they were owned so: {known:?}"))
            }
            _ => None,
        }
    }

    fn take(&mut self, key: Key, told: &Told) {
        match told {
            Told::Moved { amount: Some(amount), from, to, .. } => {
                self.pass(key, signed(*amount), (*from, *to));
            }
            Told::Moved { last, to, .. } => self.set_owner(key, *last, *to),
            Told::Removed { now: Now::Owners(runs) } => {
                for (first, last, owner) in runs {
                    self.set_owner((key.0, *first), Some(*last), *owner);
                }
            }
            Told::Removed { now: Now::Balances(balances) } => {
                for (owner, balance) in balances {
                    self.set_balance(key, *owner, *balance);
                }
            }
            Told::Removed { now: Now::TakenBack { amount, from, to } } => {
                self.pass(key, signed(*amount), (*to, *from));
            }
        }
    }

    fn pass(&mut self, key: Key, amount: I512, (from, to): (Option<Address>, Option<Address>)) {
        for (owner, delta) in [(from, -amount), (to, amount)] {
            if let Some(owner) = owner {
                let balance = self.balance(key, owner) + delta;
                self.set_balance(key, owner, balance);
            }
        }
    }
}
