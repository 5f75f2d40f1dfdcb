//! `chain.contracts`, contracts that are no longer followed: stopping them, and removing their facts.

use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, fold, folds, height};
use crate::types::{ChainKey, ContractKey};

/// Stops a contract at block `live_to`, the chain's checkpoint if it has one, and answers the first
/// block that the live edge had written of it. With `purge` its facts are to be removed. The inner
/// `None`: it was not joined yet; the outer: it was stopped before.
pub async fn stop(
    connection: &mut PgConnection,
    contract: ContractKey,
    live_to: Option<u64>,
    purge: bool,
) -> Result<Option<Option<i64>>, StoreError> {
    let live_from = sqlx::query_scalar(
        r"
        update chain.contracts c set state = 'stopped', stopped_at = clock_timestamp(),
            live_to = case when before.state = 'probing' then before.live_to else $2 end,
            folded_to = case when before.state in ('ready', 'probing') then c.folded_to end,
            refused = null, refused_detail = null, probe_at = null
        from chain.contracts before
        where c.id = $1 and before.id = c.id and before.state <> 'stopped'
        returning case when before.state <> 'probing'
            then greatest(before.live_from, before.start_block) end
        ",
    )
    .bind(contract.0)
    .bind(live_to.map(height))
    .fetch_optional(&mut *connection)
    .await?;
    if purge {
        sqlx::query(
            r"
            update chain.contracts set purging = true, folded_to = null
            where id = $1 and state = 'stopped' and not purged
            ",
        )
        .bind(contract.0)
        .execute(&mut *connection)
        .await?;
    }
    folds::end(connection, contract).await?;
    Ok(live_from)
}

/// A contract of the chain whose facts are to be removed now. Without their indexes a contract's
/// transfers are found by going through all of the chain's, so that only one that was never joined,
/// and has none, goes before they are there.
pub async fn purging(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<Option<ContractKey>, StoreError> {
    let found: Option<i32> = sqlx::query_scalar(
        r"
        select c.id from chain.contracts c join chain.chains h on h.id = c.chain
        where c.chain = $1 and c.purging and (h.indexes = 'ready' or c.live_to is null)
        order by c.id limit 1
        ",
    )
    .bind(chain.0)
    .fetch_optional(executor)
    .await?;
    Ok(found.map(ContractKey))
}

/// Removes at most `most` rows of each kind of fact of the contract; whether any were left to remove.
pub async fn purge(
    connection: &mut PgConnection,
    (chain, contract): (ChainKey, ContractKey),
    most: i64,
) -> Result<bool, StoreError> {
    // A contract's rows lie in the partition of its chain, where `ctid` names each.
    let transfers = sqlx::query(
        r"
        delete from chain.transfers where chain = $1 and ctid = any (array(
            select ctid from chain.transfers where chain = $1 and contract_id = $2 limit $3))
        ",
    )
    .bind(chain.0)
    .bind(contract.0)
    .bind(most)
    .execute(&mut *connection)
    .await?;
    let owned = fold::clear(connection, (chain, contract), most).await?;
    Ok(owned || transfers.rows_affected() > 0)
}

/// Says that nothing of the contract is left but its row, which keeps the configuration from adding
/// it again.
pub async fn purged(
    connection: &mut PgConnection,
    contract: ContractKey,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.contracts set purging = false, purged = true, has_ranges = false,
            supply = 0, holders = 0, transfers = 0, irregular = 0
        where id = $1 and purging
        ",
    )
    .bind(contract.0)
    .execute(connection)
    .await?;
    Ok(())
}
