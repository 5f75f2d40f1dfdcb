//! Builds the ownership of a contract whose past is whole.
//!
//! Under the chain's lock: no live commit or rewind changes the transfers meanwhile, and the next
//! live commit finds the contract ready and goes on from what was built.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;

use super::commit::subjects;
use super::{Context, count_told, hold, tell};
use crate::store::contracts::{self, Contract};
use crate::store::{StoreError, blocks, chains, counters, events, fold, loaded, transfers};
use crate::types::{ChainKey, ContractKey, ContractState, EventKind};
use crate::work::{Pass, Topic, Worker};

/// Transfers replayed at once: some megabytes.
const PART_MAX: i64 = 10_000;

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
        let kinds = context.kinds_named(|kind| kind.moves_tokens);
        let found = loaded::whole(&context.pool, context.key, &kinds, 1).await?;
        let Some(found) = found.into_iter().next() else {
            return Ok(Pass::Idle);
        };
        contracts::set_folding(&context.pool, found.key).await?;
        let mut tx = context.pool.begin().await?;
        let row = chains::lock(&mut tx, context.key).await?;
        if !row.is_followed() {
            return Ok(Pass::Idle);
        }
        // A rewind or another replica may have been here since.
        let still = loaded::whole(&mut *tx, context.key, &kinds, 1).await?;
        let (Some(contract), Some((number, _))) = (still.into_iter().next(), row.checkpoint) else {
            return Ok(Pass::Worked);
        };
        let Some(block) = blocks::named(&mut *tx, context.key, number).await? else {
            return Err(StoreError::Corrupt { column: "chains.checkpoint" });
        };
        if contract.key != found.key || contract.state != ContractState::Folding {
            return Ok(Pass::Worked);
        }
        build(&mut tx, context.key, &contract).await?;
        fold::finish(&mut tx, contract.key, number).await?;
        let subject = subjects(std::slice::from_ref(&contract))[&contract.key];
        let kind = EventKind::ContractReady;
        let turn = (contract.start_block, row.filter_version);
        let ready = tell::contract(context.id, kind, subject, turn, block);
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

/// Builds ownership and counters anew.
async fn build(
    tx: &mut PgConnection,
    chain: ChainKey,
    contract: &Contract,
) -> Result<(), StoreError> {
    let key = contract.key;
    fold::clear(tx, chain, key).await?;
    counters::reset(tx, key).await?;
    match contract.standard {
        // No log has shown a standard, so there is no transfer.
        None => Ok(()),
        Some(_) if contract.has_ranges => replay(tx, chain, key).await,
        Some(standard) => fold::rebuild(tx, chain, key, standard).await,
    }
}

/// Goes through the transfers in order as the live edge does: a range changes any number of tokens,
/// which no window over single tokens sees.
async fn replay(
    tx: &mut PgConnection,
    chain: ChainKey,
    contract: ContractKey,
) -> Result<(), StoreError> {
    let ranged = HashSet::from([contract]);
    let mut after = None;
    loop {
        let part = transfers::following(tx, chain, contract, (after, PART_MAX)).await?;
        let Some(last) = part.last() else { return Ok(()) };
        after = Some(last.transfer.position.block);
        hold::apply(tx, chain, &ranged, part).await?;
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
