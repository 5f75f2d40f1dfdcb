//! `chain.contracts`, contracts that are no longer followed: stopping them, and removing their facts.

use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height};
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
    sqlx::query("delete from chain.folds where contract_id = $1")
        .bind(contract.0)
        .execute(connection)
        .await?;
    Ok(live_from)
}

/// A contract of the chain whose facts are being removed.
pub async fn purging(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<Option<ContractKey>, StoreError> {
    let found: Option<i32> = sqlx::query_scalar(
        "select id from chain.contracts where chain = $1 and purging order by id limit 1",
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
    let mut removed = 0;
    // A contract's rows lie in the partition of its chain, where `ctid` names each.
    for statement in [
        r"delete from chain.transfers where chain = $1 and ctid = any (array(
            select ctid from chain.transfers where chain = $1 and contract_id = $2 limit $3))",
        r"delete from chain.holdings where chain = $1 and ctid = any (array(
            select ctid from chain.holdings where chain = $1 and contract_id = $2 limit $3))",
        r"delete from chain.holdings_past where chain = $1 and ctid = any (array(
            select ctid from chain.holdings_past where chain = $1 and contract_id = $2 limit $3))",
        r"delete from chain.token_ranges where chain = $1 and ctid = any (array(
            select ctid from chain.token_ranges where chain = $1 and contract_id = $2 limit $3))",
        r"delete from chain.irregularities where chain = $1 and ctid = any (array(
            select ctid from chain.irregularities where chain = $1 and contract_id = $2 limit $3))",
    ] {
        let done = sqlx::query(statement).bind(chain.0).bind(contract.0).bind(most);
        removed += done.execute(&mut *connection).await?.rows_affected();
    }
    Ok(removed > 0)
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
