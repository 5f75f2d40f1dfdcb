//! The checkpoint that a chain begins at.
//!
//! A chain begins at its newest final block, so that every block above it goes through the live
//! edge and no contract's past ever reaches into blocks whose hashes are not stored.

use super::Context;
use crate::chain::{ChainError, Head, Header};
use crate::store::chains::{self, Marks};
use crate::store::{blocks, leases, notify};
use crate::types::BlockRef;

/// Stores the first checkpoint.
pub(super) async fn begin(
    context: &Context,
    lease: &leases::Lease,
    head: Head,
) -> anyhow::Result<()> {
    let block = match head.finalized.filter(|_| context.rules.finalized_tag) {
        Some((number, hash)) => {
            let Some(Header { block, .. }) = header(context, number).await? else {
                return Err(behind(format!("block {number}: it is final and not shown")));
            };
            if block.hash != hash {
                let text = format!("block {number}: the final one is {hash}, not {}", block.hash);
                return Err(behind(text));
            }
            block
        }
        None => final_by_time(context, head.latest).await?,
    };
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    leases::check(&mut tx, lease).await?;
    if row.checkpoint.is_some() {
        return Ok(());
    }
    blocks::append(&mut tx, context.key, &[block]).await?;
    let mark = (block.number, block.hash);
    let marks =
        Marks { head: Some(head.latest.number), safe: Some(mark.0), finalized: Some(mark.0) };
    chains::observe(&mut *tx, context.key, marks).await?;
    chains::move_checkpoint(&mut tx, context.key, mark, false).await?;
    tx.commit().await?;
    tracing::info!(
        chain.id = %context.id,
        block.number = block.number,
        "{} begins at its final block {}", context.name, block.number
    );
    // Contracts of the configuration wait for it.
    notify::send(&context.pool, notify::CONTRACTS).await?;
    Ok(())
}

/// The newest block that is older than the chain's depth in time, found by halving. A height that
/// the endpoint does not show counts as too old: some nodes keep the newest blocks only. Where no
/// such block is shown the chain begins at the oldest one that is, which is block 0 for a young
/// chain.
async fn final_by_time(context: &Context, latest: BlockRef) -> anyhow::Result<BlockRef> {
    let cutoff = latest.time.saturating_sub(context.rules.finality_depth.as_secs());
    let (mut found, mut oldest) = (None, None);
    let (mut low, mut high) = (0, latest.number);
    while low <= high {
        let middle = low + (high - low) / 2;
        match header(context, middle).await?.map(|header| header.block) {
            Some(block) if block.time > cutoff => {
                oldest = Some(block);
                let Some(below) = middle.checked_sub(1) else { break };
                high = below;
            }
            too_old => {
                found = too_old.or(found);
                low = middle + 1;
            }
        }
    }
    // An endpoint that shows nothing at all, or another newest block, says nothing about age.
    found.or(oldest).ok_or_else(|| behind(format!("block {}: it is not shown", latest.number)))
}

async fn header(context: &Context, number: u64) -> Result<Option<Header>, ChainError> {
    Ok(context.chain.headers(&[number]).await?.into_iter().next().flatten())
}

fn behind(text: String) -> anyhow::Error {
    ChainError::Behind { text }.into()
}
