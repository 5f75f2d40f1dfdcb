//! What a subscriber ends up believing who folds token events one by one.

use std::collections::BTreeMap;

use alloy::primitives::Address;

use super::replay::Key;

/// A token event as a subscriber reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// `token.minted`, `token.transferred` or `token.burned`; nobody stands for the zero address.
    Moved {
        /// Who gave.
        from: Option<Address>,
        /// Who received.
        to: Option<Address>,
    },
    /// `token.removed`: an earlier event no longer holds.
    Removed {
        /// Who holds the token now.
        now: Option<Address>,
    },
}

/// A subscriber's picture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    /// Who holds what.
    pub(crate) owners: BTreeMap<Key, Address>,
    /// Transfers from somebody who, so far as the subscriber knew, did not hold the token.
    pub(crate) surprises: Vec<String>,
}

/// Folds `events`, in their order, into what was known at the `start`.
pub(crate) fn fold(start: BTreeMap<Key, Address>, events: &[(Key, Told)]) -> Folded {
    let mut folded = Folded { owners: start, surprises: Vec::new() };
    for (key, told) in events {
        let holder = match *told {
            Told::Moved { from, to } => {
                let known = folded.owners.get(key).copied();
                if known != from {
                    let surprise = format!("{key:?}: {told:?} while {known:?} held it");
                    folded.surprises.push(surprise);
                }
                to
            }
            Told::Removed { now } => now,
        };
        match holder {
            Some(holder) => folded.owners.insert(*key, holder),
            None => folded.owners.remove(key),
        };
    }
    folded
}
