//! Reads the past: one step of one span, into `transfers` and nothing else.
//!
//! A step replaces its interval, so reading it twice is harmless. Up to the final mark a step needs
//! only the span's lock; above it every log's hash must be the stored one, and the step commits
//! under the chain's lock while its top block is still stored, so that a rewind and a step never
//! miss each other.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alloy::primitives::B256;
use anyhow::Context as _;
use async_trait::async_trait;

use super::live::unless_passing;
use super::{Context, fetch};
use crate::chain::{ChainError, HEADERS_MAX, LogScope};
use crate::store::contracts::Contract;
use crate::store::spans::{Span, StepEnds};
use crate::store::transfers::{self, StoredTransfer};
use crate::store::{self, StoreError, blocks, chains, contracts, notify, spans};
use crate::telemetry::metrics;
use crate::types::{BlockRef, RawLog};
use crate::work::{Pass, Topic, Worker};

/// How long a claim lasts: longer than a slow endpoint takes for a step.
const LEASE: Duration = Duration::from_secs(60);

/// Loads the spans of one chain.
pub struct Load {
    context: Context,
    name: String,
    /// Most blocks an endpoint takes at all; only ever lowered.
    cap: AtomicU64,
    /// Blocks of the next step: halved where an answer was too large, doubled where it was not.
    range: AtomicU64,
}

/// A step that was read and verified.
struct Step {
    ends: StepEnds,
    blocks: Vec<BlockRef>,
    transfers: Vec<StoredTransfer>,
    settled: bool,
}

