//! `chain.blocks` and `chain.taken_back`: hashes, times and epochs of blocks.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::B256;
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height, instant, number};
use crate::types::{BlockRef, ChainKey};

/// A block that a rewind took back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneBlock {
    /// Height.
    pub number: u64,
    /// Hash it had.
    pub hash: B256,
    /// Its time, where it is known.
    pub time: Option<time::OffsetDateTime>,
    /// How often it had been taken back before.
    pub epoch: i32,
}

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
        insert into chain.blocks (chain, number, hash, parent_hash, time)
        select $1, new.number, new.hash, nullif(new.parent, $6), new.time
        from unnest($2::int8[], $3::bytea[], $4::bytea[], $5::timestamptz[])
            as new (number, hash, parent, time)
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

/// The newest stored block that is at least `seconds` older than `now`.
pub async fn newest_before(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    before: u64,
) -> Result<Option<(u64, B256)>, StoreError> {
    let row: Option<(i64, [u8; 32])> = sqlx::query_as(
        r"
        select number, hash from chain.blocks
        where chain = $1 and time <= $2 order by number desc limit 1
        ",
    )
    .bind(chain.0)
    .bind(instant(before))
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|(at, hash)| (number(at), B256::from(hash))))
}

/// Takes back every block above `to`, counting it, and answers them, newest first.
pub async fn take_back(
    connection: &mut PgConnection,
    chain: ChainKey,
    to: u64,
) -> Result<Vec<GoneBlock>, StoreError> {
    type Row = (i64, [u8; 32], Option<time::OffsetDateTime>, i32);
    let rows: Vec<Row> = sqlx::query_as(
        r"
        with gone as (
            delete from chain.blocks where chain = $1 and number > $2
            returning number, hash, time, epoch
        ), counted as (
            insert into chain.taken_back as back (chain, number, hash, times)
            select $1, number, hash, epoch + 1 from gone
            on conflict (chain, hash) do update set times = excluded.times
        )
        select number, hash, time, epoch from gone order by number desc
        ",
    )
    .bind(chain.0)
    .bind(height(to))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(at, hash, time, epoch)| GoneBlock {
            number: number(at),
            hash: hash.into(),
            time,
            epoch,
        })
        .collect())
}

/// Makes sure that a block's hash is stored: a final one without transfers may have been pruned.
pub async fn ensure(
    connection: &mut PgConnection,
    chain: ChainKey,
    (block, hash): (u64, B256),
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        insert into chain.blocks (chain, number, hash) values ($1, $2, $3)
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

/// The lowest stored height from `from` on.
pub async fn lowest_from(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    from: u64,
) -> Result<Option<u64>, StoreError> {
    let lowest: Option<i64> = sqlx::query_scalar(
        "select min(number) from chain.blocks where chain = $1 and number >= $2",
    )
    .bind(chain.0)
    .bind(height(from))
    .fetch_one(executor)
    .await?;
    Ok(lowest.map(number))
}

/// Forgets the blocks `from..below` that hold no transfer; answers how many went.
pub async fn prune(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    (from, below): (u64, u64),
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        r"
        delete from chain.blocks b
        where b.chain = $1 and b.number >= $2 and b.number < $3 and not exists (
            select from chain.transfers t where t.chain = $1 and t.block = b.number
        )
        ",
    )
    .bind(chain.0)
    .bind(height(from))
    .bind(height(below))
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}
