//! Who owned which token of ERC-721, ranges of ERC-2309 included.
//!
//! The bounds of all transfers cut the numbers of a contract into pieces which no transfer divides,
//! so that a piece is followed like one token, however long it is.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};

use super::{Key, Moved};

/// Tokens of the longest range that is enumerated.
pub(crate) const LISTED_MAX: u64 = 10_000_000;

/// One holder's time with a token: the holder at the end of every block from `since` on, and
/// before `until`. Hands that a token passes through within a block leave no trace here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stay {
    /// The holder.
    pub(crate) owner: Address,
    /// First block.
    pub(crate) since: u64,
    /// First block that no longer counts; none while the holder holds.
    pub(crate) until: Option<u64>,
}

impl Stay {
    /// Whether it is the one at the end of `block`.
    pub(crate) fn holds_at(&self, block: u64) -> bool {
        self.since <= block && self.until.is_none_or(|end| block < end)
    }
}

/// Tokens that every transfer moved together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The last token; the first is the key.
    pub(crate) last: U256,
    /// Who held them, oldest first.
    pub(crate) stays: Vec<Stay>,
    /// Whether the transfer that their holder has them by is one that is enumerated.
    pub(crate) listed: bool,
}

/// The pieces by contract and first token, and each contract's ranges that break the rules.
pub(super) type Followed = (BTreeMap<Key, Piece>, BTreeMap<Address, usize>);

/// Follows `transfers`, all of them of ERC-721 and in the order of the chain.
pub(super) fn follow(transfers: &[&Moved]) -> Followed {
    let mut pieces = pieces(transfers);
    let mut irregular = BTreeMap::new();
    let mut holders: BTreeMap<Key, Address> = BTreeMap::new();
    for in_block in transfers.chunk_by(|a, b| a.block == b.block) {
        let mut touched = BTreeMap::new();
        for moved in in_block {
            let covered: Vec<Key> = pieces.range(keys(moved)).map(|(key, _)| *key).collect();
            let holder = |key: &Key| holders.get(key).copied().unwrap_or_default();
            let listed = !is_absurd(moved);
            if moved.last.is_some()
                && !(listed && covered.iter().all(|it| holder(it) == moved.from))
            {
                *irregular.entry(moved.key.0).or_default() += 1;
            }
            for key in covered {
                holders.insert(key, moved.to);
                touched.insert(key, listed);
            }
        }
        for (key, listed) in touched {
            let piece = pieces.get_mut(&key).expect("a piece was touched");
            if end_block(&mut piece.stays, in_block[0].block, holders[&key]) {
                piece.listed = listed;
            }
        }
    }
    pieces.retain(|_, piece| !piece.stays.is_empty());
    (pieces, irregular)
}

/// Cuts the tokens of every contract at the bounds of its transfers.
fn pieces(transfers: &[&Moved]) -> BTreeMap<Key, Piece> {
    let mut cuts = BTreeSet::new();
    for moved in transfers {
        let (contract, first) = moved.key;
        cuts.insert((contract, first));
        let behind = moved.last.unwrap_or(first).checked_add(U256::ONE);
        cuts.extend(behind.map(|behind| (contract, behind)));
    }
    let cuts: Vec<Key> = cuts.into_iter().collect();
    let piece = |(at, key): (usize, &Key)| {
        let next = cuts.get(at + 1).filter(|next| next.0 == key.0);
        let last = next.map_or(U256::MAX, |next| next.1 - U256::ONE);
        (*key, Piece { last, stays: Vec::new(), listed: true })
    };
    cuts.iter().enumerate().map(piece).collect()
}

/// The keys of all tokens of a transfer.
fn keys(moved: &Moved) -> std::ops::RangeInclusive<Key> {
    moved.key..=(moved.key.0, moved.last.unwrap_or(moved.key.1))
}

/// Whether a transfer is of more tokens than are ever enumerated.
fn is_absurd(moved: &Moved) -> bool {
    moved.last.is_some_and(|last| last - moved.key.1 >= U256::from(LISTED_MAX))
}

/// Notes who holds the tokens at the end of a block that moved them, and whether that is news.
fn end_block(stays: &mut Vec<Stay>, number: u64, owner: Address) -> bool {
    if let Some(last) = stays.last_mut().filter(|last| last.until.is_none()) {
        if last.owner == owner {
            return false;
        }
        last.until = Some(number);
    }
    if !owner.is_zero() {
        stays.push(Stay { owner, since: number, until: None });
    }
    true
}
