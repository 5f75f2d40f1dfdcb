//! `chain.blocks`: hashes, times and epochs of blocks.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::B256;
use sqlx::{PgConnection, PgExecutor};

use super::events::EventBlock;
use super::{StoreError, height, instant, number};
use crate::types::{BlockRef, ChainKey};

/// Stores blocks of the live edge and answers how often each hash was taken back before.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    blocks: &[BlockRef],
) -> Result<HashMap<u64, i32>, StoreError> {
    let (numbers, hashes, parents, times) = columns(blocks);
    let rows: Vec<(i64, i32)> = sqlx::query_as(
        r"
        insert into chain.blocks (chain, number, hash, parent_hash, time, epoch)
        select $1, new.number, new.hash, new.parent, new.time, coalesce(back.times, 0)
        from unnest($2::int8[], $3::bytea[], $4::bytea[], $5::timestamptz[])
            as new (number, hash, parent, time)
        left join chain.taken_back back on back.chain = $1 and back.hash = new.hash
        order by new.number
        returning number, epoch
        ",
    )
    .bind(chain.0)
    .bind(numbers)
    .bind(hashes)
    .bind(parents)
    .bind(times)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(at, epoch)| (number(at), epoch)).collect())
}

/// Stores blocks of the past; one that is there already must have the same hash.
pub async fn note(
    connection: &mut PgConnection,
    chain: ChainKey,
    blocks: &[BlockRef],
) -> Result<(), StoreError> {
    let (numbers, hashes, parents, times) = columns(blocks);
    sqlx::query(
        r"
        insert into chain.blocks (chain, number, hash, parent_hash, time, epoch)
        select $1, new.number, new.hash, nullif(new.parent, $6), new.time, coalesce(back.times, 0)
        from unnest($2::int8[], $3::bytea[], $4::bytea[], $5::timestamptz[])
            as new (number, hash, parent, time)
        left join chain.taken_back back on back.chain = $1 and back.hash = new.hash
        order by new.number
        on conflict (chain, number) do nothing
        ",
    )
    .bind(chain.0)
    .bind(&numbers)
    .bind(&hashes)
    .bind(parents)
    .bind(times)
    .bind(B256::ZERO.0)
    .execute(&mut *connection)
    .await?;
    let other: Option<i64> = sqlx::query_scalar(
        r"
        select stored.number
        from unnest($2::int8[], $3::bytea[]) as new (number, hash)
        join chain.blocks stored on stored.chain = $1 and stored.number = new.number
        where stored.hash <> new.hash limit 1
        ",
    )
    .bind(chain.0)
    .bind(&numbers)
    .bind(&hashes)
    .fetch_optional(connection)
    .await?;
    match other {
        Some(at) => Err(StoreError::OtherBlock { number: number(at) }),
        None => Ok(()),
    }
}

type Columns = (Vec<i64>, Vec<[u8; 32]>, Vec<[u8; 32]>, Vec<Option<time::OffsetDateTime>>);

fn columns(blocks: &[BlockRef]) -> Columns {
    let mut columns: Columns = Default::default();
    for block in blocks {
        columns.0.push(height(block.number));
        columns.1.push(block.hash.0);
        columns.2.push(block.parent.0);
        columns.3.push(instant(block.time));
    }
    columns
}

/// The stored block of this height, as events name it.
pub async fn named(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    block: u64,
) -> Result<Option<EventBlock>, StoreError> {
    type Row = ([u8; 32], Option<time::OffsetDateTime>, i32);
    let row: Option<Row> = sqlx::query_as(
        "select hash, time, epoch from chain.blocks where chain = $1 and number = $2",
    )
    .bind(chain.0)
    .bind(height(block))
    .fetch_optional(executor)
    .await?;
    let named = |(hash, time, epoch): Row| EventBlock {
        number: block,
        hash: B256::from(hash),
        time,
        epoch,
    };
    Ok(row.map(named))
}

/// Stored hashes of the heights `from..=to`.
pub async fn hashes(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    (from, to): (u64, u64),
) -> Result<BTreeMap<u64, B256>, StoreError> {
    let rows: Vec<(i64, [u8; 32])> = sqlx::query_as(
        "select number, hash from chain.blocks where chain = $1 and number between $2 and $3",
    )
    .bind(chain.0)
    .bind(height(from))
    .bind(height(to))
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|(at, hash)| (number(at), B256::from(hash))).collect())
}

/// The newest stored block above `floor` whose time is at most `latest`, seconds since the epoch.
pub async fn newest_before(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    floor: Option<u64>,
    latest: u64,
) -> Result<Option<(u64, B256)>, StoreError> {
    let row: Option<(i64, [u8; 32])> = sqlx::query_as(
        r"
        select number, hash from chain.blocks
        where chain = $1 and time <= $2 and number > $3 order by number desc limit 1
        ",
    )
    .bind(chain.0)
    .bind(instant(latest))
    .bind(floor.map_or(-1, height))
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|(at, hash)| (number(at), B256::from(hash))))
}

/// Makes sure that a block's hash is stored: a final one without transfers may have been pruned.
pub async fn ensure(
    connection: &mut PgConnection,
    chain: ChainKey,
    (block, hash): (u64, B256),
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        insert into chain.blocks (chain, number, hash, epoch)
        select $1, $2, $3, coalesce(
            (select times from chain.taken_back where chain = $1 and hash = $3), 0)
        on conflict (chain, number) do nothing
        ",
    )
    .bind(chain.0)
    .bind(height(block))
    .bind(hash.0)
    .execute(connection)
    .await?;
    Ok(())
}
