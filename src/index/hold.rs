//! Ownership forward: reads what transfers touch, lets the rules change it, writes the outcome and
//! the counters. For the live edge, and for the fold of contracts with ranges.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

use super::census::{Census, Turnover};
use super::ownership::{self, Changes, Held, Touched};
use crate::store::StoreError;
use crate::store::counters::{self, Counts};
use crate::store::holdings::{self, Holding, HoldingKey};
use crate::store::transfers::StoredTransfer;
use crate::store::versions::{self, Asked};
use crate::store::{irregularities, token_ranges};
use crate::types::{ChainKey, ContractKey};

/// What is held now of the tokens that transfers touch.
pub(super) async fn held(
    connection: &mut PgConnection,
    chain: ChainKey,
    touched: &Touched,
) -> Result<Held, StoreError> {
    let holdings = versions::current(connection, chain, asked(touched)).await?;
    let ranges = token_ranges::overlapping(connection, chain, &touched.spans).await?;
    let holdings = holdings.into_iter().map(|holding| (holding.key(), holding)).collect();
    Ok(Held { holdings, ranges })
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
    moved: &[StoredTransfer],
) -> Result<(), StoreError> {
    if moved.is_empty() {
        return Ok(());
    }
    let touched = ownership::touched(moved, ranged);
    let held = held(connection, chain, &touched).await?;
    let changes = ownership::apply(&held, moved);
    let census = Census::before(connection, chain, &Turnover::from(&changes)).await?;
    write(connection, chain, &changes).await?;
    let mut counts: HashMap<ContractKey, Counts> = census.after(connection, chain).await?;
    for stored in moved {
        counts.entry(stored.contract).or_default().transfers += 1;
    }
    for irregular in &changes.irregular {
        counts.entry(irregular.contract).or_default().irregular += 1;
    }
    counters::count(connection, &counts.into_iter().collect::<Vec<_>>()).await
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
