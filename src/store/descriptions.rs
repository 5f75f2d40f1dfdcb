//! `chain.contracts`, what contracts call themselves. `describe_at` is when one is asked next, and
//! the version of what was read: an answer is written only while it is as it was.

use std::time::Duration;

use alloy::primitives::Address;
use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::StoreError;
use super::probes::{Due, columns};
use crate::types::{ChainKey, ContractKey};

/// What a contract calls itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// `name()`.
    pub name: Option<String>,
    /// `symbol()`.
    pub symbol: Option<String>,
}

/// Contracts to be asked, at most `most`, the longest waiting first: followed ones, and those that
/// the probe has accepted, because an address without a contract has no name to be remembered.
pub async fn due(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    most: i64,
) -> Result<Vec<(Due, Address)>, StoreError> {
    let rows: Vec<(i32, OffsetDateTime, [u8; 20])> = sqlx::query_as(
        r"
        select id, describe_at, address from chain.contracts
        where chain = $1 and describe_at <= clock_timestamp() and (state in ('loading', 'folding', 'ready')
            or (state = 'probing' and refused is null and probe_at is null))
        order by describe_at, id limit $2
        ",
    )
    .bind(chain.0)
    .bind(most)
    .fetch_all(executor)
    .await?;
    let due = |(id, at, address)| (Due { key: ContractKey(id), at }, Address::from(address));
    Ok(rows.into_iter().map(due).collect())
}

/// Writes what contracts call themselves; they are not asked again.
pub async fn write(
    executor: impl PgExecutor<'_>,
    found: &[(Due, Description)],
) -> Result<(), StoreError> {
    let (keys, times) = columns(found.iter().map(|(due, _)| due));
    sqlx::query(
        r"
        with ours as (
            select c.id, w.name, w.symbol
            from unnest($1::int4[], $2::timestamptz[], $3::text[], $4::text[])
                as w (id, at, name, symbol)
            join chain.contracts c on c.id = w.id and c.describe_at = w.at
            for no key update of c skip locked
        )
        update chain.contracts c set name = o.name, symbol = o.symbol, describe_at = null
        from ours o where c.id = o.id
        ",
    )
    .bind(keys)
    .bind(times)
    .bind(found.iter().map(|(_, found)| found.name.as_deref()).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, found)| found.symbol.as_deref()).collect::<Vec<_>>())
    .execute(executor)
    .await?;
    Ok(())
}

/// Has contracts asked again after the given times.
pub async fn put_off(
    executor: impl PgExecutor<'_>,
    later: &[(Due, Duration)],
) -> Result<(), StoreError> {
    let (keys, times) = columns(later.iter().map(|(due, _)| due));
    sqlx::query(
        r"
        with ours as (
            select c.id, w.wait
            from unnest($1::int4[], $2::timestamptz[], $3::float8[]) as w (id, at, wait)
            join chain.contracts c on c.id = w.id and c.describe_at = w.at
            for no key update of c skip locked
        )
        update chain.contracts c set describe_at = clock_timestamp() + o.wait * interval '1 second'
        from ours o where c.id = o.id
        ",
    )
    .bind(keys)
    .bind(times)
    .bind(later.iter().map(|(_, wait)| wait.as_secs_f64()).collect::<Vec<_>>())
    .execute(executor)
    .await?;
    Ok(())
}
