//! Builds the ownership of a contract whose past is whole.
//!
//! Under the chain's lock: no live commit or rewind changes the transfers meanwhile, and the next
//! live commit finds the contract ready and goes on from what was built.

use std::time::Duration;

use async_trait::async_trait;

use super::commit::subjects;
use super::{Context, count_told, tell};
use crate::store::events;
use crate::store::{StoreError, blocks, chains, contracts, fold};
use crate::types::{ContractState, EventKind};
use crate::work::{Pass, Topic, Worker};

/// Folds the contracts of one chain.
pub struct Fold {
    context: Context,
    name: String,
}

impl Fold {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        Self { name: format!("fold {}", context.name), context }
    }

    async fn fold(&self) -> Result<Pass, StoreError> {
        let context = &self.context;
        let Some(found) = contracts::whole(&context.pool, context.key).await? else {
            return Ok(Pass::Idle);
        };
        contracts::set_folding(&context.pool, found.key).await?;
        let mut tx = context.pool.begin().await?;
        let row = chains::lock(&mut tx, context.key).await?;
        if !row.is_followed() {
            return Ok(Pass::Idle);
        }
        // A rewind or another replica may have been here since.
        let still = contracts::whole(&mut *tx, context.key).await?;
        let (Some(contract), Some((number, _))) = (still, row.checkpoint) else {
            return Ok(Pass::Worked);
        };
        let Some(block) = blocks::named(&mut *tx, context.key, number).await? else {
            return Err(StoreError::Corrupt { column: "chains.checkpoint" });
        };
        if contract.key != found.key || contract.state != ContractState::Folding {
            return Ok(Pass::Worked);
        }
        fold::rebuild(&mut tx, context.key, contract.key, number).await?;
        let subject = subjects(std::slice::from_ref(&contract))[&contract.key];
        let (kind, start) = (EventKind::ContractReady, contract.start_block);
        let ready = tell::contract(context.id, kind, subject, start, block);
        // The live edge holds a list of contracts with their states; it must read it again.
        chains::bump_filter(&mut tx, context.key).await?;
        let told = [ready];
        events::append(&mut tx, (context.key, context.id), &told).await?;
        tx.commit().await?;
        count_told(context, &told);
        tracing::info!(
            chain.id = %context.id,
            contract = %contract.address,
            block.number = number,
            "{} has the whole history of {} up to block {number}", context.name, contract.address
        );
        Ok(Pass::Worked)
    }
}

#[async_trait]
impl Worker for Fold {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn topic(&self) -> Option<Topic> {
        Some(Topic::Folds)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        Ok(self.fold().await?)
    }
}
