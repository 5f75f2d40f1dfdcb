//! The transaction back: `commit`'s mirror.
//!
//! Facts above the common block go, touched holdings are put back from their versions, a removal
//! is appended for every event told, newest first, with what holds now; spans and the live edge are
//! clipped; the journal and the checkpoint say where the chain stands. Committing A, rewinding and
//! committing B leaves exactly what committing B alone leaves.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::B256;
use sqlx::PgConnection;

use super::removals::{self, Concerned, Gone};
use super::{Context, count_told, restore};
use crate::store::chains::{self, ChainRow};
use crate::store::events::{self, EventBlock, NewEvent};
use crate::store::rewinds::{self, Rewind};
use crate::store::taken_back::{self, GoneBlock};
use crate::store::transfers::{self, StoredTransfer};
use crate::store::{StoreError, blocks, clip, contracts, leases, status};
use crate::types::ContractKey;

/// A rewind that was decided.
pub struct Order<'a> {
    /// The checkpoint that the decision was made on.
    pub expected: (u64, B256),
    /// The common block.
    pub to: (u64, B256),
    /// Hashes that the chain shows at heights above it, for the removals.
    pub shown: &'a BTreeMap<u64, B256>,
    /// Who decided; a person may go below the final mark.
    pub cause: Cause,
}

/// Who decided on a rewind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The chain took blocks back.
    Reorg,
    /// A person did, by `herald rewind`; ends a halt.
    Operator,
}

impl Cause {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reorg => "reorg",
            Self::Operator => "operator",
        }
    }
}

/// What went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Blocks between the old checkpoint and the common block.
    pub depth: u64,
    /// Transfers removed.
    pub transfers: usize,
}

/// Takes back everything above `order.to`. A person needs no lease: whoever holds it finds the
/// checkpoint moved and begins its pass anew.
pub async fn rewind(
    context: &Context,
    lease: Option<&leases::Lease>,
    order: &Order<'_>,
) -> Result<Outcome, StoreError> {
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    if let Some(lease) = lease {
        leases::check(&mut tx, lease).await?;
    }
    fence(&mut tx, context, &row, order).await?;
    let (outcome, events) = take_back(&mut tx, context, order).await?;
    tx.commit().await?;
    count_told(context, &events);
    Ok(outcome)
}

async fn fence(
    tx: &mut PgConnection,
    context: &Context,
    row: &ChainRow,
    order: &Order<'_>,
) -> Result<(), StoreError> {
    if row.checkpoint != Some(order.expected) {
        return Err(StoreError::Fenced { what: "checkpoint" });
    }
    let below = row.finalized.is_some_and(|mark| order.to.0 < mark);
    let stored = blocks::hashes(&mut *tx, context.key, (order.to.0, order.to.0)).await?;
    match (stored.get(&order.to.0), order.cause) {
        (Some(hash), _) if *hash != order.to.1 => {
            return Err(StoreError::OtherBlock { number: order.to.0 });
        }
        (None, Cause::Reorg) => return Err(StoreError::Fenced { what: "common block" }),
        _ => {}
    }
    match order.cause {
        Cause::Reorg if below => Err(StoreError::Fenced { what: "final mark" }),
        Cause::Reorg => Ok(()),
        Cause::Operator => {
            if below {
                status::lower_final(tx, context.key, order.to.0).await?;
            }
            status::resume(tx, context.key).await
        }
    }
}

async fn take_back(
    tx: &mut PgConnection,
    context: &Context,
    order: &Order<'_>,
) -> Result<(Outcome, Vec<NewEvent>), StoreError> {
    let (key, to) = (context.key, order.to.0);
    clip::clip(tx, key, to).await?;
    let gone_blocks = taken_back::take(tx, key, to).await?;
    blocks::ensure(tx, key, order.to).await?;
    let gone =
        Gone { blocks: named(&gone_blocks), transfers: transfers::take_back(tx, key, to).await? };
    let concerned = concerned(tx, &gone.transfers).await?;
    let told = events::known(tx, key, &gone.ids(context.id)).await?;
    let now = restore::restore(tx, key, (&concerned, &gone.transfers), to).await?;
    let events = removals::told(context, order, (&gone, &told), (&concerned, &now));
    let outcome =
        Outcome { depth: order.expected.0.saturating_sub(to), transfers: gone.transfers.len() };
    let entry = Rewind {
        from: order.expected,
        to: order.to,
        transfers_removed: gone.transfers.len() as u64,
        events_appended: events.len() as u64,
        cause: order.cause.as_str(),
    };
    rewinds::append(tx, key, entry).await?;
    chains::move_checkpoint(tx, key, order.to, true).await?;
    events::append(tx, (key, context.id), &events).await?;
    Ok((outcome, events))
}

fn named(gone: &[GoneBlock]) -> HashMap<u64, EventBlock> {
    let block = |gone: &GoneBlock| {
        let GoneBlock { number, hash, time, epoch } = *gone;
        (number, EventBlock { number, hash, time, epoch })
    };
    gone.iter().map(block).collect()
}

async fn concerned(
    tx: &mut PgConnection,
    gone: &[StoredTransfer],
) -> Result<Concerned, StoreError> {
    let mut keys: Vec<ContractKey> = gone.iter().map(|stored| stored.contract).collect();
    keys.sort_unstable();
    keys.dedup();
    let contracts = contracts::by_keys(&mut *tx, &keys).await?;
    let owned = contracts::owned(tx, &keys).await?.into_iter().collect();
    Ok(Concerned { contracts, owned })
}
