//! Ownership forward: reads what transfers touch, lets the rules change it, writes the outcome and
//! the counters. For the live edge, and for the fold of contracts with ranges.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::PgConnection;

use super::census::{Census, Turnover};
use super::ownership::{self, COVERED_MAX, Changes, Held, Irregular, Reason, Touched};
use crate::store::StoreError;
use crate::store::counters::{self, Counts};
use crate::store::holdings::{self, Holding, HoldingKey};
use crate::store::transfers::StoredTransfer;
use crate::store::versions::{self, Asked};
use crate::store::{irregularities, range_versions, token_ranges};
use crate::types::{ChainKey, ContractKey};

/// What is held now of the tokens that transfers touch; without what lies in ranges where that is
/// too much.
pub(super) async fn held(
    connection: &mut PgConnection,
    chain: ChainKey,
    ranged: &HashSet<ContractKey>,
    moved: &[&StoredTransfer],
) -> Result<Held, StoreError> {
    let touched = ownership::touched(moved.iter().copied(), ranged);
    if !is_crowded(connection, chain, &touched).await? {
        return load(connection, chain, &touched).await;
    }
    let single = moved.iter().copied().filter(|stored| !is_range(stored));
    let touched = ownership::touched(single, ranged);
    Ok(Held { crowded: true, ..load(connection, chain, &touched).await? })
}

async fn is_crowded(
    connection: &mut PgConnection,
    chain: ChainKey,
    touched: &Touched,
) -> Result<bool, StoreError> {
    let covered =
        range_versions::covered(connection, chain, &touched.ranges, COVERED_MAX + 1).await?;
    Ok(covered > COVERED_MAX)
}

async fn load(
    connection: &mut PgConnection,
    chain: ChainKey,
    touched: &Touched,
) -> Result<Held, StoreError> {
    let holdings = versions::current(connection, chain, asked(touched)).await?;
    let ranges = range_versions::overlapping(connection, chain, &touched.spans).await?;
    let holdings = holdings.into_iter().map(|holding| (holding.key(), holding)).collect();
    Ok(Held { holdings, ranges, crowded: false })
}

/// The touched tokens as versions are asked for.
pub(super) fn asked(touched: &Touched) -> Asked<'_> {
    Asked { tokens: &touched.tokens, pairs: &touched.pairs, ranges: &touched.ranges }
}

/// Applies transfers of ready contracts, ordered by position, to ownership and counters. `ranged`:
/// those of the contracts that ever moved a range before.
pub(super) async fn apply(
    connection: &mut PgConnection,
    chain: ChainKey,
    ranged: &HashSet<ContractKey>,
    moved: Vec<StoredTransfer>,
) -> Result<(), StoreError> {
    let counts = apply_uncounted(connection, chain, ranged, moved).await?;
    counters::count(connection, &counts).await
}

/// The same without the counters, which the answer says how to change: they lock the contract.
pub(super) async fn apply_uncounted(
    connection: &mut PgConnection,
    chain: ChainKey,
    ranged: &HashSet<ContractKey>,
    moved: Vec<StoredTransfer>,
) -> Result<Vec<(ContractKey, Counts)>, StoreError> {
    let movers: HashSet<ContractKey> =
        moved.iter().filter(|stored| is_range(stored)).map(|stored| stored.contract).collect();
    let ranged: HashSet<ContractKey> = ranged.iter().chain(&movers).copied().collect();
    let mut counts: BTreeMap<ContractKey, Counts> = BTreeMap::new();
    for part in parts(moved, &movers) {
        let touched = ownership::touched(&part, &ranged);
        let changed = if is_crowded(connection, chain, &touched).await? {
            apply_without_ranges(connection, chain, &ranged, part).await?
        } else {
            let held = load(connection, chain, &touched).await?;
            let changes = ownership::apply(&held, &part);
            settle(connection, chain, &part, &changes).await?
        };
        for (contract, change) in changed {
            *counts.entry(contract).or_default() += change;
        }
    }
    Ok(counts.into_iter().collect())
}

fn is_range(stored: &StoredTransfer) -> bool {
    stored.transfer.token_id_to.is_some()
}

/// The transfers in parts that are applied one after the other: those of contracts that move no
/// range now, and each block of one that does. What a block's ranges cover is known before the block
/// only, and decides about them alike however passes cut the chain.
fn parts(moved: Vec<StoredTransfer>, movers: &HashSet<ContractKey>) -> Vec<Vec<StoredTransfer>> {
    let (of_movers, plain): (Vec<_>, Vec<_>) =
        moved.into_iter().partition(|stored| movers.contains(&stored.contract));
    let mut blocks: BTreeMap<(ContractKey, u64), Vec<StoredTransfer>> = BTreeMap::new();
    for stored in of_movers {
        blocks.entry((stored.contract, stored.transfer.position.block)).or_default().push(stored);
    }
    let parts = std::iter::once(plain).chain(blocks.into_values());
    parts.filter(|part| !part.is_empty()).collect()
}

/// Ranges over too much are noted and counted, and change no owner.
async fn apply_without_ranges(
    connection: &mut PgConnection,
    chain: ChainKey,
    ranged: &HashSet<ContractKey>,
    part: Vec<StoredTransfer>,
) -> Result<HashMap<ContractKey, Counts>, StoreError> {
    let (ranges, single): (Vec<_>, Vec<_>) = part.into_iter().partition(is_range);
    let touched = ownership::touched(&single, ranged);
    let held = load(connection, chain, &touched).await?;
    let mut changes = ownership::apply(&held, &single);
    changes.irregular.extend(ranges.iter().map(|stored| Irregular {
        contract: stored.contract,
        position: stored.transfer.position,
        reason: Reason::RangeCrowded,
    }));
    let all: Vec<StoredTransfer> = ranges.into_iter().chain(single).collect();
    settle(connection, chain, &all, &changes).await
}

/// Writes the changes of these transfers, and answers what they do to the counters.
async fn settle(
    connection: &mut PgConnection,
    chain: ChainKey,
    moved: &[StoredTransfer],
    changes: &Changes,
) -> Result<HashMap<ContractKey, Counts>, StoreError> {
    let census = Census::before(connection, chain, &Turnover::of(changes)).await?;
    write(connection, chain, changes).await?;
    let mut counts: HashMap<ContractKey, Counts> = census.after(connection, chain).await?;
    for stored in moved {
        counts.entry(stored.contract).or_default().transfers += 1;
    }
    for irregular in &changes.irregular {
        counts.entry(irregular.contract).or_default().irregular += 1;
    }
    Ok(counts)
}

async fn write(
    connection: &mut PgConnection,
    chain: ChainKey,
    changes: &Changes,
) -> Result<(), StoreError> {
    let ended: Vec<HoldingKey> = changes.ended.iter().map(Holding::key).collect();
    holdings::remove(connection, chain, &ended).await?;
    holdings::append_past(connection, chain, &changes.past).await?;
    holdings::append(connection, chain, &changes.begun).await?;
    token_ranges::close(connection, chain, &changes.ranges_ended).await?;
    let (begun, past) = (&changes.ranges_begun, &changes.ranges_past);
    token_ranges::append(connection, chain, begun, past).await?;
    let irregular: Vec<_> = changes
        .irregular
        .iter()
        .map(|one| (one.contract, one.position, one.reason.as_str()))
        .collect();
    irregularities::append(connection, chain, &irregular).await
}
