//! The worker of a chain's live edge: in order, all consecutive blocks available, one transaction.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alloy::primitives::B256;
use async_trait::async_trait;

use super::commit::{Batch, commit};
use super::plan::{Facts, Plan, plan};
use super::rewind::{Order, rewind};
use super::{Context, begin, fetch, settle};
use crate::chain::{ChainError, Head, Header};
use crate::store::chains::{self, ChainRow};
use crate::store::leases::Lease;
use crate::store::{StoreError, blocks, contracts, endpoints, leases, spans};
use crate::telemetry::metrics;
use crate::work::{Pass, Worker};

/// How long one replica may follow a chain unrenewed: a lost one is replaced within this time.
const LEASE: Duration = Duration::from_secs(5);
/// Longest wait between passes, so that a lease is renewed three times before it runs out.
const EVERY_MAX: Duration = Duration::from_millis(1_500);
/// Shortest wait between passes: a chain of 100 ms blocks is followed, a node not flooded.
const EVERY_MIN: Duration = Duration::from_millis(50);
/// How often the endpoints' records are stored.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Follows the newest blocks of one chain.
pub struct LiveEdge {
    context: Context,
    name: String,
    lease: String,
    identified: AtomicBool,
    memory: Mutex<Memory>,
}

/// What spares a write when nothing has changed; losing it costs one write.
#[derive(Default)]
struct Memory {
    head: Option<Head>,
    status: Option<(&'static str, Option<String>)>,
    reported: Option<Instant>,
    failing: Option<Instant>,
}

/// How long a chain may fail before it is called stalled.
const STALLED_AFTER: Duration = Duration::from_secs(10);

impl LiveEdge {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        Self {
            name: format!("live {}", context.name),
            lease: format!("live:{}", context.id),
            identified: AtomicBool::new(false),
            memory: Mutex::default(),
            context,
        }
    }

    async fn follow(&self, lease: &Lease) -> anyhow::Result<Pass> {
        let context = &self.context;
        let row = chains::load(&context.pool, context.key).await?;
        if matches!(row.status.as_str(), "halted" | "paused") {
            return Ok(Pass::Idle);
        }
        if !self.identified.load(Ordering::Relaxed) {
            begin::identify(context, &row).await?;
            self.identified.store(true, Ordering::Relaxed);
        }
        let head = context.chain.head().await?;
        let Some(checkpoint) = row.checkpoint else {
            begin::begin(context, lease, head).await?;
            return Ok(Pass::Worked);
        };
        let mut view = View::new(&row, checkpoint, &head);
        loop {
            match plan(&view.facts) {
                Plan::Look { from, to } => view.look(context, (from, to)).await?,
                Plan::Wait => return self.wait(lease, &view, &head).await,
                Plan::Advance { to } => return self.advance(lease, &view, (&head, to)).await,
                Plan::Rewind { to } => return self.rewind(lease, &view, to).await,
                Plan::Halt { differs_at } => return self.halt(&view, differs_at).await,
            }
        }
    }

    async fn wait(&self, lease: &Lease, view: &View, head: &Head) -> anyhow::Result<Pass> {
        let checkpoint = view.facts.checkpoint;
        let shown = view.facts.seen.get(&checkpoint.0).copied().flatten();
        let confirmed = shown.is_some_and(|block| block.hash == checkpoint.1);
        let news = self.memory(|memory| memory.head.as_ref() != Some(head));
        if confirmed && news {
            settle::alone(&self.context, lease, head, checkpoint).await?;
            self.memory(|memory| memory.head = Some(*head));
        }
        self.caught_up(head.latest.number, checkpoint.0).await?;
        Ok(Pass::Idle)
    }

