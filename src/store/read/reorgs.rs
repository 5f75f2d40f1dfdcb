//! The journal of reorgs.

use sqlx::FromRow;
use time::OffsetDateTime;

use super::Read;
use crate::store::{Pool, StoreError};
use crate::types::ChainKey;

/// One rewind.
#[derive(Clone, Debug, FromRow)]
pub struct ReorgRow {
    /// Surrogate number, in order of time.
    pub id: i64,
    /// When it was done.
    pub at: OffsetDateTime,
    /// The checkpoint before.
    pub from_block: i64,
    /// Its hash.
    pub from_hash: Vec<u8>,
    /// The last common block.
    pub to_block: i64,
    /// Its hash.
    pub to_hash: Vec<u8>,
    /// Blocks taken back.
    pub depth: i64,
    /// Transfers taken back.
    pub transfers_removed: i64,
    /// Removals told.
    pub events_appended: i64,
    /// `reorg`, or what else asked for it.
    pub cause: String,
}

/// Newest first, those with a number below `before`.
pub async fn reorgs(
    pool: &Pool,
    chain: ChainKey,
    before: i64,
    limit: i64,
) -> Result<Read<ReorgRow>, StoreError> {
    let rows = sqlx::query(
        r"select a.as_of, r.id is not null as present, r.id, r.at, r.from_block, r.from_hash,
            r.to_block, r.to_hash, r.depth, r.transfers_removed, r.events_appended, r.cause
        from chain.as_of(array[$1::int2], '{}') a
        left join lateral (
            select id, at, from_block, from_hash, to_block, to_hash, depth, transfers_removed,
                events_appended, cause
            from chain.rewinds
            where chain = $1 and id < $2
            order by id desc
            limit $3
        ) r on true
        order by r.id desc",
    )
    .bind(chain.0)
    .bind(before)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Read::take(rows)
}

/// Whether a block at this height or below was taken back since the chain had had `epoch` rewinds.
pub async fn below(
    pool: &Pool,
    chain: ChainKey,
    (epoch, block): (i32, i64),
) -> Result<bool, StoreError> {
    let below = sqlx::query_scalar(
        r"
        select exists (
            select from (
                select r.to_block from chain.rewinds r
                where r.chain = $1
                order by r.id desc
                limit (select greatest(0, c.epoch - $2) from chain.chains c where c.id = $1)
            ) since
            where since.to_block < $3
        )
        ",
    )
    .bind(chain.0)
    .bind(epoch)
    .bind(block)
    .fetch_one(pool)
    .await?;
    Ok(below)
}
