//! `chain.folds`: contracts whose ownership is being built in parts, how far each is, and by whom.
//!
//! The row's token is the number of the transaction that claimed it, so it never comes again: a part
//! that is still under way when its fold was begun anew finds another token.

use std::time::Duration;

use alloy::primitives::U256;
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, Uint256, height, number};
use crate::types::{ChainKey, ContractKey};

/// A fold that this process has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folding {
    /// The contract.
    pub contract: ContractKey,
    /// Ownership is built up to this block, once it is `done`.
    pub to_block: u64,
    /// What was built before is gone.
    pub cleared: bool,
    /// Ownership is built up to `to_block`.
    pub done: bool,
    /// Tokens up to this one are built.
    pub after_token: Option<U256>,
    /// Blocks up to this one are built, of a contract that moves ranges.
    pub after_block: Option<u64>,
    /// Another one with every claim; checked in the committing transaction.
    pub token: i64,
}

type Row = (i32, i64, bool, bool, Option<Uint256>, Option<i64>, i64);

fn folding((contract, to, cleared, done, after_token, after_block, token): Row) -> Folding {
    Folding {
        contract: ContractKey(contract),
        to_block: number(to),
        cleared,
        done,
        after_token: after_token.map(|after| after.0),
        after_block: after_block.map(number),
        token,
    }
}

/// Begins the fold of a contract and claims it; `None` where it is begun already. The caller holds
/// the chain's lock; blocks up to `to_block` are never taken back but by a person, who ends the fold.
pub async fn begin(
    executor: impl PgExecutor<'_>,
    (chain, contract): (ChainKey, ContractKey),
    to_block: u64,
    (owner, length): (&str, Duration),
) -> Result<Option<Folding>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        r"
        insert into chain.folds (contract_id, chain, to_block, lease_owner, lease_until, lease_token)
        values ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 second',
            pg_current_xact_id()::text::int8)
        on conflict (contract_id) do nothing
        returning contract_id, to_block, cleared, done, after_token, after_block, lease_token
        ",
    )
    .bind(contract.0)
    .bind(chain.0)
    .bind(height(to_block))
    .bind(owner)
    .bind(length.as_secs_f64())
    .fetch_optional(executor)
    .await?;
    Ok(row.map(folding))
}

/// Claims a fold of the chain that nobody works on. One that failed keeps its claim, also against
/// who has it, so that others come first until it runs out.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    (owner, length): (&str, Duration),
) -> Result<Option<Folding>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        r"
        with free as (
            select contract_id from chain.folds
            where chain = $1 and (lease_until is null or lease_until < clock_timestamp())
            order by lease_until nulls first, contract_id limit 1 for update skip locked
        )
        update chain.folds f set lease_owner = $2, lease_token = pg_current_xact_id()::text::int8,
            lease_until = clock_timestamp() + $3 * interval '1 second'
        from free where f.contract_id = free.contract_id
        returning f.contract_id, f.to_block, f.cleared, f.done, f.after_token, f.after_block,
            f.lease_token
        ",
    )
    .bind(chain.0)
    .bind(owner)
    .bind(length.as_secs_f64())
    .fetch_optional(executor)
    .await?;
    Ok(row.map(folding))
}

/// Keeps a claim for `length` from now on, while a long part goes on.
pub async fn renew(
    executor: impl PgExecutor<'_>,
    fold: &Folding,
    length: Duration,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.folds set lease_until = clock_timestamp() + $3 * interval '1 second'
        where contract_id = $1 and lease_token = $2 and lease_until is not null
        ",
    )
    .bind(fold.contract.0)
    .bind(fold.token)
    .bind(length.as_secs_f64())
    .execute(executor)
    .await?;
    Ok(())
}

/// Ends a claim whose step has come to nothing, so that the next need not wait for it to run out.
pub async fn give_back(executor: impl PgExecutor<'_>, fold: &Folding) -> Result<(), StoreError> {
    sqlx::query(
        "update chain.folds set lease_until = null where contract_id = $1 and lease_token = $2",
    )
    .bind(fold.contract.0)
    .bind(fold.token)
    .execute(executor)
    .await?;
    Ok(())
}

/// Locks the claimed fold until the transaction ends; fails if it is no longer ours. Never waits: a
/// part checks last, and whoever ends a fold may hold the row and wait for nothing of the part's.
pub async fn check(connection: &mut PgConnection, fold: &Folding) -> Result<(), StoreError> {
    let token: Option<i64> = sqlx::query_scalar(
        "select lease_token from chain.folds where contract_id = $1 for update skip locked",
    )
    .bind(fold.contract.0)
    .fetch_optional(connection)
    .await?;
    if token == Some(fold.token) { Ok(()) } else { Err(StoreError::Fenced { what: "fold" }) }
}

/// Stores how far a fold is, after [`check`], and ends the claim.
pub async fn save(connection: &mut PgConnection, fold: &Folding) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.folds set to_block = $2, cleared = $3, done = $4, after_token = $5,
            after_block = $6, lease_until = null
        where contract_id = $1
        ",
    )
    .bind(fold.contract.0)
    .bind(height(fold.to_block))
    .bind(fold.cleared)
    .bind(fold.done)
    .bind(fold.after_token.map(Uint256))
    .bind(fold.after_block.map(height))
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a fold: its contract is ready, or begins anew once its past is whole.
pub async fn end(connection: &mut PgConnection, contract: ContractKey) -> Result<(), StoreError> {
    sqlx::query("delete from chain.folds where contract_id = $1")
        .bind(contract.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends every fold of the chain, whose pasts are no longer whole.
pub async fn end_all(connection: &mut PgConnection, chain: ChainKey) -> Result<(), StoreError> {
    sqlx::query("delete from chain.folds where chain = $1")
        .bind(chain.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends every claim of the process `owner`, so that nobody need wait for it to run out.
pub async fn release(executor: impl PgExecutor<'_>, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with held as (
            select contract_id from chain.folds where lease_owner = $1
            order by contract_id for update skip locked
        )
        update chain.folds f set lease_until = null, lease_token = pg_current_xact_id()::text::int8
        from held where f.contract_id = held.contract_id
        ",
    )
    .bind(owner)
    .execute(executor)
    .await?;
    Ok(())
}
