//! Joins contracts to their chain.
//!
//! The configuration and the API only write the wish. A pass takes the chain's lock, lets the live
//! edge write the contract from the block after the checkpoint on, plans a span for what lies
//! below, and raises the filter version, so that a live commit that was fetched with the old set
//! of contracts is refused.

use std::time::Duration;

use async_trait::async_trait;

use super::commit::subjects;
use super::tell;
use super::{Context, count_told};
use crate::decode::KINDS;
use crate::store::contracts::{self, Contract};
use crate::store::events;
use crate::store::wishes::{self, Tracked};
use crate::store::{StoreError, blocks, chains, notify, spans};
use crate::types::EventKind;
use crate::work::{Pass, Topic, Worker};

/// Most contracts joined in one transaction, which holds the chain's lock.
const JOIN_MAX: i64 = 500;

/// Joins the contracts of one chain.
pub struct Track {
    context: Context,
    name: String,
}

impl Track {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        Self { name: format!("track {}", context.name), context }
    }

    async fn join(&self) -> Result<Pass, StoreError> {
        let context = &self.context;
        if contracts::probing(&context.pool, context.key, 1).await?.is_empty() {
            return Ok(Pass::Idle);
        }
        let mut tx = context.pool.begin().await?;
        let row = chains::lock(&mut tx, context.key).await?;
        let (Some((checkpoint, _)), true) = (row.checkpoint, row.is_followed()) else {
            return Ok(Pass::Idle);
        };
        let Some(block) = blocks::named(&mut *tx, context.key, checkpoint).await? else {
            return Err(StoreError::Corrupt { column: "chains.checkpoint" });
        };
        let waiting = contracts::probing(&mut *tx, context.key, JOIN_MAX).await?;
        if waiting.is_empty() {
            return Ok(Pass::Idle);
        }
        let keys: Vec<_> = waiting.iter().map(|contract| contract.key).collect();
        let joined = contracts::join(&mut tx, &keys, checkpoint + 1).await?;
        let subjects = subjects(&waiting);
        let new = || waiting.iter().filter(|contract| joined.contains(&contract.key));
        let past: Vec<_> = new()
            .filter(|contract| contract.start_block <= checkpoint)
            .map(|contract| (contract.key, contract.start_block))
            .collect();
        spans::plan(&mut tx, context.key, KINDS, &past, checkpoint).await?;
        let told = |contract: &Contract| {
            let (kind, subject) = (EventKind::ContractAdded, subjects[&contract.key]);
            tell::contract(context.id, kind, subject, contract.start_block, block)
        };
        let events: Vec<_> = new().map(told).collect();
        chains::bump_filter(&mut tx, context.key).await?;
        events::append(&mut tx, (context.key, context.id), &events).await?;
        tx.commit().await?;
        count_told(context, &events);
        tracing::info!(
            chain.id = %context.id,
            block.number = checkpoint + 1,
            "{} follows {} more contracts from block {} on", context.name, joined.len(), checkpoint + 1
        );
        notify::send(&context.pool, Topic::Spans.as_str()).await?;
        notify::send(&context.pool, Topic::Folds.as_str()).await?;
        Ok(Pass::Worked)
    }
}

/// Writes the wishes of the configuration; contracts that are known already stay as they are.
pub async fn ensure(context: &Context, wanted: &[Tracked]) -> Result<(), StoreError> {
    let stored = wishes::track_all(&context.pool, context.key, wanted, "config").await?;
    for wish in wanted {
        let Some((start_block, standard)) = stored.get(&wish.address) else { continue };
        if let (Some(stated), Some(stored)) = (wish.standard, standard)
            && stated != *stored
        {
            tracing::warn!(
                chain.id = %context.id,
                contract = %wish.address,
                "{} is read as {stored}; its configured standard {stated} is not applied",
                wish.address
            );
        }
        if *start_block != wish.start_block {
            tracing::warn!(
                chain.id = %context.id,
                contract = %wish.address,
                "{} is followed from block {start_block}; its configured start_block {} is not \
                 applied",
                wish.address, wish.start_block
            );
        }
    }
    Ok(())
}

#[async_trait]
impl Worker for Track {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn topic(&self) -> Option<Topic> {
        Some(Topic::Contracts)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        Ok(self.join().await?)
    }
}
