//! Loads the past: one step of one span, into `transfers` and nothing else.
//!
//! A step replaces its interval, so loading it twice is harmless. Up to the final mark a step needs
//! only the span's lock; above it the step commits under the chain's lock while its top block is
//! still stored, so that a rewind and a step never miss each other.
//!
//! Any number of workers, in any number of processes, claim steps; one that finds no free span takes
//! half of what is left of the longest.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::commit::ranged;
use super::past::{BrokenSeam, Past, Step};
use super::{Context, seams, unless_passing};
use crate::chain::ChainError;
use crate::store::chains::{self, ChainRow};
use crate::store::contracts::Contract;
use crate::store::spans::Span;
use crate::store::{
    self, StoreError, blocks, claims, load_members, prune, readings, spans, transfers,
};
use crate::telemetry::metrics;
use crate::work::{Pass, Topic, Worker};

/// How long a claim lasts: longer than a slow endpoint takes for a step.
const LEASE: Duration = Duration::from_secs(60);
/// A claim is renewed so often while a step goes on: twice before it runs out.
const RENEW: Duration = Duration::from_secs(20);
/// A rest is worth splitting where it has at least so many steps: half of it is then still several.
const SPLIT_STEPS: u64 = 8;
/// Logs of a step above which the next is smaller: a few megabytes, where most providers refuse.
const MANY_LOGS: usize = 8_000;
/// Logs of a step below which the next may be larger.
const FEW_LOGS: usize = 3_000;

/// Loads the spans of one chain, one step after the other; several of them share the spans.
pub struct Load {
    context: Context,
    name: String,
    /// Names this worker in claims: that of the process, and which of its workers it is.
    owner: String,
    /// Blocks of the next step: halved where an answer was too large, doubled where it was not.
    range: AtomicU64,
}

impl Load {
    /// Worker number `which` of this chain.
    pub fn new(context: Context, which: usize) -> Self {
        let range = context.rules.range_max.max(1);
        let name = format!("load {} {which}", context.name);
        let owner = format!("{}#{which}", context.owner);
        Self { name, owner, range: AtomicU64::new(range), context }
    }

    /// Claims a span: a free one, or half of what is left of the longest one.
    async fn claim(&self) -> Result<Option<Span>, StoreError> {
        let Context { pool, key, .. } = &self.context;
        let kinds = self.context.kinds_named(|_| true);
        let free = claims::claim(pool, *key, &kinds, &self.owner, LEASE).await?;
        if free.is_some() {
            return Ok(free);
        }
        let least = self.width().saturating_mul(SPLIT_STEPS);
        if claims::longest(pool, *key, &kinds).await? < least {
            return Ok(None);
        }
        // A rewind that clips spans meanwhile would not see the new one.
        let mut tx = pool.begin().await?;
        chains::lock(&mut tx, *key).await?;
        let half = claims::split(&mut *tx, *key, (&kinds, least), &self.owner, LEASE).await?;
        tx.commit().await?;
        Ok(half)
    }

    async fn step(&self) -> anyhow::Result<Pass> {
        let context = &self.context;
        let row = chains::load(&context.pool, context.key).await?;
        if !row.is_followed() {
            return Ok(Pass::Idle);
        }
        let Some(span) = self.claim().await? else { return seams::finish(context).await };
        let outcome = tokio::select! {
            outcome = self.advance(&row, &span) => unless_passing(outcome),
            never = self.keep(&span) => match never {},
        };
        if let Err(error) = &outcome {
            spans::note_failure(&context.pool, &span, &format!("{error:#}")).await?;
        }
        outcome
    }

    /// Renews the claim while an endpoint takes its time.
    async fn keep(&self, span: &Span) -> Infallible {
        loop {
            tokio::time::sleep(RENEW).await;
            // A claim that is lost is left to the step's own fence.
            let _ = claims::renew(&self.context.pool, span, LEASE).await;
        }
    }

