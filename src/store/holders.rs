//! How many owners and tokens of a contract there are, among those that a write concerns.
//!
//! Only what lists show is counted: balances above zero and tokens of listed ranges. The first row
//! found in the order of an index is enough, so that an owner of many tokens costs no more.

use std::collections::HashMap;

use alloy::primitives::Address;
use sqlx::PgConnection;

use super::holdings::TokenKey;
use super::{StoreError, Uint256};
use crate::types::{ChainKey, ContractKey};

/// How many of these owners hold anything of the contract now, by contract.
pub async fn holders_among(
    connection: &mut PgConnection,
    chain: ChainKey,
    owners: &[(ContractKey, Address)],
) -> Result<HashMap<ContractKey, i64>, StoreError> {
    if owners.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        r"
        select asked.contract_id, count(*)
        from unnest($2::int4[], $3::bytea[]) as asked (contract_id, owner)
        where coalesce((
            select true from chain.holdings h
            where h.chain = $1 and h.owner = asked.owner and h.contract_id = asked.contract_id
                and (h.balance is null or h.balance > 0)
            order by h.token_id
            limit 1
        ), (
            select true from chain.token_ranges r
            where r.chain = $1 and r.owner = asked.owner and r.contract_id = asked.contract_id
                and r.listed and r.until = 9223372036854775807
            order by r.first
            limit 1
        ))
        group by asked.contract_id
        ",
    )
    .bind(chain.0)
    .bind(owners.iter().map(|(contract, _)| contract.0).collect::<Vec<_>>())
    .bind(owners.iter().map(|(_, owner)| owner.into_array()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(contract, count)| (ContractKey(contract), count)).collect())
}

/// How many of these tokens somebody holds now, by contract. Ranges are not looked at.
pub async fn held_among(
    connection: &mut PgConnection,
    chain: ChainKey,
    tokens: &[TokenKey],
) -> Result<HashMap<ContractKey, i64>, StoreError> {
    if tokens.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        r"
        select asked.contract_id, count(*)
        from unnest($2::int4[], $3::numeric[]) as asked (contract_id, token_id)
        where (
            select true from chain.holdings h
            where h.chain = $1 and h.contract_id = asked.contract_id
                and h.token_id = asked.token_id and (h.balance is null or h.balance > 0)
            order by h.owner
            limit 1
        )
        group by asked.contract_id
        ",
    )
    .bind(chain.0)
    .bind(tokens.iter().map(|(contract, _)| contract.0).collect::<Vec<_>>())
    .bind(tokens.iter().map(|(_, id)| Uint256(*id)).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(contract, count)| (ContractKey(contract), count)).collect())
}
