//! What a write of ownership does to the counters of its contracts.

use std::collections::{HashMap, HashSet};

use alloy::primitives::{Address, U256};
use sqlx::PgConnection;

use super::ownership::Changes;
use crate::store::StoreError;
use crate::store::counters::Counts;
use crate::store::holders::{held_among, holders_among};
use crate::store::holdings::{Holding, TokenKey};
use crate::store::token_ranges::OwnedRange;
use crate::types::{ChainKey, ContractKey};

/// Which current rows go and which come.
pub(super) struct Turnover<'a> {
    pub(super) gone: &'a [Holding],
    pub(super) come: &'a [Holding],
    pub(super) ranges_gone: Vec<OwnedRange>,
    pub(super) ranges_come: Vec<OwnedRange>,
}

impl<'a> Turnover<'a> {
    /// What these changes do.
    pub(super) fn of(changes: &'a Changes) -> Self {
        Self {
            gone: &changes.ended,
            come: &changes.begun,
            ranges_gone: changes.ranges_ended.iter().map(|ended| ended.range).collect(),
            ranges_come: changes.ranges_begun.clone(),
        }
    }
}

/// Counts before the write.
pub(super) struct Census {
    owners: Vec<(ContractKey, Address)>,
    tokens: Vec<TokenKey>,
    counts: HashMap<ContractKey, Counts>,
}

impl Census {
    /// Counts what the turnover concerns, before it is written.
    pub(super) async fn before(
        connection: &mut PgConnection,
        chain: ChainKey,
        turnover: &Turnover<'_>,
    ) -> Result<Self, StoreError> {
        let holdings = || turnover.gone.iter().chain(turnover.come);
        let ranges = || turnover.ranges_gone.iter().chain(&turnover.ranges_come);
        let owners: HashSet<_> = holdings()
            .map(|holding| (holding.token.0, holding.owner))
            .chain(ranges().map(|range| (range.span.contract, range.owner)))
            .collect();
        // A token with balances goes with its last holder only, so it has to be looked at.
        let shared = holdings().filter(|holding| holding.balance.is_some());
        let tokens: HashSet<_> = shared.map(|holding| holding.token).collect();
        let mut census = Self {
            owners: owners.into_iter().collect(),
            tokens: tokens.into_iter().collect(),
            counts: lengths(turnover),
        };
        census.add(connection, chain, -1).await?;
        Ok(census)
    }

    /// Counts again and answers the differences.
    pub(super) async fn after(
        mut self,
        connection: &mut PgConnection,
        chain: ChainKey,
    ) -> Result<HashMap<ContractKey, Counts>, StoreError> {
        self.add(connection, chain, 1).await?;
        Ok(self.counts)
    }

    async fn add(
        &mut self,
        connection: &mut PgConnection,
        chain: ChainKey,
        sign: i64,
    ) -> Result<(), StoreError> {
        for (contract, count) in holders_among(connection, chain, &self.owners).await? {
            self.counts.entry(contract).or_default().holders += sign * count;
        }
        for (contract, count) in held_among(connection, chain, &self.tokens).await? {
            self.counts.entry(contract).or_default().supply += sign * count;
        }
        Ok(())
    }
}

/// How many ERC-721 tokens come more than go.
fn lengths(turnover: &Turnover<'_>) -> HashMap<ContractKey, Counts> {
    let mut counts: HashMap<ContractKey, Counts> = HashMap::new();
    for (holdings, sign) in [(turnover.gone, -1), (turnover.come, 1)] {
        for holding in holdings.iter().filter(|holding| holding.balance.is_none()) {
            counts.entry(holding.token.0).or_default().supply += sign;
        }
    }
    for (ranges, sign) in [(&turnover.ranges_gone, -1), (&turnover.ranges_come, 1)] {
        for OwnedRange { span, .. } in ranges.iter().filter(|range| range.listed) {
            let tokens: i64 = (span.last - span.first).saturating_add(U256::ONE).saturating_to();
            counts.entry(span.contract).or_default().supply += sign * tokens;
        }
    }
    counts
}
