//! Secondary indexes of a chain's transfers: which are missing, and building them beside writers.
//!
//! The only statements put together at run time: their names are made of the chain's number and of
//! what `chain.transfer_indexes()` answers, and nothing else.

use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgExecutor};

use super::{Pool, StoreError};
use crate::types::ChainKey;

/// An index that a chain's transfers lack.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// What follows the table's name in the statement that makes it.
    pub definition: String,
    /// It stands there without being valid: somebody is building it, or could not finish.
    pub unfinished: bool,
}

/// Whether the chain's transfers have all their indexes.
pub async fn ready(executor: impl PgExecutor<'_>, chain: ChainKey) -> Result<bool, StoreError> {
    let ready = sqlx::query_scalar("select indexes = 'ready' from chain.chains where id = $1")
        .bind(chain.0)
        .fetch_one(executor)
        .await?;
    Ok(ready)
}

/// Whether the indexes are to be built now: that was begun, or the first load is done. It is when a
/// contract was joined, none waits to be, and no span is left to be read but those that have failed
/// `failures` times in a row; or when contracts whose pasts are whole have waited for those of others
/// for longer than `wait`.
pub async fn due(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    failures: i32,
    wait: Duration,
) -> Result<bool, StoreError> {
    let due = sqlx::query_scalar(
        r"
        select h.indexes = 'building' or (h.indexes = 'absent' and h.checkpoint is not null
            and exists (select from chain.contracts c
                where c.chain = h.id and c.live_from is not null)
            and (not exists (select from chain.contracts c
                    where c.chain = h.id and c.state = 'probing' and c.refused is null
                        and c.probe_at is null and c.start_block is not null)
                and not exists (select from chain.spans s
                    where s.chain = h.id and s.state = 'pending' and s.failures < $2)
                or exists (select from chain.load_sets l where l.chain = h.id
                    and l.finished_at < clock_timestamp() - $3 * interval '1 second')
                -- The past of a contract that began after it was joined is whole without a set.
                or exists (select from chain.contracts c
                    where c.chain = h.id and c.state = 'loading' and c.live_from <= c.start_block
                        and c.added_at < clock_timestamp() - $3 * interval '1 second')))
        from chain.chains h where h.id = $1
        ",
    )
    .bind(chain.0)
    .bind(failures)
    .bind(wait.as_secs_f64())
    .fetch_one(executor)
    .await?;
    Ok(due)
}

/// Says that the indexes are being built.
pub async fn begin(executor: impl PgExecutor<'_>, chain: ChainKey) -> Result<(), StoreError> {
    sqlx::query(
        "update chain.chains set indexes = 'building' where id = $1 and indexes = 'absent'",
    )
    .bind(chain.0)
    .execute(executor)
    .await?;
    Ok(())
}

/// Says that all indexes are there and valid.
pub async fn finish(executor: impl PgExecutor<'_>, chain: ChainKey) -> Result<(), StoreError> {
    sqlx::query("update chain.chains set indexes = 'ready' where id = $1 and indexes = 'building'")
        .bind(chain.0)
        .execute(executor)
        .await?;
    Ok(())
}

/// The first index that the chain's transfers lack.
pub async fn missing(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<Option<Missing>, StoreError> {
    let missing = sqlx::query_as(
        r"
        select wanted.name, wanted.definition, x.indexrelid is not null as unfinished
        from (
            select 'transfers_' || $1::int2 || '_by_' || suffix as name, definition, place
            from chain.transfer_indexes() with ordinality as i (suffix, definition, place)
        ) wanted
        left join pg_class k on k.relname = wanted.name and k.relnamespace = 'chain'::regnamespace
        left join pg_index x on x.indexrelid = k.oid
        where x.indisvalid is not true
        order by place limit 1
        ",
    )
    .bind(chain.0)
    .fetch_optional(executor)
    .await?;
    Ok(missing)
}

/// A connection of its own for statements that take as long as they take, whatever limits the
/// database has for others. To be dropped after its use.
pub async fn connect(pool: &Pool) -> Result<PgConnection, StoreError> {
    let options = pool.connect_options().as_ref().clone();
    let unlimited = options.options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    Ok(unlimited.disable_statement_logging().connect().await?)
}

/// Returns when nobody builds an index of the chain's transfers: a process that is gone may have left
/// a statement running. Whoever reads and writes them meanwhile is not kept waiting.
pub async fn wait(connection: &mut PgConnection, chain: ChainKey) -> Result<(), StoreError> {
    let mut tx = connection.begin().await?;
    let lock = format!("lock table chain.transfers_{} in share update exclusive mode", chain.0);
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes what is left of an index that was not finished.
pub async fn remove(connection: &mut PgConnection, index: &Missing) -> Result<(), StoreError> {
    let statement = format!("drop index concurrently if exists chain.{}", index.name);
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// Builds an index beside writers; what a failure leaves is [`Missing::unfinished`].
pub async fn build(
    connection: &mut PgConnection,
    chain: ChainKey,
    index: &Missing,
) -> Result<(), StoreError> {
    let Missing { name, definition, .. } = index;
    let statement =
        format!("create index concurrently {name} on chain.transfers_{} {definition}", chain.0);
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// Has the planner look at a table that was filled since it looked last.
pub async fn analyze(connection: &mut PgConnection, chain: ChainKey) -> Result<(), StoreError> {
    let statement = format!("analyze chain.transfers_{}", chain.0);
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}
