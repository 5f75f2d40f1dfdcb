//! Ownership back: `hold`'s mirror. Versions that began above the common block go, versions that
//! ended above it are current again, and the counters follow.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::PgConnection;

use super::census::{Census, Turnover};
use super::hold;
use super::ownership::{Held, touched};
use super::removals::Concerned;
use crate::store::StoreError;
use crate::store::contracts::Contract;
use crate::store::counters::{self, Counts};
use crate::store::holdings::{self, Holding, HoldingKey};
use crate::store::transfers::StoredTransfer;
use crate::store::versions::{self, Later};
use crate::store::{irregularities, range_versions, token_ranges};
use crate::types::{ChainKey, ContractKey};

/// Puts ownership and counters of those among the `concerned` contracts that have any back to the end of
/// block `to`, after the transfers `gone` were taken back, and answers what is held then of all
/// that they had touched.
pub(super) async fn restore(
    tx: &mut PgConnection,
    chain: ChainKey,
    (concerned, gone): (&Concerned, &[StoredTransfer]),
    to: u64,
) -> Result<Held, StoreError> {
    let ready: HashMap<ContractKey, &Contract> = concerned
        .contracts
        .iter()
        .filter(|contract| concerned.owned.contains(&contract.key))
        .map(|contract| (contract.key, contract))
        .collect();
    let ranged: HashSet<ContractKey> = ready
        .values()
        .filter(|contract| contract.has_ranges)
        .map(|contract| contract.key)
        .collect();
    let of_ready = || gone.iter().filter(|stored| ready.contains_key(&stored.contract));
    let touched = touched(of_ready(), &ranged);
    let later = versions::later(tx, chain, hold::asked(&touched), to).await?;
    let versions = Versions::of(later, to);
    let keys: Vec<ContractKey> = ranged.iter().copied().collect();
    let (ranges_gone, ranges_come) = range_versions::later(tx, chain, &keys, to).await?;
    let turnover =
        Turnover { gone: &versions.gone, come: &versions.come, ranges_gone, ranges_come };
    let census = Census::before(tx, chain, &turnover).await?;
    let current: Vec<HoldingKey> = versions.gone.iter().map(Holding::key).collect();
    holdings::remove(tx, chain, &current).await?;
    holdings::remove_past(tx, chain, &versions.closed).await?;
    holdings::append(tx, chain, &versions.come).await?;
    token_ranges::restore(tx, chain, &keys, to).await?;
    let mut counts: HashMap<ContractKey, Counts> = census.after(tx, chain).await?;
    for stored in of_ready() {
        counts.entry(stored.contract).or_default().transfers -= 1;
    }
    for (contract, count) in irregularities::take_back(tx, chain, to).await? {
        counts.entry(contract).or_default().irregular -= count;
    }
    counters::count(tx, &counts.into_iter().collect::<Vec<_>>()).await?;
    let of_ready: Vec<&StoredTransfer> = of_ready().collect();
    hold::held(tx, chain, &ranged, &of_ready).await
}

/// Versions that exist because of blocks above a height, each once.
#[derive(Default)]
struct Versions {
    /// Current ones that go.
    gone: Vec<Holding>,
    /// Closed ones that go, each with the block that it began in.
    closed: Vec<(HoldingKey, u64)>,
    /// Closed ones that are current again.
    come: Vec<Holding>,
}

impl Versions {
    fn of(later: Vec<Later>, to: u64) -> Self {
        let unique: BTreeMap<(HoldingKey, u64), Later> = later
            .into_iter()
            .map(|later| ((later.holding.key(), later.holding.since), later))
            .collect();
        let mut versions = Self::default();
        for (key, Later { holding, closed }) in unique {
            if !closed {
                versions.gone.push(holding);
                continue;
            }
            versions.closed.push(key);
            if holding.since <= to {
                versions.come.push(holding);
            }
        }
        versions
    }
}
