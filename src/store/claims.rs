//! `chain.spans`: who reads which, for how long, and how the rest of a long one is shared.

use std::time::Duration;

use alloy::primitives::B256;
use sqlx::PgExecutor;

use super::spans::Span;
use super::{StoreError, height, number};
use crate::types::ChainKey;

type Row = (i64, i32, Vec<String>, i64, i64, Option<[u8; 32]>, i64);

fn span((id, set, kinds, next, to, last_hash, token): Row) -> Span {
    let last_hash = last_hash.map(B256::from);
    Span { id, set, kinds, next: number(next), to: number(to), last_hash, token }
}

/// Claims a free span of the chain for `length`, one with the least left to read, so that a short
/// past is whole soon beside a long one. Only spans of known `kinds`.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    kinds: &[&str],
    owner: &str,
    length: Duration,
) -> Result<Option<Span>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        r"
        update chain.spans s set lease_owner = $3, lease_token = s.lease_token + 1,
            lease_until = clock_timestamp() + $4 * interval '1 second'
        from (
            select id from chain.spans
            where chain = $1 and state = 'pending' and log_kinds <@ $2
                and (lease_until is null or lease_until < clock_timestamp() or lease_owner = $3)
            order by coalesce(lease_until > clock_timestamp(), false), to_block - next_block, id
            limit 1 for update skip locked
        ) free
        where s.id = free.id
        returning s.id, s.set_id, s.log_kinds, s.next_block, s.to_block, s.last_hash, s.lease_token
        ",
    )
    .bind(chain.0)
    .bind(kinds)
    .bind(owner)
    .bind(length.as_secs_f64())
    .fetch_optional(executor)
    .await?;
    Ok(row.map(span))
}

/// How many blocks the longest span of the chain and known kinds still has to read; 0 where none is
/// pending.
pub async fn longest(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    kinds: &[&str],
) -> Result<u64, StoreError> {
    let longest: Option<i64> = sqlx::query_scalar(
        r"
        select max(to_block - next_block + 1) from chain.spans
        where chain = $1 and state = 'pending' and log_kinds <@ $2
        ",
    )
    .bind(chain.0)
    .bind(kinds)
    .fetch_one(executor)
    .await?;
    Ok(longest.map_or(0, number))
}

/// Takes the upper half of what is left of the longest span that somebody reads, and claims it. A
/// rest of fewer than `least` blocks is left whole. The caller holds the chain's lock.
pub async fn split(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    (kinds, least): (&[&str], u64),
    owner: &str,
    length: Duration,
) -> Result<Option<Span>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        r"
        with longest as (
            select id, next_block + (to_block - next_block + 1) / 2 as cut, to_block
            from chain.spans
            where chain = $1 and state = 'pending' and log_kinds <@ $2
                and to_block - next_block + 1 >= greatest($5, 2)
            order by to_block - next_block desc, id limit 1 for update skip locked
        ), lower as (
            update chain.spans s set to_block = longest.cut - 1
            from longest where s.id = longest.id
            returning s.set_id, s.chain, s.log_kinds, longest.cut, longest.to_block
        )
        insert into chain.spans
            (set_id, chain, log_kinds, from_block, next_block, to_block, lease_owner, lease_until,
                lease_token)
        select set_id, chain, log_kinds, cut, cut, to_block, $3,
            clock_timestamp() + $4 * interval '1 second', 1
        from lower
        returning id, set_id, log_kinds, next_block, to_block, last_hash, lease_token
        ",
    )
    .bind(chain.0)
    .bind(kinds)
    .bind(owner)
    .bind(length.as_secs_f64())
    .bind(height(least))
    .fetch_optional(executor)
    .await?;
    Ok(row.map(span))
}

/// Keeps the claim for `length` from now on, while a long step goes on.
pub async fn renew(
    executor: impl PgExecutor<'_>,
    span: &Span,
    length: Duration,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.spans set lease_until = clock_timestamp() + $3 * interval '1 second'
        where id = $1 and lease_token = $2
        ",
    )
    .bind(span.id)
    .bind(span.token)
    .bind(length.as_secs_f64())
    .execute(executor)
    .await?;
    Ok(())
}

/// Ends every claim of the process `owner`, so that nobody need wait for it to run out.
pub async fn release(executor: impl PgExecutor<'_>, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.spans set lease_until = clock_timestamp()
        where state = 'pending' and (lease_owner = $1 or starts_with(lease_owner, $1 || '#'))
            and lease_until > clock_timestamp()
        ",
    )
    .bind(owner)
    .execute(executor)
    .await?;
    Ok(())
}
