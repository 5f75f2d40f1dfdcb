//! Reads a step of the past from the chain and verifies it.
//!
//! Up to the final mark the blocks cannot change: a range is asked, and its ends must fit the
//! blocks beside it. Above the mark every block is asked by its stored hash, because a node on
//! another fork answers a range with that fork's logs, or with none.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::RangeInclusive;

use alloy::primitives::B256;
use anyhow::Context as _;

use super::{Context, fetch, read};
use crate::chain::{ChainError, HEADERS_MAX, LogFilter, LogScope};
use crate::decode::LogKind;
use crate::store::blocks;
use crate::store::contracts::Contract;
use crate::store::spans::{Span, StepEnds};
use crate::store::transfers::StoredTransfer;
use crate::types::{BlockRef, RawLog};

/// Most blocks asked by hash in one step.
const TAIL_MAX: u64 = 64;

/// A step that was read and verified.
pub(super) struct Step {
    /// Its first and last block.
    pub(super) ends: StepEnds,
    /// How many logs were answered.
    pub(super) logs: usize,
    /// Blocks that hold its transfers and are not stored yet.
    pub(super) blocks: Vec<BlockRef>,
    /// Its transfers, ordered by position.
    pub(super) transfers: Vec<StoredTransfer>,
    /// Whether it lies at or below the final mark.
    pub(super) settled: bool,
}

impl Step {
    /// Heights of the blocks that hold its transfers, each once.
    pub(super) fn numbers(&self) -> Vec<u64> {
        let all = self.transfers.iter().map(|stored| stored.transfer.position.block);
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// What a step of the past is read for.
pub(super) struct Past<'a> {
    /// The chain.
    pub(super) context: &'a Context,
    /// The contracts, each with the first block that is read for it.
    pub(super) followed: &'a [Contract],
    /// The span.
    pub(super) span: &'a Span,
}

impl Past<'_> {
    fn filter(&self) -> LogFilter {
        let kinds: Vec<LogKind> =
            self.context.kinds.iter().filter(|kind| self.span.loads(kind.name)).copied().collect();
        fetch::filter(self.followed, &kinds)
    }

    /// Reads the blocks `span.next..=to`, which are final.
    pub(super) async fn settled(&self, to: u64) -> anyhow::Result<Step> {
        let Self { context, followed, span } = *self;
        let from = span.next;
        let (ends, times) = shown_ends(context, (from, to)).await?;
        seam(span, ends.first_parent)?;
        fits_stored(context, &ends).await?;
        let logs = match followed {
            // A filter without addresses would mean all of them.
            [] => Vec::new(),
            _ => context.chain.logs(LogScope::Range(from, to), &self.filter()).await?,
        };
        if let Some(log) = logs.iter().find(|log| !(from..=to).contains(&log.block)) {
            return Err(behind(log.block, "it was not asked for"));
        }
        if logs.iter().any(|log| log.block == to && log.block_hash != ends.last_hash) {
            return Err(behind(to, "a log of it belongs to another fork"));
        }
        let mut blocks = blocks_of(context, &logs).await?;
        let in_order = blocks.is_sorted_by_key(|block| block.time);
        if !in_order || blocks.iter().any(|block| !times.contains(&block.time)) {
            return Err(behind(to, "the times of its logs' blocks do not fit the headers"));
        }
        let transfers = read::decoded(context, followed, &logs).await?;
        let kept: HashSet<u64> =
            transfers.iter().map(|stored| stored.transfer.position.block).collect();
        blocks.retain(|block| kept.contains(&block.number));
        Ok(Step { ends, logs: logs.len(), blocks, transfers, settled: true })
    }

