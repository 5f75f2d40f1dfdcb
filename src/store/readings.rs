//! `chain.contracts`, how a contract's logs are read: what only the logs themselves have shown.

use sqlx::{PgConnection, PgExecutor};

use super::contracts::standard;
use super::{StoreError, height, number, spans};
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

/// Plans the past of a contract anew, from its first block up to the `checkpoint`; the live edge
/// writes it from the next block on. Steps of the old plan that are under way are fenced. The caller
/// holds the chain's lock and raises the filter version.
pub async fn begin_again(
    connection: &mut PgConnection,
    (chain, contract): (ChainKey, ContractKey),
    log_kinds: &[&str],
    checkpoint: u64,
) -> Result<(), StoreError> {
    for forget in [
        "delete from chain.spans s using chain.load_sets l
         where s.set_id = l.id and l.chain = $1 and l.contract_ids = array[$2::int4]",
        "delete from chain.load_sets where chain = $1 and contract_ids = array[$2::int4]",
    ] {
        sqlx::query(forget).bind(chain.0).bind(contract.0).execute(&mut *connection).await?;
    }
    let from: Option<i64> = sqlx::query_scalar(
        r"
        update chain.contracts set state = 'loading', live_from = $2
        where id = $1 and state in ('loading', 'folding', 'ready') returning start_block
        ",
    )
    .bind(contract.0)
    .bind(height(checkpoint) + 1)
    .fetch_optional(&mut *connection)
    .await?;
    let past = from.map(number).filter(|from| *from <= checkpoint).map(|from| (contract, from));
    spans::plan(connection, chain, log_kinds, past.as_slice(), checkpoint).await
}
