//! `chain.irregularities`: transfers that the rules of their standard do not allow.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{StoreError, height};
use crate::types::{ChainKey, ContractKey, Position};

/// Notes irregular transfers, each with the word of its reason.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    irregular: &[(ContractKey, Position, &'static str)],
) -> Result<(), StoreError> {
    if irregular.is_empty() {
        return Ok(());
    }
    let at = |position: &Position| height(position.block);
    sqlx::query(
        r"
        insert into chain.irregularities
            (chain, contract_id, block, log_index, batch_index, reason)
        select $1, * from unnest($2::int4[], $3::int8[], $4::int4[], $5::int4[], $6::text[])
        ",
    )
    .bind(chain.0)
    .bind(irregular.iter().map(|one| one.0.0).collect::<Vec<_>>())
    .bind(irregular.iter().map(|one| at(&one.1)).collect::<Vec<_>>())
    .bind(irregular.iter().map(|one| one.1.log_index.cast_signed()).collect::<Vec<_>>())
    .bind(irregular.iter().map(|one| one.1.batch_index.cast_signed()).collect::<Vec<_>>())
    .bind(irregular.iter().map(|one| one.2).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what stands above block `above`, and answers how much that was, by contract.
pub async fn take_back(
    connection: &mut PgConnection,
    chain: ChainKey,
    above: u64,
) -> Result<HashMap<ContractKey, i64>, StoreError> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        r"
        with gone as (
            delete from chain.irregularities where chain = $1 and block > $2 returning contract_id
        )
        select contract_id, count(*) from gone group by contract_id
        ",
    )
    .bind(chain.0)
    .bind(height(above))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(contract, count)| (ContractKey(contract), count)).collect())
}
