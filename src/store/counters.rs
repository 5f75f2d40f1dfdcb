//! Counters of `chain.contracts`, kept by the writers of ownership, each once a transaction.

use sqlx::PgConnection;

use super::StoreError;
use crate::types::ContractKey;

/// How the counters of a contract change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens in existence.
    pub supply: i64,
    /// Owners of at least one.
    pub holders: i64,
    /// Transfers.
    pub transfers: i64,
}

/// Adds to the counters.
pub async fn count(
    connection: &mut PgConnection,
    deltas: &[(ContractKey, Counts)],
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.contracts c set supply = c.supply + delta.supply,
            holders = c.holders + delta.holders, transfers = c.transfers + delta.transfers
        from unnest($1::int4[], $2::int8[], $3::int8[], $4::int8[])
            as delta (id, supply, holders, transfers)
        where c.id = delta.id
        ",
    )
    .bind(deltas.iter().map(|delta| delta.0.0).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.1.supply).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.1.holders).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.1.transfers).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
