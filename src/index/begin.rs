//! The first contact with a chain: its identity, and the checkpoint it begins at.
//!
//! A chain begins at its newest final block, so that every block above it goes through the live
//! edge and no contract's past ever reaches into blocks whose hashes are not stored.

use anyhow::{Context as _, bail};

use super::Context;
use crate::chain::{ChainError, Head, Header};
use crate::store::chains::{self, ChainRow, Marks};
use crate::store::{blocks, leases};
use crate::types::BlockRef;

/// Fails where the nodes serve another chain than the one whose rows are stored under this id.
pub(super) async fn identify(context: &Context, row: &ChainRow) -> anyhow::Result<()> {
    let shown = context.chain.genesis().await?;
    match row.genesis {
        None => Ok(chains::set_genesis(&context.pool, context.key, shown).await?),
        Some(stored) if stored == shown => Ok(()),
        Some(stored) => bail!(
            "the endpoints serve another chain under id {}: its block 0 is {shown}, the database \
             was filled from {stored}; use another database or the right endpoints",
            context.id
        ),
    }
}

/// Stores the first checkpoint.
pub(super) async fn begin(
    context: &Context,
    lease: &leases::Lease,
    head: Head,
) -> anyhow::Result<()> {
    let block = match head.finalized.filter(|_| context.rules.finalized_tag) {
        Some((number, hash)) => {
            let block = header(context, number).await?.block;
            if block.hash != hash {
                let text = format!("block {number}: the final one is {hash}, not {}", block.hash);
                return Err(ChainError::Behind { text }.into());
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
    Ok(())
}

/// The newest block that is older than the chain's depth in time, found by halving; block 0 where
/// none is.
async fn final_by_time(context: &Context, latest: BlockRef) -> anyhow::Result<BlockRef> {
    let cutoff = latest.time.saturating_sub(context.rules.finality_depth.as_secs());
    let mut found = header(context, 0).await?.block;
    let (mut low, mut high) = (1, latest.number);
    while low <= high {
        let middle = low + (high - low) / 2;
        let block = header(context, middle).await?.block;
        if block.time <= cutoff {
            found = block;
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    Ok(found)
}

async fn header(context: &Context, number: u64) -> anyhow::Result<Header> {
    let headers = context.chain.headers(&[number]).await?;
    headers.into_iter().next().flatten().with_context(|| {
        format!("the endpoint shows no block {number} though it lies below its head")
    })
}