    /// Reads and writes the next step of the span.
    async fn advance(&self, row: &ChainRow, span: &Span) -> anyhow::Result<Pass> {
        let context = &self.context;
        let mut followed = load_members::members(&context.pool, span.set).await?;
        let floor = row.finalized.unwrap_or(0);
        let range = self.width();
        let to = span.to.min(span.next.saturating_add(range - 1));
        followed.retain(|contract| contract.start_block <= to);
        let past = Past { context, followed: &followed, span };
        let read = if span.next <= floor {
            past.settled(to.min(floor)).await
        } else {
            past.tail(to).await
        };
        let step = match read {
            Ok(step) => step,
            Err(error) if error.is::<BrokenSeam>() => {
                return seams::read_again(context, span, &error).await;
            }
            Err(error) => return self.narrow(error, (span.next, to)),
        };
        let to = step.ends.to;
        let last = self.write(span, &followed, &step).await?;
        self.adapt(step.logs);
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
        if to >= last {
            seams::finish(context).await?;
        }
        Ok(Pass::Worked)
    }

    /// Writes the step and answers the last block of its span.
    async fn write(
        &self,
        span: &Span,
        followed: &[Contract],
        step: &Step,
    ) -> Result<u64, StoreError> {
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
        let last = spans::check(&mut tx, span).await?;
        if to > last {
            return Err(StoreError::Fenced { what: "end of the span" });
        }
        readings::note_ranges(&mut tx, &ranged(&step.transfers)).await?;
        blocks::note(&mut tx, context.key, &step.blocks).await?;
        if context.kinds_named(|kind| kind.moves_tokens).iter().any(|kind| span.loads(kind)) {
            let keys: Vec<_> =
                followed.iter().map(|contract| (contract.key, contract.start_block)).collect();
            transfers::delete_interval(&mut tx, context.key, &keys, (from, to)).await?;
        }
        transfers::append(&mut tx, context.key, &step.transfers).await?;
        prune::hold(&mut tx, context.key, &step.numbers()).await?;
        spans::advance(&mut tx, span, step.ends).await?;
        tx.commit().await?;
        Ok(last)
    }

    /// After a limit was met the next try takes fewer blocks. A limit on blocks is remembered by the
    /// endpoint that has it; one on logs only concerns these blocks.
    fn narrow(&self, error: anyhow::Error, (from, to): (u64, u64)) -> anyhow::Result<Pass> {
        let width = to - from + 1;
        let next = match error.downcast_ref() {
            Some(ChainError::RangeTooWide { at_most, .. }) if width > 1 => {
                at_most.filter(|most| (1..width).contains(most)).unwrap_or(width / 2)
            }
            Some(ChainError::TooManyLogs { .. }) if width > 1 => width / 2,
            _ => {
                // Blocks around those that the endpoint cannot answer for are read all the same.
                self.range.store((width / 2).max(1), Ordering::Relaxed);
                return Err(error);
            }
        };
        self.range.store(next, Ordering::Relaxed);
        tracing::debug!(
            blocks = next,
            "{} asks for {next} blocks from now on: {error:#}",
            self.name
        );
        Ok(Pass::Worked)
    }

    /// Most blocks of the next step: what density allows, and the endpoint that will be asked.
    fn width(&self) -> u64 {
        let widest = self.context.chain.widest().unwrap_or(u64::MAX).max(1);
        self.range.load(Ordering::Relaxed).min(widest)
    }

    /// Sizes the next step by how many logs this one held.
    fn adapt(&self, logs: usize) {
        let range = self.width();
        let next = match logs {
            MANY_LOGS.. => (range / 2).max(1),
            FEW_LOGS.. => range,
            _ => range.saturating_mul(2),
        };
        self.range.store(next.min(self.context.rules.range_max), Ordering::Relaxed);
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
        unless_passing(self.step().await)
    }
}
