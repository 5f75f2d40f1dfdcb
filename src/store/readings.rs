//! `chain.contracts`, how a contract's logs are read: what only the logs themselves have shown.

use sqlx::{PgConnection, PgExecutor};

use super::contracts::standard;
use super::{StoreError, height, load_sets, loaded};
use crate::types::{ContractKey, Standard};

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
    load_sets::leave(connection, contract, false).await?;
    loaded::forget(connection, contract).await?;
    sqlx::query("delete from chain.folds where contract_id = $1")
        .bind(contract.0)
        .execute(&mut *connection)
        .await?;
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
