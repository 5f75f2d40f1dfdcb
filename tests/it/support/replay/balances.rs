//! How much of which token of ERC-1155 everybody had.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};

use super::{Key, Moved};

/// One balance, from the end of the block `since` on and before `until`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Balance {
    /// What was received, less what was given; below zero where a contract breaks the rules.
    pub(crate) balance: I512,
    /// First block.
    pub(crate) since: u64,
    /// First block that no longer counts; none while the balance holds.
    pub(crate) until: Option<u64>,
    /// The block from which there was something without a pause.
    pub(crate) acquired: u64,
}

/// The balances of every token and owner, oldest first.
pub(super) type Followed = BTreeMap<(Key, Address), Vec<Balance>>;

/// Follows `transfers`, all of them of ERC-1155 and in the order of the chain.
pub(super) fn follow(transfers: &[&Moved]) -> Followed {
    let mut sums: BTreeMap<(Key, Address), I512> = BTreeMap::new();
    let mut versions = Followed::new();
    for in_block in transfers.chunk_by(|a, b| a.block == b.block) {
        let mut touched = BTreeSet::new();
        for moved in in_block {
            let amount = signed(moved.amount.expect("transfers of ERC-1155 have an amount"));
            for (owner, delta) in [(moved.from, -amount), (moved.to, amount)] {
                if !owner.is_zero() {
                    *sums.entry((moved.key, owner)).or_default() += delta;
                    touched.insert((moved.key, owner));
                }
            }
        }
        for of in touched {
            end_block(versions.entry(of).or_default(), in_block[0].block, sums[&of]);
        }
    }
    versions.retain(|_, versions| !versions.is_empty());
    versions
}

/// A number of the chain among those that may be negative.
pub(crate) fn signed(amount: U256) -> I512 {
    I512::from_raw(amount.to())
}

/// Notes the balance at the end of a block that moved some of the token.
fn end_block(versions: &mut Vec<Balance>, number: u64, balance: I512) {
    let before = versions.last_mut().filter(|last| last.until.is_none());
    let (old, mut acquired) =
        before.as_ref().map_or((I512::ZERO, number), |it| (it.balance, it.acquired));
    if old == balance {
        return;
    }
    if let Some(before) = before {
        before.until = Some(number);
    }
    if old <= I512::ZERO {
        acquired = number;
    }
    if !balance.is_zero() {
        versions.push(Balance { balance, since: number, until: None, acquired });
    }
}
