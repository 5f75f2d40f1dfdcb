//! Forgets what nothing refers to any more: final blocks without a transfer, and plans that are done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::store::{Pool, chains, load_sets, prune};
use crate::types::ChainKey;
use crate::work::{Pass, Worker};

/// Heights looked at in one pass: a delete of this many rows takes well under a second.
const HEIGHTS_MAX: u64 = 20_000;

/// Forgets final blocks of one chain that hold no transfer. Above the final mark every block is
/// kept, because a reorg is found by its hash.
pub struct Prune {
    pool: Pool,
    chain: ChainKey,
    name: String,
    /// Blocks below it were looked at by this process.
    done: AtomicU64,
}

impl Prune {
    /// The worker of the chain `alias`.
    pub fn new(pool: Pool, chain: ChainKey, alias: &str) -> Self {
        Self { pool, chain, name: format!("prune {alias}"), done: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Worker for Prune {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        load_sets::forget_finished(&self.pool, self.chain).await?;
        let Some(floor) = chains::load(&self.pool, self.chain).await?.finalized else {
            return Ok(Pass::Idle);
        };
        let from = self.done.load(Ordering::Relaxed);
        let Some(first) = prune::lowest_from(&self.pool, self.chain, from).await? else {
            return Ok(Pass::Idle);
        };
        let below = floor.min(first.saturating_add(HEIGHTS_MAX));
        if below <= first {
            return Ok(Pass::Idle);
        }
        let mut tx = self.pool.begin().await?;
        prune::prune(&mut tx, self.chain, (first, below)).await?;
        tx.commit().await?;
        self.done.store(below, Ordering::Relaxed);
        Ok(if below < floor { Pass::Worked } else { Pass::Idle })
    }
}