    /// Reads stored blocks from `span.next` on, at most to `to`.
    pub(super) async fn tail(&self, to: u64) -> anyhow::Result<Step> {
        let Self { context, followed, span } = *self;
        let from = span.next;
        let to = to.min(from + TAIL_MAX - 1);
        let below = from.saturating_sub(1);
        let mut stored = blocks::hashes(&context.pool, context.key, (below, to)).await?;
        let first_parent = stored.remove(&below).or(span.last_hash).unwrap_or_default();
        seam(span, first_parent)?;
        let asked: Vec<BlockRef> = stored
            .into_iter()
            .map(|(number, hash)| BlockRef { number, hash, parent: B256::ZERO, time: 0 })
            .collect();
        let whole = asked.len() as u64 == to - from + 1;
        let (Some(last), true) = (asked.last(), whole) else {
            return Err(behind(to, "it is not stored any more"));
        };
        let ends = StepEnds { from, to, first_parent, last_hash: last.hash };
        let logs = match followed {
            [] => Vec::new(),
            _ => fetch::of_blocks(context, &self.filter(), &asked).await?,
        };
        let transfers = read::decoded(context, followed, &logs).await?;
        Ok(Step { ends, logs: logs.len(), blocks: Vec::new(), transfers, settled: false })
    }
}

/// A step does not stand on the block that its span read last: one of the two was read from
/// another fork.
#[derive(Debug, thiserror::Error)]
#[error("block {0} does not stand on the block read before it")]
pub(super) struct BrokenSeam(u64);

fn seam(span: &Span, first_parent: B256) -> Result<(), BrokenSeam> {
    match span.last_hash {
        Some(hash) if hash != first_parent => Err(BrokenSeam(span.next)),
        _ => Ok(()),
    }
}

/// Where the blocks at the ends of the step are stored, they must be the same.
async fn fits_stored(context: &Context, ends: &StepEnds) -> anyhow::Result<()> {
    let below = ends.from.checked_sub(1).map(|below| (below, ends.first_parent));
    for (number, hash) in below.into_iter().chain([(ends.to, ends.last_hash)]) {
        let stored = blocks::hashes(&context.pool, context.key, (number, number)).await?;
        if stored.get(&number).is_some_and(|stored| *stored != hash) {
            return Err(behind(number, "the stored one is another"));
        }
    }
    Ok(())
}

/// The ends of the step as the chain's headers show them, and the time between them.
async fn shown_ends(
    context: &Context,
    (from, to): (u64, u64),
) -> anyhow::Result<(StepEnds, RangeInclusive<u64>)> {
    let shown = context.chain.headers(&[from, to]).await?;
    let (Some(Some(first)), Some(Some(last))) = (shown.first(), shown.last()) else {
        return Err(behind(to, "the endpoint does not show it"));
    };
    let ends = StepEnds { from, to, first_parent: first.block.parent, last_hash: last.block.hash };
    Ok((ends, first.block.time..=last.block.time))
}

/// The blocks that hold these logs, each with one hash; times come from the logs where the node
/// says them, else from headers.
async fn blocks_of(context: &Context, logs: &[RawLog]) -> anyhow::Result<Vec<BlockRef>> {
    let mut found: BTreeMap<u64, (B256, Option<u64>)> = BTreeMap::new();
    for log in logs {
        let entry = found.entry(log.block).or_insert((log.block_hash, log.block_time));
        if entry.0 != log.block_hash {
            return Err(behind(log.block, "its logs name two hashes"));
        }
    }
    let untimed = found.iter().filter(|(_, (_, time))| time.is_none());
    let untimed: Vec<u64> = untimed.map(|(number, _)| *number).collect();
    for numbers in untimed.chunks(HEADERS_MAX) {
        for header in context.chain.headers(numbers).await?.into_iter().flatten() {
            let block = header.block;
            let Some(entry) = found.get_mut(&block.number) else { continue };
            if entry.0 != block.hash {
                return Err(behind(block.number, "its logs name another hash"));
            }
            entry.1 = Some(block.time);
        }
    }
    found
        .into_iter()
        .map(|(number, (hash, time))| {
            let time = time.with_context(|| format!("the endpoint shows no block {number}"))?;
            Ok(BlockRef { number, hash, parent: B256::ZERO, time })
        })
        .collect()
}

fn behind(block: u64, why: &str) -> anyhow::Error {
    ChainError::Behind { text: format!("block {block}: {why}") }.into()
}
