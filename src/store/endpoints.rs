//! `chain.endpoints`: what the endpoints of a chain were seen to do.

use sqlx::PgExecutor;

use super::{StoreError, height, number};
use crate::types::ChainKey;

/// One endpoint's record.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Configured name.
    pub name: String,
    /// Newest block it has shown.
    pub head: Option<u64>,
    /// Requests sent.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Smoothed latency.
    pub latency_ms: Option<f64>,
    /// `ok`, `failing`, `misconfigured` or `unknown`.
    pub status: String,
    /// Why it is not `ok`, or what was odd about its answers lately.
    pub detail: Option<String>,
    /// Most blocks of one query for logs, where it has said so.
    pub range_max: Option<u64>,
}

/// Replaces the records of a chain's endpoints.
pub async fn replace(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    seen: &[Seen],
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with gone as (
            delete from chain.endpoints where chain = $1 and name <> all ($2)
        )
        insert into chain.endpoints
            (chain, name, head, requests, failures, latency_ms, status, detail, range_max)
        select $1, * from unnest($2::text[], $3::int8[], $4::int8[], $5::int8[], $6::float8[],
            $7::text[], $8::text[], $9::int8[])
        on conflict (chain, name) do update set head = excluded.head,
            requests = excluded.requests, failures = excluded.failures,
            latency_ms = excluded.latency_ms, status = excluded.status, detail = excluded.detail,
            range_max = least(endpoints.range_max, excluded.range_max),
            seen_at = clock_timestamp()
        ",
    )
    .bind(chain.0)
    .bind(column(seen, |one| one.name.as_str()))
    .bind(column(seen, |one| one.head.map(height)))
    .bind(column(seen, |one| height(one.requests)))
    .bind(column(seen, |one| height(one.failures)))
    .bind(column(seen, |one| one.latency_ms))
    .bind(column(seen, |one| one.status.as_str()))
    .bind(column(seen, |one| one.detail.as_deref()))
    .bind(column(seen, |one| one.range_max.map(height)))
    .execute(executor)
    .await?;
    Ok(())
}

/// The most blocks of one query for logs that endpoints of the chain have said to take, by name.
pub async fn ranges(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select name, range_max from chain.endpoints where chain = $1 and range_max is not null",
    )
    .bind(chain.0)
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|(name, most)| (name, number(most))).collect())
}

fn column<'a, T>(seen: &'a [Seen], field: impl Fn(&'a Seen) -> T) -> Vec<T> {
    seen.iter().map(field).collect()
}
