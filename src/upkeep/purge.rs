//! Removes the facts of contracts that were stopped for good, some rows at a time, once the indexes
//! are there that find them.

use std::time::Duration;

use async_trait::async_trait;

use crate::store::{Pool, chains, departures};
use crate::types::ChainKey;
use crate::work::{Pass, Worker};

/// Rows of each table removed in one transaction, which holds the chain's lock: well under a tenth of
/// a second by the indexes, so that the live edge keeps its pace.
const ROWS_MAX: i64 = 5_000;

/// Purges the contracts of one chain.
pub struct Purge {
    pool: Pool,
    chain: ChainKey,
    name: String,
}

impl Purge {
    /// The worker of the chain `alias`.
    pub fn new(pool: Pool, chain: ChainKey, alias: &str) -> Self {
        Self { pool, chain, name: format!("purge {alias}") }
    }
}

#[async_trait]
impl Worker for Purge {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        if departures::purging(&self.pool, self.chain).await?.is_none() {
            return Ok(Pass::Idle);
        }
        let mut tx = self.pool.begin().await?;
        // A rewind removes and restores rows of any contract, and one that was purged meanwhile may
        // already be followed again.
        chains::lock(&mut tx, self.chain).await?;
        let Some(contract) = departures::purging(&mut *tx, self.chain).await? else {
            return Ok(Pass::Worked);
        };
        if !departures::purge(&mut tx, (self.chain, contract), ROWS_MAX).await? {
            departures::purged(&mut tx, contract).await?;
        }
        tx.commit().await?;
        Ok(Pass::Worked)
    }
}
