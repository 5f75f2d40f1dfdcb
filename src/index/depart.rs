//! Stops following a contract, by a person's word.
//!
//! `track`'s mirror: under the chain's lock the live edge stops writing the contract with the
//! checkpoint, its spans end, and what is stored of its past is noted, so that following it again
//! reads only what is missing. The row stays: it keeps the configuration from adding the contract
//! again.

use super::commit::subjects;
use super::{seams, tell};
use crate::store::chains::ChainRow;
use crate::store::{Pool, StoreError, blocks, chains, contracts, departures, events, loaded};
use crate::types::{Caip2, ChainKey, ContractKey, EventKind};

/// Stops a contract; with `purge` its facts are removed by a worker afterwards. Answers whether it
/// was followed until now. Doing it twice is harmless.
pub async fn stop(
    pool: &Pool,
    (chain, id): (ChainKey, Caip2),
    contract: ContractKey,
    purge: bool,
) -> Result<bool, StoreError> {
    let mut tx = pool.begin().await?;
    let row = chains::lock(&mut tx, chain).await?;
    let checkpoint = row.checkpoint.map(|(number, _)| number);
    seams::leave(&mut tx, &[contract]).await?;
    let stopped = departures::stop(&mut tx, contract, checkpoint, purge).await?;
    if purge {
        loaded::forget(&mut tx, contract).await?;
    }
    let Some(live_from) = stopped else {
        tx.commit().await?;
        return Ok(false);
    };
    if let (Some(from), Some(to), false) = (live_from, checkpoint, purge) {
        let wrote = [(contract, from.unsigned_abs())];
        loaded::add(&mut tx, chain, &row.log_kinds, (&wrote, to)).await?;
    }
    chains::bump_filter(&mut tx, chain).await?;
    if live_from.is_some() {
        tell_of(&mut tx, (&row, id), contract).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// A contract that was never joined was never told of, so its end is not told either.
async fn tell_of(
    tx: &mut sqlx::PgConnection,
    (row, id): (&ChainRow, Caip2),
    contract: ContractKey,
) -> Result<(), StoreError> {
    let Some((number, _)) = row.checkpoint else { return Ok(()) };
    let Some(block) = blocks::named(&mut *tx, row.key, number).await? else {
        return Err(StoreError::Corrupt { column: "chains.checkpoint" });
    };
    let contracts = contracts::by_keys(&mut *tx, &[contract]).await?;
    let Some(found) = contracts.first() else { return Ok(()) };
    let subject = subjects(&contracts)[&contract];
    let kind = EventKind::ContractRemoved;
    let told = tell::contract(id, kind, subject, (found.start_block, row.filter_version), block);
    events::append(tx, (row.key, id), &[told]).await
}