    async fn advance(
        &self,
        lease: &Lease,
        view: &View,
        (head, to): (&Head, u64),
    ) -> anyhow::Result<Pass> {
        let context = &self.context;
        let expected = view.facts.checkpoint;
        let headers: Vec<Header> =
            view.headers.range(expected.0 + 1..=to).map(|(_, header)| header.clone()).collect();
        let (filter_version, contracts) = contracts::followed(&context.pool, context.key).await?;
        let transfers = fetch::transfers(context, &contracts, &headers).await?;
        let started = Instant::now();
        let batch = Batch {
            expected,
            filter_version,
            contracts: &contracts,
            headers: &headers,
            transfers: &transfers,
            head,
        };
        commit(context, lease, &batch).await?;
        metrics::commit_duration(&context.name).record(started.elapsed());
        metrics::blocks_committed(&context.name, metrics::Path::Live)
            .increment(headers.len() as u64);
        metrics::transfers_committed(&context.name, metrics::Path::Live)
            .increment(transfers.len() as u64);
        tracing::debug!(
            chain.id = %context.id,
            block.number = to,
            blocks = headers.len(),
            transfers = transfers.len(),
            "{} committed up to block {to}", context.name
        );
        self.caught_up(head.latest.number, to).await?;
        Ok(if to < head.latest.number { Pass::Worked } else { Pass::Idle })
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
        let order = Order { expected, to: (to, hash), shown: &shown, cause: "reorg" };
        let outcome = rewind(context, lease, &order).await?;
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

    async fn halt(&self, view: &View, differs_at: u64) -> anyhow::Result<Pass> {
        let context = &self.context;
        let floor = view.facts.floor;
        let detail = format!(
            "the chain shows another block {differs_at} than the stored one, at or below the final \
             block {floor}; nothing is written until a person has decided: `herald rewind --chain \
             {} --to BLOCK` takes the stored blocks above BLOCK back",
            context.name
        );
        chains::set_status(&context.pool, context.key, "halted", Some(&detail)).await?;
        metrics::chain_halted(&context.name).set(1.0);
        tracing::error!(chain.id = %context.id, block.number = differs_at, "{} halted: {detail}", context.name);
        Ok(Pass::Idle)
    }

    /// `live` where the checkpoint is at the head and no history is missing, else `loading`.
    async fn caught_up(&self, head: u64, checkpoint: u64) -> anyhow::Result<()> {
        let context = &self.context;
        metrics::chain_head(&context.name).set(head as f64);
        metrics::chain_checkpoint(&context.name).set(checkpoint as f64);
        metrics::chain_lag(&context.name).set(head.saturating_sub(checkpoint) as f64);
        let whole = checkpoint >= head && contracts::all_ready(&context.pool, context.key).await?;
        self.status(if whole { "live" } else { "loading" }, None).await
    }

    async fn status(&self, status: &'static str, detail: Option<String>) -> anyhow::Result<()> {
        let next = Some((status, detail));
        if self.memory(|memory| memory.status == next) {
            return Ok(());
        }
        let context = &self.context;
        let detail = next.as_ref().and_then(|(_, detail)| detail.as_deref());
        chains::set_status(&context.pool, context.key, status, detail).await?;
        self.memory(|memory| memory.status = next);
        Ok(())
    }

    /// Notes how the pass went: a chain that fails for a while is stalled, and says why.
    async fn note(&self, outcome: &anyhow::Result<Pass>) -> anyhow::Result<()> {
        let failing_for = self.memory(|memory| match outcome {
            Ok(_) => memory.failing.take().map(|_| Duration::ZERO),
            Err(_) => Some(memory.failing.get_or_insert_with(Instant::now).elapsed()),
        });
        if let (Err(error), Some(length)) = (outcome, failing_for)
            && length >= STALLED_AFTER
        {
            self.status("stalled", Some(format!("{error:#}"))).await?;
        }
        let due = self.memory(|memory| {
            let due = memory.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY);
            if due {
                memory.reported = Some(Instant::now());
            }
            due
        });
        if due { self.report().await } else { Ok(()) }
    }

    async fn report(&self) -> anyhow::Result<()> {
        let context = &self.context;
        let seen: Vec<endpoints::Seen> = context
            .chain
            .endpoints()
            .into_iter()
            .map(|report| endpoints::Seen {
                name: report.name,
                head: report.head,
                requests: report.requests,
                failures: report.failures,
                latency_ms: report.latency_ms,
                status: report.status.to_owned(),
                detail: report.detail,
            })
            .collect();
        for one in &seen {
            metrics::endpoint_requests(&context.name, &one.name).absolute(one.requests);
            metrics::endpoint_failures(&context.name, &one.name).absolute(one.failures);
            let up = f64::from(u8::from(one.status == "ok"));
            metrics::endpoint_up(&context.name, &one.name).set(up);
        }
        endpoints::replace(&context.pool, context.key, &seen).await?;
        let pending = spans::pending(&context.pool, context.key).await?;
        metrics::spans_pending(&context.name).set(pending as f64);
        Ok(())
    }

    fn memory<T>(&self, look: impl FnOnce(&mut Memory) -> T) -> T {
        look(&mut self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[async_trait]
impl Worker for LiveEdge {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        (self.context.rules.block_time / 2).clamp(EVERY_MIN, EVERY_MAX)
    }

    async fn hurried(&self) {
        self.context.chain.announced().await;
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        let context = &self.context;
        let lease = leases::acquire(&context.pool, &self.lease, &context.owner, LEASE).await?;
        let Some(lease) = lease else { return Ok(Pass::Idle) };
        let outcome = unless_passing(self.follow(&lease).await);
        self.note(&outcome).await?;
        outcome
    }
}

/// A block that moved between two answers, and a fact that another writer changed, are no faults:
/// the next pass sees them as they are then.
pub(super) fn unless_passing(outcome: anyhow::Result<Pass>) -> anyhow::Result<Pass> {
    let error = match outcome {
        Ok(pass) => return Ok(pass),
        Err(error) => error,
    };
    let behind = matches!(error.downcast_ref(), Some(ChainError::Behind { .. }));
    let fenced = matches!(error.downcast_ref(), Some(StoreError::Fenced { .. }));
    if behind || fenced {
        tracing::debug!("pass given up: {error:#}");
        return Ok(Pass::Idle);
    }
    Err(error)
}

/// What one pass has looked at.
struct View {
    facts: Facts,
    headers: BTreeMap<u64, Header>,
}

impl View {
    fn new(row: &ChainRow, checkpoint: (u64, B256), head: &Head) -> Self {
        let mut facts = Facts {
            checkpoint,
            floor: row.finalized.unwrap_or(0),
            head: head.latest.number,
            ..Facts::default()
        };
        if head.latest.number == checkpoint.0 {
            // The usual pass without news needs no further request.
            facts.seen.insert(head.latest.number, Some(head.latest));
        }
        Self { facts, headers: BTreeMap::new() }
    }

    async fn look(&mut self, context: &Context, (from, to): (u64, u64)) -> anyhow::Result<()> {
        let numbers: Vec<u64> = (from..=to).collect();
        let headers = context.chain.headers(&numbers).await?;
        for (number, header) in numbers.iter().zip(headers) {
            self.facts.seen.insert(*number, header.as_ref().map(|header| header.block));
            if let Some(header) = header {
                self.headers.insert(*number, header);
            }
        }
        if from <= self.facts.checkpoint.0 {
            let stored = blocks::hashes(&context.pool, context.key, (from, to)).await?;
            self.facts.stored.extend(stored);
        }
        Ok(())
    }
}
