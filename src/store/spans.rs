//! `chain.spans`: blocks of the past still to be read, and how far each is.

use alloy::primitives::B256;
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height, number};

/// A span that this process has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its number.
    pub id: i64,
    /// The set of contracts that it loads.
    pub set: i32,
    /// Kinds of logs that it loads.
    pub kinds: Vec<String>,
    /// Next block to read.
    pub next: u64,
    /// Last block to read.
    pub to: u64,
    /// Hash of block `next - 1`, where this span has read it.
    pub last_hash: Option<B256>,
    /// Grows with every claim and every clip; checked in the committing transaction.
    pub token: i64,
}

impl Span {
    /// Whether it loads logs of this kind.
    pub fn loads(&self, kind: &str) -> bool {
        self.kinds.iter().any(|name| name == kind)
    }
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

/// Locks the claimed span until the transaction ends and answers its last block, which another
/// worker may have lowered; fails if the claim is no longer ours.
pub async fn check(connection: &mut PgConnection, span: &Span) -> Result<u64, StoreError> {
    let row: Option<(i64, i64)> = sqlx::query_as(
        r"
        select lease_token, to_block from chain.spans
        where id = $1 and state = 'pending' for update
        ",
    )
    .bind(span.id)
    .fetch_optional(connection)
    .await?;
    match row {
        Some((token, to)) if token == span.token => Ok(number(to)),
        _ => Err(StoreError::Fenced { what: "span" }),
    }
}

/// Moves the cursor past the step.
pub async fn advance(
    connection: &mut PgConnection,
    span: &Span,
    step: StepEnds,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.spans set
            next_block = $3 + 1,
            state = case when $3 >= to_block then 'done' else 'pending' end,
            lease_until = null,
            failures = 0,
            detail = null,
            first_parent_hash = case when $2 = from_block then $4 else first_parent_hash end,
            last_hash = $5
        where id = $1
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

/// Notes why a step of the claimed span failed; the next step that succeeds clears it.
pub async fn note_failure(
    executor: impl PgExecutor<'_>,
    span: &Span,
    why: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.spans set detail = left($3, 500), failures = failures + 1
        where id = $1 and lease_token = $2
        ",
    )
    .bind(span.id)
    .bind(span.token)
    .bind(why)
    .execute(executor)
    .await?;
    Ok(())
}

/// Puts the cursors of these spans back to their beginnings: what they have loaded is not believed.
/// Claims on them end.
pub async fn restart(connection: &mut PgConnection, spans: &[i64]) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.spans set next_block = from_block, state = 'pending', last_hash = null,
            first_parent_hash = null, lease_until = null, lease_token = lease_token + 1
        where id = any ($1)
        ",
    )
    .bind(spans)
    .execute(connection)
    .await?;
    Ok(())
}
