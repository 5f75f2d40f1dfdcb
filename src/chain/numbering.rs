//! Whether an endpoint numbers logs as their blocks have them.
//!
//! Some nodes count logs from 0 in each transaction, or give one index twice. An answer shows that
//! where two different logs of it have one index, but an answer for one contract seldom holds two.
//! So all logs of one block are looked at once, before the first logs of an endpoint are believed,
//! and a marked endpoint is believed in none.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use serde_json::json;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::failure::{Blame, Failure};
use super::line::Call;
use super::question::read;
use super::receipts::{self, Doubled};
use super::sift::{Sifted, Wanted, doubled};
use super::wire::WireLog;
use super::{ChainError, LogFilter, RawLog};

/// Most blocks of one answer that are read by receipts: each costs as much as all its logs, so a
/// range of many is rather asked in parts.
const BLOCKS_MAX: usize = 8;

/// The logs of an answer as their blocks number them: those of an endpoint that numbers well are
/// handed on, the blocks of another are read by their receipts.
pub(super) async fn settled(
    endpoint: &Endpoint,
    sifted: Sifted,
    filter: &LogFilter,
) -> Result<Vec<RawLog>, Failure> {
    let Sifted { mut logs, doubled } = sifted;
    match doubled.first() {
        Some(first) => endpoint.mark(first.number, doubled.len()),
        None => look_once(endpoint, &logs).await?,
    }
    let now = Instant::now();
    if endpoint.record().mark.shown(now).is_none() {
        return Ok(logs);
    }
    let mut blocks = blocks_of(&logs);
    blocks.extend(doubled.into_iter().map(|block| (block.number, block)));
    if blocks.len() > BLOCKS_MAX {
        let text = format!(
            "{} blocks with logs of an endpoint that gives two one index; at most {BLOCKS_MAX} \
             are read by receipts at once",
            blocks.len()
        );
        return Err(ChainError::TooManyLogs { text }.into());
    }
    let wanted = Wanted::by(filter);
    logs.clear();
    for block in blocks.values() {
        let found = receipts::logs(endpoint, block).await?;
        logs.extend(found.into_iter().filter(|log| wanted.has(log)));
    }
    Ok(logs)
}

/// Looks at all logs of one block of this answer, until such a look has told something. A node that
/// cannot show them is as it was.
async fn look_once(endpoint: &Endpoint, logs: &[RawLog]) -> Result<(), Failure> {
    let Some(log) = logs.last() else { return Ok(()) };
    if !endpoint.record().mark.looks(Instant::now()) {
        return Ok(());
    }
    let all = Call::new("eth_getLogs", json!([{ "blockHash": log.block_hash }]));
    let reply = match endpoint.ask(&[all]).await {
        Ok(mut replies) => replies.pop(),
        Err(failure) => Some(Err(failure)),
    };
    let raw = match reply {
        Some(Ok(raw)) => raw,
        Some(Err(failure)) if matches!(failure.blame, Blame::Rate | Blame::Cut | Blame::Nobody) => {
            return Err(failure);
        }
        Some(Err(_)) | None => return Ok(()),
    };
    // Logs that nobody asked for may be of any shape.
    let wire: Vec<WireLog> = read(&raw).unwrap_or_default();
    let mut shown: Vec<RawLog> =
        wire.into_iter().filter_map(|log| RawLog::try_from(log).ok()).collect();
    shown.retain(|one| one.block_hash == log.block_hash);
    shown.sort_by_key(|log| log.log_index);
    shown.dedup();
    let transactions: BTreeSet<B256> = shown.iter().map(|log| log.tx_hash).collect();
    match doubled(&shown).first() {
        Some(block) => endpoint.mark(block.number, 1),
        // In one transaction, counting by transaction and by block are the same.
        None if transactions.len() > 1 => endpoint.record().mark.numbers_well(),
        None => {}
    }
    Ok(())
}

fn blocks_of(logs: &[RawLog]) -> BTreeMap<u64, Doubled> {
    let mut blocks = BTreeMap::new();
    for log in logs {
        let block = blocks.entry(log.block).or_insert_with(|| Doubled {
            number: log.block,
            hash: log.block_hash,
            transactions: BTreeSet::new(),
        });
        block.transactions.insert(log.tx_hash);
    }
    blocks
}
