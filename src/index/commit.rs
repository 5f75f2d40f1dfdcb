//! The transaction forward: blocks, transfers, ownership, events and the checkpoint, all or none.
//!
//! It holds only if the checkpoint, the filter and the lease are still what this pass read; that
//! also fences a second replica.

use std::collections::{BTreeSet, HashMap, HashSet};

use alloy::primitives::B256;
use sqlx::PgConnection;

use super::settle::{self, Sight};
use super::tell::{self, Subject};
use super::{Context, count_told, hold};
use crate::chain::Header;
use crate::store::chains::{self, ChainRow};
use crate::store::contracts::{self, Contract};
use crate::store::events::{self, EventBlock};
use crate::store::transfers::{self, StoredTransfer};
use crate::store::{StoreError, blocks, instant, leases, readings};
use crate::types::{BlockRef, ContractKey, ContractState};

/// What one pass commits.
pub(super) struct Batch<'a> {
    /// The checkpoint that this pass built on.
    pub(super) expected: (u64, B256),
    /// The filter that the logs were asked with.
    pub(super) filter_version: i64,
    /// The contracts of that filter.
    pub(super) contracts: &'a [Contract],
    /// Linked blocks above the checkpoint.
    pub(super) headers: &'a [Header],
    /// Their transfers, ordered by position.
    pub(super) transfers: &'a [StoredTransfer],
    /// What this pass was shown of finality.
    pub(super) sight: &'a Sight,
}

/// Writes the batch.
pub(super) async fn commit(
    context: &Context,
    lease: &leases::Lease,
    batch: &Batch<'_>,
) -> Result<(), StoreError> {
    let new: Vec<BlockRef> = batch.headers.iter().map(|header| header.block).collect();
    let Some(last) = new.last() else { return Ok(()) };
    let checkpoint = (last.number, last.hash);
    let mut tx = context.pool.begin().await?;
    let row = fence(&mut tx, context, lease, batch).await?;
    let epochs = blocks::append(&mut tx, context.key, &new).await?;
    readings::note_ranges(&mut tx, &ranged(batch.transfers)).await?;
    transfers::append(&mut tx, context.key, batch.transfers).await?;
    hold(&mut tx, context, batch.transfers).await?;
    let mut events = told(context, batch, &epochs);
    events.extend(settle::raise(&mut tx, context, (&row, batch.sight), checkpoint).await?);
    chains::move_checkpoint(&mut tx, context.key, checkpoint, false).await?;
    events::append(&mut tx, (context.key, context.id), &events).await?;
    tx.commit().await?;
    count_told(context, &events);
    Ok(())
}

async fn fence(
    tx: &mut PgConnection,
    context: &Context,
    lease: &leases::Lease,
    batch: &Batch<'_>,
) -> Result<ChainRow, StoreError> {
    let row = chains::lock(tx, context.key).await?;
    leases::check(tx, lease).await?;
    if row.checkpoint != Some(batch.expected) {
        return Err(StoreError::Fenced { what: "checkpoint" });
    }
    if row.filter_version != batch.filter_version {
        return Err(StoreError::Fenced { what: "filter" });
    }
    if !row.is_followed() {
        return Err(StoreError::Fenced { what: "status" });
    }
    Ok(row)
}

/// Applies the transfers of ready contracts to ownership and counters; the others' ownership is
/// built by the fold.
///
/// Which are ready is read under the chain's lock: a fold may have ended since the logs were asked
/// for, and neither the filter nor the logs follow from it.
async fn hold(
    tx: &mut PgConnection,
    context: &Context,
    transfers: &[StoredTransfer],
) -> Result<(), StoreError> {
    let movers: BTreeSet<ContractKey> = transfers.iter().map(|stored| stored.contract).collect();
    if movers.is_empty() {
        return Ok(());
    }
    let movers: Vec<ContractKey> = movers.into_iter().collect();
    let ready: HashMap<ContractKey, bool> = contracts::by_keys(&mut *tx, &movers)
        .await?
        .into_iter()
        .filter(|contract| contract.state == ContractState::Ready)
        .map(|contract| (contract.key, contract.has_ranges))
        .collect();
    let moved =
        transfers.iter().filter(|stored| ready.contains_key(&stored.contract)).cloned().collect();
    let ranged = ready.into_iter().filter(|(_, has_ranges)| *has_ranges);
    let ranged: HashSet<ContractKey> = ranged.map(|(contract, _)| contract).collect();
    hold::apply(tx, context.key, &ranged, moved).await
}

fn told(context: &Context, batch: &Batch<'_>, epochs: &HashMap<u64, i32>) -> Vec<events::NewEvent> {
    let subjects = subjects(batch.contracts);
    let blocks: HashMap<u64, EventBlock> = batch
        .headers
        .iter()
        .map(|header| {
            let BlockRef { number, hash, time, .. } = header.block;
            let epoch = epochs.get(&number).copied().unwrap_or(0);
            (number, EventBlock { number, hash, time: instant(time), epoch })
        })
        .collect();
    batch
        .transfers
        .iter()
        .filter_map(|stored| {
            let subject = subjects.get(&stored.contract)?;
            let block = blocks.get(&stored.transfer.position.block)?;
            Some(tell::token(context.id, *subject, *block, stored))
        })
        .collect()
}

/// The contracts that move ranges by these transfers.
pub(super) fn ranged(transfers: &[StoredTransfer]) -> Vec<ContractKey> {
    let ranges = transfers.iter().filter(|stored| stored.transfer.token_id_to.is_some());
    let ranged: BTreeSet<ContractKey> = ranges.map(|stored| stored.contract).collect();
    ranged.into_iter().collect()
}

/// The contracts as events name them.
pub(super) fn subjects(contracts: &[Contract]) -> HashMap<ContractKey, Subject> {
    contracts
        .iter()
        .map(|contract| {
            let Contract { key, address, standard, id_in_data, .. } = *contract;
            (key, Subject { key, address, standard, id_in_data: id_in_data == Some(true) })
        })
        .collect()
}
