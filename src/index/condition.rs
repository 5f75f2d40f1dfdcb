//! The condition of a chain, as operators see it: status, marks and the endpoints' records.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Context;
use super::plan::LOOK_MAX;
use super::reading::ReadAgain;
use crate::chain::ChainError;
use crate::store::endpoints::Seen;
use crate::store::{StoreError, contracts, endpoints, status};
use crate::telemetry::metrics;
use crate::work::Pass;

/// How often the endpoints' records are taken.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// How long a chain may fail before it is called stalled: longer than a node's usual hiccup.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// Whether a pass was given up because another writer had been there, or for a contract that is read
/// again: neither a fault nor progress.
fn is_given_up(error: &anyhow::Error) -> bool {
    let fenced = matches!(error.downcast_ref(), Some(StoreError::Fenced { .. }));
    fenced || error.is::<ReadAgain>()
}

/// What everybody may read of a failure: a node's words, but none of the database's.
fn public(error: &anyhow::Error) -> String {
    match error.downcast_ref::<ChainError>() {
        Some(error) => error.to_string(),
        None if error.is::<StoreError>() => "the database fails; the log says how".into(),
        None => format!("{error:#}"),
    }
}

/// Keeps the condition of one chain.
pub(super) struct Condition {
    context: Context,
    memory: Mutex<Memory>,
}

/// What spares a write when nothing has changed; losing it costs one write.
#[derive(Default)]
struct Memory {
    status: Option<(&'static str, Option<String>)>,
    reported: Option<Instant>,
    failing: Option<Instant>,
}

impl Condition {
    pub(super) fn new(context: Context) -> Self {
        Self { context, memory: Mutex::default() }
    }

    /// Forgets what was written last where the row says something else: a person, a halt or another
    /// replica has been there.
    pub(super) fn is_stored(&self, status: &str) {
        self.memory(|memory| memory.status.take_if(|written| written.0 != status));
    }

    /// Notes where the chain stands after a pass that went well: `live` where the next pass reaches
    /// the head and no history is missing, else `loading`.
    pub(super) async fn stands_at(&self, head: u64, checkpoint: u64) -> anyhow::Result<()> {
        let context = &self.context;
        metrics::chain_head(&context.name).set(head as f64);
        metrics::chain_checkpoint(&context.name).set(checkpoint as f64);
        metrics::chain_lag(&context.name).set(head.saturating_sub(checkpoint) as f64);
        metrics::chain_halted(&context.name).set(0.0);
        let near = head.saturating_sub(checkpoint) <= LOOK_MAX;
        let whole = near && contracts::all_ready(&context.pool, context.key).await?;
        self.be(if whole { "live" } else { "loading" }, None).await
    }

    /// Notes how a pass went: a chain that fails for a while is stalled, and says why.
    pub(super) async fn went(&self, outcome: &anyhow::Result<Pass>) -> anyhow::Result<()> {
        let failing_for = self.memory(|memory| match outcome {
            Ok(_) => {
                memory.failing = None;
                Duration::ZERO
            }
            Err(error) if is_given_up(error) => Duration::ZERO,
            Err(_) => memory.failing.get_or_insert_with(Instant::now).elapsed(),
        });
        if let Err(error) = outcome
            && failing_for >= STALLED_AFTER
        {
            self.be("stalled", Some(public(error))).await?;
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

    async fn be(&self, now: &'static str, detail: Option<String>) -> anyhow::Result<()> {
        let next = Some((now, detail));
        let (same, stalled) = self.memory(|memory| {
            let before = memory.status.as_ref().map(|written| written.0);
            (memory.status == next, before == Some("stalled"))
        });
        if same {
            return Ok(());
        }
        let context = &self.context;
        let detail = next.as_ref().and_then(|(_, detail)| detail.as_deref());
        status::set_status(&context.pool, context.key, now, detail).await?;
        // Said when it begins: the words of a failing node may change with every pass.
        if now == "stalled" && !stalled {
            let why = detail.unwrap_or_default();
            tracing::warn!(chain.id = %context.id, "{} is stalled: {why}", context.name);
        }
        self.memory(|memory| memory.status = next);
        Ok(())
    }

    async fn report(&self) -> anyhow::Result<()> {
        let (context, name) = (&self.context, &self.context.name);
        let reports = context.chain.endpoints();
        for one in &reports {
            metrics::endpoint_doubled_logs(name, &one.name).absolute(one.doubled);
        }
        let seen: Vec<Seen> = reports
            .into_iter()
            .map(|report| Seen {
                name: report.name,
                head: report.head,
                requests: report.requests,
                failures: report.failures,
                latency_ms: report.latency_ms,
                status: report.status.to_owned(),
                detail: report.detail,
                range_max: report.range_max,
            })
            .collect();
        for one in &seen {
            metrics::endpoint_requests(name, &one.name).absolute(one.requests);
            metrics::endpoint_failures(name, &one.name).absolute(one.failures);
            metrics::endpoint_up(name, &one.name).set(f64::from(u8::from(one.status == "ok")));
            if let Some(latency) = one.latency_ms {
                metrics::endpoint_latency(name, &one.name).set(latency / 1_000.0);
            }
        }
        endpoints::replace(&context.pool, context.key, &seen).await?;
        Ok(())
    }

    fn memory<T>(&self, look: impl FnOnce(&mut Memory) -> T) -> T {
        look(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
