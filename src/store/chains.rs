//! `chain.chains`: marks, checkpoint and status of each chain. The row is the lock of every writer
//! of ownership.

use alloy::primitives::B256;
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height, number};
use crate::types::{Caip2, ChainKey};

/// A chain as the tables know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRow {
    /// Surrogate number.
    pub key: ChainKey,
    /// Hash of block 0; `None` before the first contact.
    pub genesis: Option<B256>,
    /// Height of the newest final block; never steps back.
    pub finalized: Option<u64>,
    /// Last committed block of the live edge; `None` before the first pass.
    pub checkpoint: Option<(u64, B256)>,
    /// Grows whenever the set of followed contracts changes.
    pub filter_version: i64,
    /// How many rewinds there were.
    pub epoch: i32,
    /// Kinds of logs that the live edge reads.
    pub log_kinds: Vec<String>,
    /// `loading`, `live`, `stalled`, `halted` or `paused`.
    pub status: String,
}

impl ChainRow {
    /// Whether facts may be written: not while a person has to decide, or has said so.
    pub fn is_followed(&self) -> bool {
        !matches!(self.status.as_str(), "halted" | "paused")
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i16,
    genesis_hash: Option<[u8; 32]>,
    finalized: Option<i64>,
    checkpoint: Option<i64>,
    checkpoint_hash: Option<[u8; 32]>,
    filter_version: i64,
    epoch: i32,
    log_kinds: Vec<String>,
    status: String,
}

impl From<Row> for ChainRow {
    fn from(row: Row) -> Self {
        Self {
            key: ChainKey(row.id),
            genesis: row.genesis_hash.map(B256::from),
            finalized: row.finalized.map(number),
            checkpoint: row.checkpoint.map(number).zip(row.checkpoint_hash.map(B256::from)),
            filter_version: row.filter_version,
            epoch: row.epoch,
            log_kinds: row.log_kinds,
            status: row.status,
        }
    }
}

/// What the newest look at a node changes in the row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Newest height shown by a node.
    pub head: Option<u64>,
    /// Height of the `safe` mark.
    pub safe: Option<u64>,
    /// Height of the newest final block.
    pub finalized: Option<u64>,
}

/// The chain's row, made with its partitions and its stream where it is not there yet.
pub async fn ensure(
    connection: &mut PgConnection,
    id: Caip2,
    name: &str,
) -> Result<ChainKey, StoreError> {
    // Attaching waits for readers of the parent; give up rather than queue everybody behind it.
    sqlx::query("set local lock_timeout = '5s'").execute(&mut *connection).await?;
    let key: i16 = sqlx::query_scalar(
        r"
        insert into chain.chains (caip2, name) values ($1, $2)
        on conflict (caip2) do update set name = excluded.name
        returning id
        ",
    )
    .bind(id.to_string())
    .bind(name)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query("select chain.create_partitions($1)").bind(key).execute(&mut *connection).await?;
    sqlx::query(
        "insert into chain.streams (name, chain) values ($1, $2) on conflict (name) do nothing",
    )
    .bind(format!("chain:{id}"))
    .bind(key)
    .execute(connection)
    .await?;
    Ok(ChainKey(key))
}

/// Reads the row.
pub async fn load(executor: impl PgExecutor<'_>, key: ChainKey) -> Result<ChainRow, StoreError> {
    let row: Row = sqlx::query_as(
        r"
        select id, genesis_hash, finalized, checkpoint, checkpoint_hash, filter_version, epoch,
            log_kinds, status
        from chain.chains where id = $1
        ",
    )
    .bind(key.0)
    .fetch_one(executor)
    .await?;
    Ok(row.into())
}

/// Reads the row of this id, if there is one.
pub async fn find(
    executor: impl PgExecutor<'_>,
    id: Caip2,
) -> Result<Option<ChainRow>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        r"
        select id, genesis_hash, finalized, checkpoint, checkpoint_hash, filter_version, epoch,
            log_kinds, status
        from chain.chains where caip2 = $1
        ",
    )
    .bind(id.to_string())
    .fetch_optional(executor)
    .await?;
    Ok(row.map(ChainRow::from))
}

/// Reads the row and holds its lock until the transaction ends. The lock lets rows that only refer
/// to the chain be inserted meanwhile.
pub async fn lock(connection: &mut PgConnection, key: ChainKey) -> Result<ChainRow, StoreError> {
    let row: Row = sqlx::query_as(
        r"
        select id, genesis_hash, finalized, checkpoint, checkpoint_hash, filter_version, epoch,
            log_kinds, status
        from chain.chains where id = $1 for no key update
        ",
    )
    .bind(key.0)
    .fetch_one(connection)
    .await?;
    Ok(row.into())
}

/// Stores the identity of the chain at the first contact.
pub async fn set_genesis(
    executor: impl PgExecutor<'_>,
    key: ChainKey,
    genesis: B256,
) -> Result<(), StoreError> {
    sqlx::query("update chain.chains set genesis_hash = $2 where id = $1 and genesis_hash is null")
        .bind(key.0)
        .bind(genesis.0)
        .execute(executor)
        .await?;
    Ok(())
}

/// Stores what a node showed; the final mark only ever rises.
pub async fn observe(
    executor: impl PgExecutor<'_>,
    key: ChainKey,
    marks: Marks,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.chains set
            head = coalesce($2, head),
            head_at = case when $2 is null then head_at else clock_timestamp() end,
            safe = coalesce($3, safe),
            finalized = greatest(finalized, $4)
        where id = $1
        ",
    )
    .bind(key.0)
    .bind(marks.head.map(height))
    .bind(marks.safe.map(height))
    .bind(marks.finalized.map(height))
    .execute(executor)
    .await?;
    Ok(())
}

/// Moves the checkpoint, forward by a commit or back by a rewind.
pub async fn move_checkpoint(
    connection: &mut PgConnection,
    key: ChainKey,
    (block, hash): (u64, B256),
    rewound: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.chains set
            checkpoint = $2, checkpoint_hash = $3, checkpoint_at = clock_timestamp(),
            head = greatest(head, $2), epoch = epoch + $4::int,
            safe = case when $4 then least(safe, $2) else safe end
        where id = $1
        ",
    )
    .bind(key.0)
    .bind(height(block))
    .bind(hash.0)
    .bind(rewound)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says that the live edge reads these kinds of logs too.
pub async fn read_kinds(
    connection: &mut PgConnection,
    key: ChainKey,
    log_kinds: &[&str],
) -> Result<(), StoreError> {
    sqlx::query("update chain.chains set log_kinds = log_kinds || $2::text[] where id = $1")
        .bind(key.0)
        .bind(log_kinds)
        .execute(connection)
        .await?;
    Ok(())
}

/// Says that the set of followed contracts has changed.
pub async fn bump_filter(connection: &mut PgConnection, key: ChainKey) -> Result<(), StoreError> {
    sqlx::query("update chain.chains set filter_version = filter_version + 1 where id = $1")
        .bind(key.0)
        .execute(connection)
        .await?;
    Ok(())
}
