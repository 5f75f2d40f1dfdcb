//! ERC-1155: amounts add, exactly.
//!
//! A contract that gives what nobody had leaves a negative balance, and one that mints more than
//! 2^256-1 a larger one; both are kept as they are, so that what is held is always the sum of the
//! transfers, in whatever parts they came.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::aliases::I512;
use alloy::primitives::{U256, U512};

use super::{Changes, Held, block_of};
use crate::store::holdings::{Holding, HoldingKey, PastHolding};
use crate::store::transfers::StoredTransfer;

/// By how much a balance changes in a block, and the last log that changed it.
#[derive(Clone, Copy, Default)]
struct Net {
    amount: I512,
    log: u32,
}

/// Applies transfers of any contracts, ordered by position within each.
pub(super) fn apply(held: &Held, transfers: &[&StoredTransfer], changes: &mut Changes) {
    let mut blocks: BTreeMap<u64, Vec<&StoredTransfer>> = BTreeMap::new();
    for stored in transfers {
        blocks.entry(block_of(stored)).or_default().push(stored);
    }
    let mut now: BTreeMap<HoldingKey, Option<Holding>> = BTreeMap::new();
    for (block, transfers) in blocks {
        for (key, net) in nets(&transfers) {
            let stored = held.holdings.get(&key);
            let before = now.get(&key).cloned().unwrap_or_else(|| stored.cloned());
            let after = after(key, before.as_ref(), (net, block));
            changes.past.extend(before.map(|holding| PastHolding { holding, until: block }));
            now.insert(key, after);
        }
    }
    for (key, after) in now {
        changes.ended.extend(held.holdings.get(&key).cloned());
        changes.begun.extend(after);
    }
}

/// What each pair gained or lost in one block; pairs whose balance ends as it was are left out.
fn nets(transfers: &[&StoredTransfer]) -> BTreeMap<HoldingKey, Net> {
    let mut nets: HashMap<HoldingKey, Net> = HashMap::new();
    for StoredTransfer { contract, transfer } in transfers {
        let amount = signed(transfer.amount.unwrap_or(U256::ONE));
        if amount.is_zero() || transfer.from == transfer.to {
            continue;
        }
        for (person, amount) in [(transfer.from, -amount), (transfer.to, amount)] {
            if !person.is_zero() {
                let net = nets.entry(((*contract, transfer.token_id), person)).or_default();
                net.amount += amount;
                net.log = net.log.max(transfer.position.log_index);
            }
        }
    }
    nets.into_iter().filter(|(_, net)| !net.amount.is_zero()).collect()
}

fn after(
    (token, owner): HoldingKey,
    before: Option<&Holding>,
    (net, block): (Net, u64),
) -> Option<Holding> {
    let had = before.and_then(|holding| holding.balance).unwrap_or_default();
    let balance = had + net.amount;
    let acquired = match before {
        Some(holding) if had.is_positive() => holding.acquired,
        _ => block,
    };
    let holding = Holding {
        token,
        owner,
        balance: Some(balance),
        since: block,
        since_log: net.log,
        acquired,
    };
    (!balance.is_zero()).then_some(holding)
}

/// An amount that can be taken away.
fn signed(amount: U256) -> I512 {
    I512::from_raw(U512::from(amount))
}
