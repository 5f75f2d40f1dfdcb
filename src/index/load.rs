//! Loads the past: one step of one span, into `transfers` and nothing else.
//!
//! A step replaces its interval, so loading it twice is harmless. Up to the final mark a step needs
//! only the span's lock; above it the step commits under the chain's lock while its top block is
//! still stored, so that a rewind and a step never miss each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::commit::ranged;
use super::past::{self, BrokenSeam, Step};
use super::{Context, unless_passing};
use crate::chain::ChainError;
use crate::store::spans::Span;
use crate::store::{
    self, StoreError, blocks, chains, contracts, notify, prune, readings, spans, transfers,
};
use crate::telemetry::metrics;
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
        if !row.is_followed() {
            return Ok(Pass::Idle);
        }
        let followed = contracts::by_keys(&context.pool, &span.contracts).await?;
        let floor = row.finalized.unwrap_or(0);
        let range = self.range.load(Ordering::Relaxed);
        let to = span.to.min(span.next.saturating_add(range - 1));
        let read = if span.next <= floor {
            past::settled(context, &followed, (&span, to.min(floor))).await
        } else {
            past::tail(context, &followed, (&span, to)).await
        };
        let step = match read {
            Ok(step) => step,
            Err(error) if error.is::<BrokenSeam>() => return self.restart(&span, &error).await,
            Err(error) => return self.narrow(error, (span.next, to)),
        };
        let to = step.ends.to;
        self.write(&span, &step).await?;
        self.widen();
        let (blocks, count) = (to - span.next + 1, step.transfers.len() as u64);
        metrics::blocks_committed(&context.name, metrics::Path::Load).increment(blocks);
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
        readings::note_ranges(&mut tx, &ranged(&step.transfers)).await?;
        blocks::note(&mut tx, context.key, &step.blocks).await?;
        transfers::delete_interval(&mut tx, context.key, &span.contracts, (from, to)).await?;
        transfers::append(&mut tx, context.key, &step.transfers).await?;
        prune::hold(&mut tx, context.key, &step.numbers()).await?;
        spans::advance(&mut tx, span, step.ends).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Nothing shows which side of a broken seam was right, so the span is read anew.
    async fn restart(&self, span: &Span, why: &anyhow::Error) -> anyhow::Result<Pass> {
        let mut tx = self.context.pool.begin().await?;
        spans::check(&mut tx, span).await?;
        spans::restart(&mut tx, span).await?;
        tx.commit().await?;
        tracing::warn!(
            chain.id = %self.context.id,
            block.number = span.next,
            "{} reads a past again from its beginning: {why}", self.context.name
        );
        Ok(Pass::Worked)
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
        let outcome = self.step().await;
        if let Err(error) = &outcome {
            let (pool, owner) = (&self.context.pool, &self.context.owner);
            spans::note_failure(pool, self.context.key, owner, &format!("{error:#}")).await?;
        }
        unless_passing(outcome)
    }
}