impl Load {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        let range = context.rules.range_max.max(1);
        let name = format!("load {}", context.name);
        Self { name, cap: AtomicU64::new(range), range: AtomicU64::new(range), context }
    }

    async fn step(&self) -> anyhow::Result<Pass> {
        let context = &self.context;
        let claimed = spans::claim(&context.pool, context.key, &context.owner, LEASE).await?;
        let Some(span) = claimed else { return Ok(Pass::Idle) };
        let row = chains::load(&context.pool, context.key).await?;
        if matches!(row.status.as_str(), "halted" | "paused") {
            return Ok(Pass::Idle);
        }
        let followed = contracts::by_keys(&context.pool, &span.contracts).await?;
        let floor = row.finalized.unwrap_or(0);
        let (to, settled) = bounds(&span, floor, self.range.load(Ordering::Relaxed));
        let step = match self.read(&followed, (&span, to), settled).await {
            Ok(step) => step,
            Err(error) => return self.narrow(error, (span.next, to)),
        };
        self.write(&span, &step).await?;
        self.widen();
        let (blocks, count) = (to - span.next + 1, step.transfers.len() as u64);
        metrics::transfers_committed(&context.name, metrics::Path::Load).increment(count);
        tracing::debug!(
            chain.id = %context.id,
            block.number = to,
            blocks,
            transfers = count,
            "{} loaded blocks {} to {to}", context.name, span.next
        );
        if to >= span.to {
            notify::send(&context.pool, Topic::Folds.as_str()).await?;
        }
        Ok(Pass::Worked)
    }

    async fn read(
        &self,
        followed: &[Contract],
        (span, to): (&Span, u64),
        settled: bool,
    ) -> anyhow::Result<Step> {
        let context = &self.context;
        let from = span.next;
        let filter = fetch::filter(followed);
        let ends = self.ends((from, to)).await?;
        if span.last_hash.is_some_and(|hash| hash != ends.first_parent) {
            return Err(behind(from, "it does not stand on the block read before it"));
        }
        let logs = context.chain.logs(LogScope::Range(from, to), &filter).await?;
        if let Some(log) = logs.iter().find(|log| !(from..=to).contains(&log.block)) {
            return Err(behind(log.block, "it was not asked for"));
        }
        if logs.iter().any(|log| log.block == to && log.block_hash != ends.last_hash) {
            return Err(behind(to, "a log of it belongs to another fork"));
        }
        let blocks = if settled {
            self.blocks_of(&logs).await?
        } else {
            self.check_stored(&logs, (from, to)).await?;
            Vec::new()
        };
        let transfers = fetch::decoded(followed, &logs);
        let kept: HashSet<u64> =
            transfers.iter().map(|stored| stored.transfer.position.block).collect();
        let blocks = blocks.into_iter().filter(|block| kept.contains(&block.number)).collect();
        Ok(Step { ends, blocks, transfers, settled })
    }

    async fn ends(&self, (from, to): (u64, u64)) -> anyhow::Result<StepEnds> {
        let shown = self.context.chain.headers(&[from, to]).await?;
        let (Some(Some(first)), Some(Some(last))) = (shown.first(), shown.last()) else {
            return Err(behind(to, "the endpoint does not show it"));
        };
        Ok(StepEnds { from, to, first_parent: first.block.parent, last_hash: last.block.hash })
    }

    /// The blocks that hold these logs, each with one hash; times come from the logs where the
    /// node says them, else from headers.
    async fn blocks_of(&self, logs: &[RawLog]) -> anyhow::Result<Vec<BlockRef>> {
        let mut found: BTreeMap<u64, (B256, Option<u64>)> = BTreeMap::new();
        for log in logs {
            let entry = found.entry(log.block).or_insert((log.block_hash, log.block_time));
            if entry.0 != log.block_hash {
                return Err(behind(log.block, "its logs name two hashes"));
            }
        }
        let unknown: Vec<u64> = found
            .iter()
            .filter(|(_, (_, time))| time.is_none())
            .map(|(number, _)| *number)
            .collect();
        for numbers in unknown.chunks(HEADERS_MAX) {
            for header in self.context.chain.headers(numbers).await?.into_iter().flatten() {
                let block = header.block;
                if let Some(entry) = found.get_mut(&block.number) {
                    if entry.0 != block.hash {
                        return Err(behind(block.number, "its logs name another hash"));
                    }
                    entry.1 = Some(block.time);
                }
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

    async fn check_stored(&self, logs: &[RawLog], range: (u64, u64)) -> anyhow::Result<()> {
        let stored = blocks::hashes(&self.context.pool, self.context.key, range).await?;
        match logs.iter().find(|log| stored.get(&log.block) != Some(&log.block_hash)) {
            Some(log) => Err(behind(log.block, "the endpoint is on another fork")),
            None => Ok(()),
        }
    }

    async fn write(&self, span: &Span, step: &Step) -> Result<(), StoreError> {
        let context = &self.context;
        let (from, to) = (step.ends.from, step.ends.to);
        let mut tx = context.pool.begin().await?;
        // Facts and cursor vanish together, so a crash only costs the step.
        store::relax(&mut tx).await?;
        if !step.settled {
            chains::lock(&mut tx, context.key).await?;
            let stored = blocks::hashes(&mut *tx, context.key, (to, to)).await?;
            if stored.get(&to) != Some(&step.ends.last_hash) {
                return Err(StoreError::Fenced { what: "top block" });
            }
        }
        spans::check(&mut tx, span).await?;
        blocks::note(&mut tx, context.key, &step.blocks).await?;
        transfers::delete_interval(&mut tx, context.key, &span.contracts, (from, to)).await?;
        transfers::append(&mut tx, context.key, &step.transfers).await?;
        spans::advance(&mut tx, span, step.ends).await?;
        tx.commit().await?;
        Ok(())
    }

    /// After a limit was met the next try takes fewer blocks. A limit on blocks is remembered; one
    /// on logs only concerns these blocks.
    fn narrow(&self, error: anyhow::Error, (from, to): (u64, u64)) -> anyhow::Result<Pass> {
        let width = to - from + 1;
        let next = match error.downcast_ref() {
            Some(ChainError::RangeTooWide { at_most, .. }) if width > 1 => {
                let cap = at_most.filter(|most| (1..width).contains(most)).unwrap_or(width / 2);
                self.cap.fetch_min(cap, Ordering::Relaxed);
                cap
            }
            Some(ChainError::TooManyLogs { .. }) if width > 1 => width / 2,
            _ => return Err(error),
        };
        self.range.store(next, Ordering::Relaxed);
        tracing::debug!(
            blocks = next,
            "{} asks for {next} blocks from now on: {error:#}",
            self.name
        );
        Ok(Pass::Worked)
    }

    fn widen(&self) {
        let cap = self.cap.load(Ordering::Relaxed);
        let range = self.range.load(Ordering::Relaxed);
        self.range.store(range.saturating_mul(2).min(cap), Ordering::Relaxed);
    }
}

/// The end of the next step, and whether it lies at or below the final mark.
fn bounds(span: &Span, floor: u64, range: u64) -> (u64, bool) {
    let to = span.to.min(span.next.saturating_add(range - 1));
    if span.next <= floor { (to.min(floor), true) } else { (to, false) }
}

fn behind(block: u64, why: &str) -> anyhow::Error {
    ChainError::Behind { text: format!("block {block}: {why}") }.into()
}

#[async_trait]
impl Worker for Load {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn topic(&self) -> Option<Topic> {
        Some(Topic::Spans)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        unless_passing(self.step().await)
    }
}
