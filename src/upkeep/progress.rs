//! Measures how fast the past of a chain is loaded, and says in metrics how far it is.
//!
//! Every replica does so from the tables, whoever loads: no gauge depends on which of them follows the
//! chain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::store::progress::{self, ChainLoad};
use crate::store::{Pool, counters};
use crate::telemetry::metrics::{self, SpanState};
use crate::types::{ChainKey, ContractState};
use crate::work::{Pass, Worker};

/// Time between two measurements of a load.
const WHILE_LOADING: Duration = Duration::from_secs(2);
/// Time between two looks while nothing is loading.
const WHILE_WHOLE: Duration = Duration::from_secs(5);

/// Measures one chain.
pub struct Progress {
    pool: Pool,
    chain: ChainKey,
    alias: Arc<str>,
    name: String,
    /// Whether the last look found a load.
    loading: AtomicBool,
}

impl Progress {
    /// The worker of the chain `alias`.
    pub fn new(pool: Pool, chain: ChainKey, alias: &str) -> Self {
        let name = format!("progress {alias}");
        Self { pool, chain, alias: alias.into(), name, loading: AtomicBool::new(false) }
    }

    fn show(&self, of: &ChainLoad) {
        let (name, load) = (&*self.alias, &of.load);
        let shown = |count: i64| if load.loading { count as f64 } else { 0.0 };
        let eta = if load.loading { load.eta_s().unwrap_or(f64::NAN) } else { 0.0 };
        metrics::load_blocks_done(name).set(shown(load.blocks_done));
        metrics::load_blocks(name).set(shown(load.blocks_total));
        metrics::load_rate(name).set(load.blocks_per_s.unwrap_or(0.0));
        metrics::load_eta(name).set(eta);
        metrics::spans(name, SpanState::Waiting).set(of.waiting as f64);
        metrics::spans(name, SpanState::Reading).set(of.reading as f64);
        metrics::spans(name, SpanState::Failing).set(of.failing as f64);
        metrics::spans_pending(name).set((of.waiting + of.reading + of.failing) as f64);
    }
}

#[async_trait]
impl Worker for Progress {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        if self.loading.load(Ordering::Relaxed) { WHILE_LOADING } else { WHILE_WHOLE }
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        progress::measure(&self.pool, self.chain).await?;
        for of in progress::loads(&self.pool, Some(self.chain)).await? {
            self.loading.store(of.load.loading, Ordering::Relaxed);
            self.show(&of);
        }
        let counts = counters::by_state(&self.pool, self.chain).await?;
        for state in ContractState::ALL {
            let count = counts.get(state.as_str()).copied().unwrap_or(0);
            metrics::contracts(&self.alias, state).set(count as f64);
        }
        Ok(Pass::Idle)
    }
}
