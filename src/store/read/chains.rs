//! Chains as people see them: marks, what is left to load, and how the endpoints do.

use serde::Deserialize;
use sqlx::FromRow;
use sqlx::types::Json;

use super::Standing;
use crate::store::progress::{Load, STILL};
use crate::store::{Pool, StoreError};
use crate::types::ChainKey;

/// A chain with its load and its endpoints.
#[derive(Clone, Debug, FromRow)]
pub struct ChainRow {
    /// Marks and status.
    #[sqlx(flatten)]
    pub standing: Standing,
    /// Why the status is what it is.
    pub status_detail: Option<String>,
    /// `absent`, `building` or `ready`.
    pub indexes: String,
    /// How far the past is loaded.
    #[sqlx(flatten)]
    pub load: Load,
    /// The endpoints by name.
    pub endpoints: Json<Vec<EndpointRow>>,
}

/// What one endpoint was seen to do.
#[derive(Clone, Debug, Deserialize)]
pub struct EndpointRow {
    /// Configured name.
    pub name: String,
    /// Newest block it has shown.
    pub head: Option<i64>,
    /// Requests sent.
    pub requests: i64,
    /// Requests that failed.
    pub failures: i64,
    /// Smoothed latency in milliseconds.
    pub latency_ms: Option<f64>,
    /// `ok`, `failing`, `misconfigured` or `unknown`.
    pub status: String,
    /// Why it is not `ok`.
    pub detail: Option<String>,
}

/// Every chain by its number, or the one.
pub async fn chains(pool: &Pool, only: Option<ChainKey>) -> Result<Vec<ChainRow>, StoreError> {
    let rows = sqlx::query_as(
        r"select s.chain, s.caip2, s.alias, s.status, s.epoch, s.head, s.safe, s.finalized,
            s.indexed, s.block_hash, s.lag_ms, c.status_detail, c.indexes,
            exists (
                select from chain.load_sets u where u.chain = c.id and u.finished_at is null
            ) as loading,
            coalesce(l.blocks_done, 0) as blocks_done, coalesce(l.blocks_total, 0) as blocks_total,
            case when c.load_at > clock_timestamp() - $2 * interval '1 second' then c.load_rate end
                as blocks_per_s,
            coalesce(e.endpoints, '[]') as endpoints
        from chain.standing s
        join chain.chains c on c.id = s.chain
        left join lateral (
            select sum(p.next_block - p.from_block)::int8 as blocks_done,
                sum(p.to_block - p.from_block + 1)::int8 as blocks_total
            from chain.spans p
            where p.chain = s.chain
        ) l on true
        left join lateral (
            select json_agg(n order by n.name) as endpoints from chain.endpoints n where n.chain = s.chain
        ) e on true
        where $1::int2 is null or s.chain = $1
        order by s.chain",
    )
    .bind(only.map(|chain| chain.0))
    .bind(STILL.as_secs_f64())
    .fetch_all(pool)
    .await?;
    Ok(rows)
}

/// Marks and status of every chain, by its number.
pub async fn standings(pool: &Pool) -> Result<Vec<Standing>, StoreError> {
    Ok(sqlx::query_as("select * from chain.standing s order by s.chain").fetch_all(pool).await?)
}
