//! `chain.contracts`, how a contract's logs are read: what only the logs themselves have shown.

use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use super::contracts::standard;
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
        "update chain.contracts set has_ranges = true where id = any ($1) and not has_ranges",
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
