//! The list of tracked contracts; those that are no longer followed are in it until their facts are gone.

use super::at::At;
use super::page_sql::asked;
use super::{Nothing, Read};
use crate::store::contract_row::{ContractRow, contract_columns};
use crate::store::{Pool, StoreError};
use crate::types::{ChainKey, ContractKey, ContractState};

/// In the order they were added, those with a number above `after`, of these chains.
pub async fn contracts(
    pool: &Pool,
    chains: &[i16],
    state: Option<ContractState>,
    after: i32,
    limit: i64,
) -> Result<Read<ContractRow>, StoreError> {
    let rows = sqlx::query(concat!(
        "select a.as_of, c.id is not null as present, c.chain, ",
        contract_columns!(),
        r"from chain.as_of($1, '{}') a
        left join lateral (
            select * from chain.contracts
            where chain = any ($1) and id > $3 and ($2::text is null or state = $2)
                and refused is null and not purged
            order by id
            limit $4
        ) c on true
        order by c.id",
    ))
    .bind(chains)
    .bind(state.map(ContractState::as_str))
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Read::take(rows)
}

/// One contract, and how its chain stands and has stood at the block asked for.
pub async fn contract_at(
    pool: &Pool,
    (chain, contract): (ChainKey, ContractKey),
    at: At,
) -> Result<Read<Nothing>, StoreError> {
    let rows = sqlx::query(concat!("select a.as_of, c.contract, false as present", asked!()))
        .bind(chain.0)
        .bind(contract.0)
        .bind(at.word())
        .bind(at.block())
        .bind(at.time())
        .fetch_all(pool)
        .await?;
    Read::take(rows)
}

/// One contract with the standing of its chain, whatever became of it.
pub async fn contract(
    pool: &Pool,
    (chain, contract): (ChainKey, ContractKey),
) -> Result<Read<Nothing>, StoreError> {
    let rows = sqlx::query(
        r"select a.as_of, c.contract, false as present
        from chain.as_of(array[$1::int2], '{}') a
        cross join chain.contract($2) c",
    )
    .bind(chain.0)
    .bind(contract.0)
    .fetch_all(pool)
    .await?;
    Read::take(rows)
}
