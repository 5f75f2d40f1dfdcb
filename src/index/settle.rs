//! The final mark: which committed block can no longer be taken back.
//!
//! The mark never rises above the checkpoint, because only a committed block is known to be the
//! final one; and it rises only in a pass that saw the checkpoint's hash on the chain.

use alloy::primitives::B256;
use sqlx::PgConnection;

use super::{Context, count_told, tell};
use crate::chain::Head;
use crate::store::chains::{self, ChainRow, Marks};
use crate::store::events::{self, EventBlock, NewEvent};
use crate::store::{StoreError, blocks, leases};
use crate::telemetry::metrics;

/// Raises the marks as far as `head` and `checkpoint` allow, and answers the event that says so.
///
/// `row` is the chain's row as locked by this transaction.
pub(super) async fn raise(
    connection: &mut PgConnection,
    context: &Context,
    (row, head): (&ChainRow, &Head),
    checkpoint: (u64, B256),
) -> Result<Option<NewEvent>, StoreError> {
    let target = target(connection, context, head, checkpoint).await?;
    let known = match target {
        Some((number, hash)) => {
            let stored = blocks::hashes(&mut *connection, context.key, (number, number)).await?;
            // Another hash there means a fork that the next plan will find.
            (stored.get(&number) == Some(&hash)).then_some((number, hash))
        }
        None => None,
    };
    let marks = Marks {
        head: Some(head.latest.number),
        safe: head.safe.map(|safe| safe.min(checkpoint.0)),
        finalized: known,
    };
    chains::observe(&mut *connection, context.key, marks).await?;
    if let Some((number, _)) = known {
        metrics::chain_finalized(&context.name).set(number as f64);
    }
    let risen = known.filter(|mark| row.finalized.is_none_or(|before| mark.0 > before));
    Ok(risen.map(|(number, hash)| {
        tell::finalized(context.id, EventBlock { number, hash, time: None, epoch: 0 })
    }))
}

async fn target(
    connection: &mut PgConnection,
    context: &Context,
    head: &Head,
    checkpoint: (u64, B256),
) -> Result<Option<(u64, B256)>, StoreError> {
    match head.finalized.filter(|_| context.rules.finalized_tag) {
        Some(mark) if mark.0 <= checkpoint.0 => Ok(Some(mark)),
        Some(_) => Ok(Some(checkpoint)),
        None => {
            let cutoff = head.latest.time.saturating_sub(context.rules.finality_depth.as_secs());
            blocks::newest_before(connection, context.key, cutoff).await
        }
    }
}

/// Raises the marks in a transaction of its own, for a pass that commits no block.
pub(super) async fn alone(
    context: &Context,
    lease: &leases::Lease,
    head: &Head,
    checkpoint: (u64, B256),
) -> Result<(), StoreError> {
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    leases::check(&mut tx, lease).await?;
    if row.checkpoint != Some(checkpoint) {
        return Err(StoreError::Fenced { what: "checkpoint" });
    }
    let event = raise(&mut tx, context, (&row, head), checkpoint).await?;
    events::append(&mut tx, (context.key, context.id), event.as_slice()).await?;
    tx.commit().await?;
    count_told(context, event.as_slice());
    Ok(())
}
