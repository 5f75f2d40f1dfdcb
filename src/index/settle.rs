//! The final mark: which committed block can no longer be taken back.
//!
//! The mark never rises above the checkpoint, because only a committed block is known to be the
//! final one. Where the tag stands at or below the checkpoint its hash must be the stored one;
//! otherwise the mark rises only while the checkpoint is the very head that was shown, so that a
//! node stuck on a fork makes nothing final.

use alloy::primitives::B256;
use sqlx::PgConnection;

use super::{Context, count_told, tell};
use crate::chain::Head;
use crate::store::chains::{self, ChainRow, Marks};
use crate::store::events::{self, NewEvent};
use crate::store::{StoreError, blocks, leases};

/// What a pass was shown of finality.
pub(super) struct Sight {
    /// The head and its tags.
    pub(super) head: Head,
    /// Whether depth in time decides: the tag is not to be trusted, or was never shown. One that is
    /// missing for once raises nothing.
    pub(super) by_time: bool,
}

/// Raises the marks as far as `sight` and `checkpoint` allow, and answers the event that says so.
///
/// `row` is the chain's row as locked by this transaction.
pub(super) async fn raise(
    connection: &mut PgConnection,
    context: &Context,
    (row, sight): (&ChainRow, &Sight),
    checkpoint: (u64, B256),
) -> Result<Option<NewEvent>, StoreError> {
    let head = &sight.head;
    let target = target(connection, context, (row, sight), checkpoint).await?;
    let known = match target {
        // Another hash there means a fork that the next plan will find.
        Some((number, hash)) => blocks::named(&mut *connection, context.key, number)
            .await?
            .filter(|block| block.hash == hash),
        None => None,
    };
    let marks = Marks {
        head: Some(head.latest.number),
        safe: head.safe.map(|safe| safe.min(checkpoint.0)),
        finalized: known.map(|block| block.number),
    };
    chains::observe(&mut *connection, context.key, marks).await?;
    let risen = known.filter(|block| row.finalized.is_none_or(|before| block.number > before));
    Ok(risen.map(|block| tell::finalized(context.id, block, row.epoch)))
}

async fn target(
    connection: &mut PgConnection,
    context: &Context,
    (row, sight): (&ChainRow, &Sight),
    checkpoint: (u64, B256),
) -> Result<Option<(u64, B256)>, StoreError> {
    let head = &sight.head;
    let at_head = checkpoint == (head.latest.number, head.latest.hash);
    match head.finalized.filter(|_| !sight.by_time) {
        Some(mark) if mark.0 <= checkpoint.0 => Ok(Some(mark)),
        Some(_) => Ok(at_head.then_some(checkpoint)),
        None if sight.by_time && at_head => {
            let cutoff = head.latest.time.saturating_sub(context.rules.finality_depth.as_secs());
            blocks::newest_before(connection, context.key, row.finalized, cutoff).await
        }
        None => Ok(None),
    }
}

/// Raises the marks in a transaction of its own, for a pass that commits no block.
pub(super) async fn alone(
    context: &Context,
    lease: &leases::Lease,
    sight: &Sight,
    checkpoint: (u64, B256),
) -> Result<(), StoreError> {
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    leases::check(&mut tx, lease).await?;
    if row.checkpoint != Some(checkpoint) || !row.is_followed() {
        return Err(StoreError::Fenced { what: "checkpoint" });
    }
    let event = raise(&mut tx, context, (&row, sight), checkpoint).await?;
    events::append(&mut tx, (context.key, context.id), event.as_slice()).await?;
    tx.commit().await?;
    count_told(context, event.as_slice());
    Ok(())
}
