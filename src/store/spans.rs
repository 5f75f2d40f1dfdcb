//! `chain.load_sets` and `chain.spans`: which blocks of the past are stored, and which are still
//! to be read.

use std::time::Duration;

use alloy::primitives::B256;
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height, number};
use crate::types::{ChainKey, ContractKey};

/// A span that this process has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its number.
    pub id: i64,
    /// Contracts that are loaded together.
    pub contracts: Vec<ContractKey>,
    /// Next block to read.
    pub next: u64,
    /// Last block to read.
    pub to: u64,
    /// Hash of block `next - 1`, where this span has read it.
    pub last_hash: Option<B256>,
    /// Grows with every claim and every clip; checked in the committing transaction.
    pub token: i64,
}

/// What a finished step says about its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepEnds {
    /// First block of the step.
    pub from: u64,
    /// Last block of the step.
    pub to: u64,
    /// Parent of the first block.
    pub first_parent: B256,
    /// Hash of the last block.
    pub last_hash: B256,
}

/// Makes a set with one span for each of these contracts, from its block up to `to`.
pub async fn plan(
    connection: &mut PgConnection,
    chain: ChainKey,
    log_kinds: &[&str],
    contracts: &[(ContractKey, u64)],
    to: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with wanted as (
            select * from unnest($3::int4[], $4::int8[]) as w (contract_id, from_block)
        ), sets as (
            insert into chain.load_sets (chain, contract_ids, log_kinds)
            select $1, array[contract_id], $2 from wanted
            returning id, contract_ids[1] as contract_id
        )
        insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block)
        select s.id, $1, $2, w.from_block, w.from_block, $5
        from sets s join wanted w using (contract_id) order by s.id
        ",
    )
    .bind(chain.0)
    .bind(log_kinds)
    .bind(contracts.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(contracts.iter().map(|(_, from)| height(*from)).collect::<Vec<_>>())
    .bind(height(to))
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends every claim of `owner`, so that nobody need wait for it to run out.
pub async fn release(executor: impl PgExecutor<'_>, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.spans set lease_until = clock_timestamp()
        where state = 'pending' and lease_owner = $1 and lease_until > clock_timestamp()
        ",
    )
    .bind(owner)
    .execute(executor)
    .await?;
    Ok(())
}

/// Claims the oldest free span of the chain for `length`.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    owner: &str,
    length: Duration,
) -> Result<Option<Span>, StoreError> {
    type Row = (i64, Vec<i32>, i64, i64, Option<[u8; 32]>, i64);
    let row: Option<Row> = sqlx::query_as(
        r"
        update chain.spans s set lease_owner = $2, lease_token = s.lease_token + 1,
            lease_until = clock_timestamp() + $3 * interval '1 second'
        from (
            select id from chain.spans
            where chain = $1 and state = 'pending'
                and (lease_until is null or lease_until < clock_timestamp() or lease_owner = $2)
            order by lease_until nulls first, id limit 1 for update skip locked
        ) free, chain.load_sets l
        where s.id = free.id and l.id = s.set_id
        returning s.id, l.contract_ids, s.next_block, s.to_block, s.last_hash, s.lease_token
        ",
    )
    .bind(chain.0)
    .bind(owner)
    .bind(length.as_secs_f64())
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|(id, contracts, next, to, last_hash, token)| Span {
        id,
        contracts: contracts.into_iter().map(ContractKey).collect(),
        next: number(next),
        to: number(to),
        last_hash: last_hash.map(B256::from),
        token,
    }))
}

/// Locks the claimed span until the transaction ends; fails if the claim is no longer ours.
pub async fn check(connection: &mut PgConnection, span: &Span) -> Result<(), StoreError> {
    let token: Option<i64> = sqlx::query_scalar(
        "select lease_token from chain.spans where id = $1 and state = 'pending' for update",
    )
    .bind(span.id)
    .fetch_optional(connection)
    .await?;
    match token {
        Some(token) if token == span.token => Ok(()),
        _ => Err(StoreError::Fenced { what: "span" }),
    }
}

/// Moves the cursor past the step and adds the step to what the set has loaded.
pub async fn advance(
    connection: &mut PgConnection,
    span: &Span,
    step: StepEnds,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with moved as (
            update chain.spans set
                next_block = $3 + 1,
                state = case when $3 >= to_block then 'done' else 'pending' end,
                lease_until = null,
                detail = null,
                first_parent_hash = case when $2 = from_block then $4 else first_parent_hash end,
                last_hash = $5
            where id = $1 returning set_id
        )
        update chain.load_sets l set loaded = l.loaded + int8multirange(int8range($2, $3 + 1))
        from moved where l.id = moved.set_id
        ",
    )
    .bind(span.id)
    .bind(height(step.from))
    .bind(height(step.to))
    .bind(step.first_parent.0)
    .bind(step.last_hash.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes why the step that `owner` has claimed failed; the next step that succeeds clears it.
pub async fn note_failure(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    owner: &str,
    why: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.spans set detail = left($3, 500)
        where chain = $1 and lease_owner = $2 and state = 'pending'
            and lease_until > clock_timestamp()
        ",
    )
    .bind(chain.0)
    .bind(owner)
    .bind(why)
    .execute(executor)
    .await?;
    Ok(())
}

/// Puts the cursor of a claimed span back to its beginning: what it has loaded is not believed.
pub async fn restart(connection: &mut PgConnection, span: &Span) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with back as (
            update chain.spans s set next_block = s.from_block, last_hash = null,
                lease_until = null, lease_token = s.lease_token + 1
            from chain.spans before where s.id = $1 and before.id = s.id
            returning s.set_id, int8range(before.from_block, before.next_block) as read
        )
        update chain.load_sets l set loaded = l.loaded - int8multirange(back.read)
        from back where l.id = back.set_id
        ",
    )
    .bind(span.id)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many spans of the chain are still to be read.
pub async fn pending(executor: impl PgExecutor<'_>, chain: ChainKey) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar(
        "select count(*) from chain.spans where chain = $1 and state = 'pending'",
    )
    .bind(chain.0)
    .fetch_one(executor)
    .await?;
    Ok(count)
}
