//! Counters of `chain.contracts`, kept by the writers of ownership, each once a transaction; and how
//! many contracts there are.

use std::collections::HashMap;
use std::ops::AddAssign;

use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use crate::types::{ChainKey, ContractKey};

/// How the counters of a contract change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens that somebody holds.
    pub supply: i64,
    /// Owners of at least one.
    pub holders: i64,
    /// Transfers.
    pub transfers: i64,
    /// Transfers that the rules do not allow.
    pub irregular: i64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.supply += other.supply;
        self.holders += other.holders;
        self.transfers += other.transfers;
        self.irregular += other.irregular;
    }
}

/// Adds to the counters.
pub async fn count(
    connection: &mut PgConnection,
    deltas: &[(ContractKey, Counts)],
) -> Result<(), StoreError> {
    if deltas.is_empty() {
        return Ok(());
    }
    sqlx::query(
        r"
        with ours as (
            select id from chain.contracts where id = any ($1) order by id for no key update
        )
        update chain.contracts c set supply = c.supply + delta.supply,
            holders = c.holders + delta.holders, transfers = c.transfers + delta.transfers,
            irregular = c.irregular + delta.irregular
        from unnest($1::int4[], $2::int8[], $3::int8[], $4::int8[], $5::int4[])
            as delta (id, supply, holders, transfers, irregular)
        join ours using (id)
        where c.id = delta.id
        ",
    )
    .bind(deltas.iter().map(|delta| delta.0.0).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.1.supply).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.1.holders).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.1.transfers).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.1.irregular as i32).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets the counters of a contract to nothing, before its transfers are gone through anew.
pub async fn reset(connection: &mut PgConnection, contract: ContractKey) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.contracts set supply = 0, holders = 0, transfers = 0, irregular = 0
        where id = $1
        ",
    )
    .bind(contract.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many contracts of the chain are in each state.
pub async fn by_state(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<HashMap<String, i64>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select state, count(*) from chain.contracts where chain = $1 group by state",
    )
    .bind(chain.0)
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().collect())
}
