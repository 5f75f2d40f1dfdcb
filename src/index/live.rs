//! The worker of a chain's live edge: what one pass looks at, and who carries out what is planned.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy::primitives::B256;
use async_trait::async_trait;

use super::advance::Advance;
use super::ahead::Reach;
use super::condition::Condition;
use super::identity::Identity;
use super::lease::{self, ShortLease};
use super::plan::{Plan, plan};
use super::rewind::{Cause, Order, rewind};
use super::settle::{self, Sight};
use super::standby::Standby;
use super::view::View;
use super::{Context, begin, decision, unless_passing};
use crate::chain::{ChainError, Head};
use crate::store::chains;
use crate::store::leases::Lease;
use crate::telemetry::metrics;
use crate::work::{Pass, Topic, Worker};

/// Longest wait between passes of the one that follows: it may miss a renewal of its lease.
const EVERY_MAX: Duration = Duration::from_millis(1_500);
/// Shortest wait between passes: a chain of 100 ms blocks is followed, a node not flooded.
const EVERY_MIN: Duration = Duration::from_millis(50);

/// Follows the newest blocks of one chain.
pub struct LiveEdge {
    context: Context,
    name: String,
    lease: ShortLease,
    identity: Identity,
    /// Whether an endpoint has ever shown the `finalized` tag.
    tagged: AtomicBool,
    /// Whether the endpoints were asked who they are since the last plan to halt.
    doubted: AtomicBool,
    standby: Standby,
    condition: Condition,
    reach: Reach,
    /// The head that the marks were raised for last; forgetting it costs one write.
    settled: Mutex<Option<Head>>,
}

impl LiveEdge {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        Self {
            name: format!("live {}", context.name),
            lease: ShortLease::new("live", context.id),
            identity: Identity::default(),
            tagged: AtomicBool::new(false),
            doubted: AtomicBool::new(false),
            standby: Standby::default(),
            condition: Condition::new(context.clone()),
            reach: Reach::default(),
            settled: Mutex::default(),
            context,
        }
    }

    async fn follow(&self, lease: &Lease) -> anyhow::Result<Pass> {
        let context = &self.context;
        let row = chains::load(&context.pool, context.key).await?;
        self.condition.is_stored(&row.status);
        if !row.is_followed() {
            let halted = f64::from(u8::from(row.status == "halted"));
            metrics::chain_halted(&context.name).set(halted);
            return Ok(Pass::Idle);
        }
        if !context.reads(&row.log_kinds) {
            self.standby.leave(context, lease).await?;
            return Ok(Pass::Idle);
        }
        self.identity.check(context, &row).await?;
        let sight = self.sight().await?;
        let head = sight.head;
        if let Some(mark) = row.finalized {
            metrics::chain_finalized(&context.name).set(mark as f64);
        }
        let Some(checkpoint) = row.checkpoint else {
            begin::begin(context, lease, head).await?;
            return Ok(Pass::Worked);
        };
        let mut view = View::new(&row, checkpoint, &head);
        loop {
            let plan = plan(&view.facts);
            if !matches!(plan, Plan::Look { .. } | Plan::Halt { .. }) {
                self.doubted.store(false, Ordering::Relaxed);
            }
            match plan {
                Plan::Look { from, to } => view.look(context, (from, to)).await?,
                Plan::Wait => return self.wait(lease, &view, &sight).await,
                Plan::Advance { to, until } => {
                    let (condition, reach) = (&self.condition, &self.reach);
                    let advance = Advance { context, lease, condition, sight: &sight, reach };
                    return advance.run(&view, (to, until)).await;
                }
                Plan::Rewind { to } => return self.rewind(lease, &view, to).await,
                Plan::Halt { differs_at } => return self.halt(lease, &view, differs_at).await,
            }
        }
    }

    async fn sight(&self) -> Result<Sight, ChainError> {
        let head = self.context.chain.head().await?;
        if head.finalized.is_some() {
            self.tagged.store(true, Ordering::Relaxed);
        }
        let trusted = self.context.rules.finalized_tag;
        let by_time = !(trusted && self.tagged.load(Ordering::Relaxed));
        Ok(Sight { head, by_time })
    }

    async fn wait(&self, lease: &Lease, view: &View, sight: &Sight) -> anyhow::Result<Pass> {
        let head = &sight.head;
        let checkpoint = view.facts.checkpoint;
        let shown = view.facts.seen.get(&checkpoint.0).copied().flatten();
        let confirmed = shown.is_some_and(|block| block.hash == checkpoint.1);
        if !confirmed {
            let text = format!("no endpoint shows block {} as it is stored", checkpoint.0);
            return Err(ChainError::Behind { text }.into());
        }
        if head.latest.number > checkpoint.0 {
            let text =
                format!("block {} does not stand on the stored one below it", checkpoint.0 + 1);
            return Err(ChainError::Behind { text }.into());
        }
        let news = *self.settled() != Some(*head);
        if news {
            settle::alone(&self.context, lease, sight, checkpoint).await?;
            *self.settled() = Some(*head);
        }
        self.condition.stands_at(head.latest.number, checkpoint.0).await?;
        Ok(Pass::Idle)
    }

    async fn rewind(&self, lease: &Lease, view: &View, to: u64) -> anyhow::Result<Pass> {
        let context = &self.context;
        let Some(hash) = view.facts.stored.get(&to).copied() else { return Ok(Pass::Idle) };
        let shown: BTreeMap<u64, B256> = view
            .facts
            .seen
            .iter()
            .filter_map(|(number, block)| Some((*number, (*block)?.hash)))
            .collect();
        let expected = view.facts.checkpoint;
        let order = Order { expected, to: (to, hash), shown: &shown, cause: Cause::Reorg };
        let outcome = rewind(context, Some(lease), &order).await?;
        metrics::rewinds(&context.name).increment(1);
        metrics::rewind_depth(&context.name).record(outcome.depth as f64);
        tracing::info!(
            chain.id = %context.id,
            block.number = to,
            depth = outcome.depth,
            transfers = outcome.transfers,
            "{} took {} blocks back to block {to}", context.name, outcome.depth
        );
        Ok(Pass::Worked)
    }

    async fn halt(&self, lease: &Lease, view: &View, differs_at: u64) -> anyhow::Result<Pass> {
        let context = &self.context;
        // A node of another chain may have taken an endpoint's place since that said who it is.
        if !self.doubted.swap(true, Ordering::Relaxed) {
            context.chain.doubt();
            return Ok(Pass::Worked);
        }
        decision::halt(context, lease, &view.facts, differs_at).await?;
        Ok(Pass::Idle)
    }

    fn settled(&self) -> MutexGuard<'_, Option<Head>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Worker for LiveEdge {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        let usual = (self.context.rules.block_time / 2).clamp(EVERY_MIN, EVERY_MAX);
        self.lease.every(usual)
    }

    fn topic(&self) -> Option<Topic> {
        Some(Topic::Leases)
    }

    async fn hurried(&self) {
        self.context.chain.announced().await;
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        let context = &self.context;
        let Some(lease) = self.lease.take(context).await? else { return Ok(Pass::Idle) };
        let outcome = tokio::select! {
            outcome = self.follow(&lease) => outcome,
            never = lease::keep(context, &lease) => match never {},
        };
        self.condition.went(&outcome).await?;
        unless_passing(outcome)
    }
}
