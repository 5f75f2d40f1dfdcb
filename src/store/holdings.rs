//! `chain.holdings` and `chain.holdings_past`: who holds what, now and at the end of every block.

use std::collections::HashMap;

use alloy::primitives::{Address, U256};
use sqlx::PgConnection;

use super::{StoreError, Uint256, height, number};
use crate::types::{ChainKey, ContractKey};

/// A token of a contract.
pub type TokenKey = (ContractKey, U256);

/// A holding from a block on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The token.
    pub token: TokenKey,
    /// Who holds it.
    pub owner: Address,
    /// Block of the newest change.
    pub since: u64,
    /// Log in that block that made the change.
    pub since_log: u32,
    /// Block from which the owner has held without a pause.
    pub acquired: u64,
}

/// A holding that ended: valid at the end of blocks `since..until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastHolding {
    /// What it was.
    pub holding: Holding,
    /// First block at whose end it no longer held.
    pub until: u64,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    contract_id: i32,
    token_id: Uint256,
    owner: [u8; 20],
    since: i64,
    since_log: i32,
    acquired: i64,
}

/// Current holdings of these tokens.
pub async fn current(
    connection: &mut PgConnection,
    chain: ChainKey,
    tokens: &[TokenKey],
) -> Result<HashMap<TokenKey, Holding>, StoreError> {
    let (contracts, ids) = split(tokens.iter().copied());
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select h.contract_id, h.token_id, h.owner, h.since, h.since_log, h.acquired
        from unnest($2::int4[], $3::numeric[]) as asked (contract_id, token_id)
        join chain.holdings h on h.chain = $1
            and h.contract_id = asked.contract_id and h.token_id = asked.token_id
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .fetch_all(connection)
    .await?;
    Ok(by_token(rows))
}

pub(super) fn by_token(rows: Vec<Row>) -> HashMap<TokenKey, Holding> {
    let holding = |row: Row| {
        let token = (ContractKey(row.contract_id), row.token_id.0);
        let holding = Holding {
            token,
            owner: Address::from(row.owner),
            since: number(row.since),
            since_log: row.since_log.cast_unsigned(),
            acquired: number(row.acquired),
        };
        (token, holding)
    };
    rows.into_iter().map(holding).collect()
}

/// Removes current holdings; what they were goes to the past by [`append_past`].
pub async fn remove(
    connection: &mut PgConnection,
    chain: ChainKey,
    tokens: &[TokenKey],
) -> Result<(), StoreError> {
    let (contracts, ids) = split(tokens.iter().copied());
    sqlx::query(
        r"
        delete from chain.holdings h
        using unnest($2::int4[], $3::numeric[]) as gone (contract_id, token_id)
        where h.chain = $1 and h.contract_id = gone.contract_id and h.token_id = gone.token_id
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds current holdings.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    holdings: &[Holding],
) -> Result<(), StoreError> {
    let (contracts, ids) = split(holdings.iter().map(|holding| holding.token));
    sqlx::query(
        r"
        insert into chain.holdings (chain, contract_id, token_id, owner, since, since_log, acquired)
        select $1, * from unnest(
            $2::int4[], $3::numeric[], $4::bytea[], $5::int8[], $6::int4[], $7::int8[])
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(holdings.iter().map(|holding| holding.owner.into_array()).collect::<Vec<_>>())
    .bind(holdings.iter().map(|holding| height(holding.since)).collect::<Vec<_>>())
    .bind(holdings.iter().map(|holding| holding.since_log.cast_signed()).collect::<Vec<_>>())
    .bind(holdings.iter().map(|holding| height(holding.acquired)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds closed holdings.
pub async fn append_past(
    connection: &mut PgConnection,
    chain: ChainKey,
    past: &[PastHolding],
) -> Result<(), StoreError> {
    let (contracts, ids) = split(past.iter().map(|past| past.holding.token));
    sqlx::query(
        r"
        insert into chain.holdings_past
            (chain, contract_id, token_id, owner, since, since_log, acquired, until)
        select $1, * from unnest($2::int4[], $3::numeric[], $4::bytea[], $5::int8[], $6::int4[],
            $7::int8[], $8::int8[])
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(past.iter().map(|past| past.holding.owner.into_array()).collect::<Vec<_>>())
    .bind(past.iter().map(|past| height(past.holding.since)).collect::<Vec<_>>())
    .bind(past.iter().map(|past| past.holding.since_log.cast_signed()).collect::<Vec<_>>())
    .bind(past.iter().map(|past| height(past.holding.acquired)).collect::<Vec<_>>())
    .bind(past.iter().map(|past| height(past.until)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// How many of these owners hold anything of the contract now, by contract.
pub async fn holders_among(
    connection: &mut PgConnection,
    chain: ChainKey,
    owners: &[(ContractKey, Address)],
) -> Result<HashMap<ContractKey, i64>, StoreError> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        r"
        select asked.contract_id, count(*)
        from unnest($2::int4[], $3::bytea[]) as asked (contract_id, owner)
        where exists (
            select from chain.holdings h
            where h.chain = $1 and h.owner = asked.owner and h.contract_id = asked.contract_id
        )
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

pub(super) fn split(tokens: impl Iterator<Item = TokenKey>) -> (Vec<i32>, Vec<Uint256>) {
    tokens.map(|(contract, id)| (contract.0, Uint256(id))).unzip()
}
