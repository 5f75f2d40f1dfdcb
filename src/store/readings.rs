//! `chain.contracts`, how a contract's logs are read: what only the logs themselves have shown.

use sqlx::{PgConnection, PgExecutor};

use super::contracts::standard;
use super::{StoreError, folds, height, load_members, loaded};
use crate::types::{ChainKey, ContractKey, Standard};

/// Remembers that these contracts move tokens by ranges.
pub async fn note_ranges(
    connection: &mut PgConnection,
    contracts: &[ContractKey],
) -> Result<(), StoreError> {
    if contracts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        r"
        with ours as (
            select id from chain.contracts where id = any ($1) and not has_ranges
            order by id for no key update
        )
        update chain.contracts c set has_ranges = true from ours where c.id = ours.id
        ",
    )
    .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes what logs have shown of how a contract is to be read, where nothing was known, and answers
/// what is known now: another replica may have been first.
pub async fn note(
    executor: impl PgExecutor<'_>,
    contract: ContractKey,
    found: (Option<Standard>, Option<bool>),
) -> Result<(Option<Standard>, Option<bool>), StoreError> {
    let row: Option<(Option<String>, Option<bool>)> = sqlx::query_as(
        r"
        update chain.contracts
        set standard = coalesce(standard, $2), id_in_data = coalesce(id_in_data, $3)
        where id = $1 returning standard, id_in_data
        ",
    )
    .bind(contract.0)
    .bind(found.0.map(Standard::as_str))
    .bind(found.1)
    .fetch_optional(executor)
    .await?;
    let (word, id_in_data) = row.unwrap_or_default();
    Ok((standard(word.as_deref())?, id_in_data))
}

/// Begins the past of a contract anew, from its first block: nothing of it counts as loaded, and the
/// live edge writes it from the block after the `checkpoint` on. Steps under way are fenced. Answers
/// whether the contract is followed at all. The caller holds the chain's lock, plans the past and
/// raises the filter version.
pub async fn begin_again(
    connection: &mut PgConnection,
    contract: ContractKey,
    checkpoint: u64,
) -> Result<bool, StoreError> {
    let sets = load_members::fence(connection, &[contract]).await?;
    load_members::drop_members(connection, &sets, &[contract]).await?;
    loaded::forget(connection, contract).await?;
    folds::end(connection, contract).await?;
    let done = sqlx::query(
        r"
        update chain.contracts set state = 'loading', live_from = $2, folded_to = null
        where id = $1 and state in ('loading', 'folding', 'ready')
        ",
    )
    .bind(contract.0)
    .bind(height(checkpoint) + 1)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The same for every followed contract of the chain.
pub async fn begin_all_again(
    connection: &mut PgConnection,
    chain: ChainKey,
    checkpoint: u64,
) -> Result<(), StoreError> {
    for forget in [
        "delete from chain.load_sets where chain = $1",
        r"delete from chain.loaded l using chain.contracts c
        where l.chain = $1 and c.id = l.contract_id and c.state in ('loading', 'folding', 'ready')",
    ] {
        sqlx::query(forget).bind(chain.0).execute(&mut *connection).await?;
    }
    folds::end_all(connection, chain).await?;
    sqlx::query(
        r"
        update chain.contracts set state = 'loading', live_from = $2, folded_to = null
        where chain = $1 and state in ('loading', 'folding', 'ready')
        ",
    )
    .bind(chain.0)
    .bind(height(checkpoint) + 1)
    .execute(connection)
    .await?;
    Ok(())
}
