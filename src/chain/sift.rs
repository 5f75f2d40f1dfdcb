//! Which of the logs that a node answered are an answer to what was asked. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use alloy::primitives::{Address, B256};

use super::receipts::Doubled;
use super::wire::{NotALog, WireLog};
use super::{LogFilter, LogScope, RawLog};
use crate::types::BlockRef;

/// Why logs cannot be an answer to what was asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Oddity {
    /// One is no log at all.
    #[error(transparent)]
    NotALog(#[from] NotALog),
    /// One stands outside of what was asked.
    #[error("a log of block {0}, which was not asked for")]
    Outside(u64),
    /// Two blocks of one height, or another one than the header beside the logs.
    #[error("logs of different blocks of height {0}")]
    TwoBlocks(u64),
}

/// What is left of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sifted {
    /// Logs that can be believed, by position, each once.
    pub(super) logs: Vec<RawLog>,
    /// Blocks in which two different logs have one index, so that none of its logs has a place.
    pub(super) doubled: Vec<Doubled>,
}

/// The logs in `scope` that pass `filter`. `top` is the block that the
/// node showed beside them: the last of the range, or the one of the hash.
///
/// What merely fails the filter is left out, because some nodes filter less than asked.
pub(super) fn sift(
    logs: Vec<WireLog>,
    scope: LogScope,
    top: &BlockRef,
    filter: &LogFilter,
) -> Result<Sifted, Oddity> {
    let wanted = Wanted::by(filter);
    let mut hashes: HashMap<u64, B256> = HashMap::from([(top.number, top.hash)]);
    let mut kept = Vec::with_capacity(logs.len());
    for log in logs {
        let log = RawLog::try_from(log)?;
        let is_inside = match scope {
            LogScope::Range(from, to) => (from..=to).contains(&log.block),
            LogScope::Hash(hash) => log.block_hash == hash && log.block == top.number,
        };
        if !is_inside {
            return Err(Oddity::Outside(log.block));
        }
        if *hashes.entry(log.block).or_insert(log.block_hash) != log.block_hash {
            return Err(Oddity::TwoBlocks(log.block));
        }
        if wanted.has(&log) {
            kept.push(log);
        }
    }
    kept.sort_by_key(|log| (log.block, log.log_index));
    kept.dedup();
    let doubled = doubled(&kept);
    let numbers: BTreeSet<u64> = doubled.iter().map(|block| block.number).collect();
    kept.retain(|log| !numbers.contains(&log.block));
    Ok(Sifted { logs: kept, doubled })
}

/// A filter, made ready for many logs.
pub(super) struct Wanted<'a> {
    addresses: HashSet<&'a Address>,
    topics: &'a [B256],
}

impl<'a> Wanted<'a> {
    /// What passes this filter.
    pub(super) fn by(filter: &'a LogFilter) -> Self {
        Self { addresses: filter.addresses.iter().collect(), topics: &filter.topics }
    }

    /// Whether this log does.
    pub(super) fn has(&self, log: &RawLog) -> bool {
        log.topics.first().is_some_and(|topic| self.topics.contains(topic))
            && (self.addresses.is_empty() || self.addresses.contains(&log.address))
    }
}

/// The blocks of these ordered logs in which two have one place, by height.
pub(super) fn doubled(logs: &[RawLog]) -> Vec<Doubled> {
    let of_block = logs.chunk_by(|one, other| one.block == other.block);
    let twice = |logs: &[RawLog]| logs.windows(2).any(|two| place(&two[0]) == place(&two[1]));
    let block = |logs: &[RawLog]| Doubled {
        number: logs[0].block,
        hash: logs[0].block_hash,
        transactions: logs.iter().map(|log| log.tx_hash).collect(),
    };
    of_block.filter(|logs| twice(logs)).map(block).collect()
}

fn place(log: &RawLog) -> (u64, u32) {
    (log.block, log.log_index)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: B256 = B256::repeat_byte(0xdd);

    /// A log of contract 1 in block `block`, changed by `change`.
    fn log(block: u64, index: u64, change: &[(&str, serde_json::Value)]) -> WireLog {
        let mut value = serde_json::json!({
            "address": Address::repeat_byte(1), "topics": [TOPIC], "data": "0x",
            "blockNumber": format!("{block:#x}"), "blockHash": hash(block),
            "transactionHash": B256::ZERO, "logIndex": format!("{index:#x}"),
        });
        for (key, new) in change {
            value[key] = new.clone();
        }
        serde_json::from_value(value).unwrap()
    }

    fn hash(block: u64) -> B256 {
        B256::from(alloy::primitives::U256::from(block + 1_000))
    }

    fn places(logs: Vec<WireLog>, scope: LogScope) -> Result<Vec<(u64, u32)>, Oddity> {
        let top = BlockRef { number: 9, hash: hash(9), parent: hash(8), time: 0 };
        let filter = LogFilter { addresses: vec![Address::repeat_byte(1)], topics: vec![TOPIC] };
        Ok(sift(logs, scope, &top, &filter)?.logs.iter().map(place).collect())
    }

    #[test]
    fn logs_are_filtered_ordered_and_unique() {
        let foreign = [("address", serde_json::json!(Address::repeat_byte(2)))];
        let other_topic = [("topics", serde_json::json!([B256::ZERO]))];
        let no_topic = [("topics", serde_json::json!([]))];
        let logs = vec![
            log(9, 1, &[]),
            log(5, 7, &[]),
            log(9, 0, &[]),
            log(5, 7, &[]),
            log(6, 0, &foreign),
            log(6, 1, &other_topic),
            log(6, 2, &no_topic),
        ];
        assert_eq!(places(logs, LogScope::Range(5, 9)), Ok(vec![(5, 7), (9, 0), (9, 1)]));
    }

    #[test]
    fn an_answer_that_cannot_be_one_is_refused() {
        let elsewhere = [("blockHash", serde_json::json!(hash(77)))];
        let removed = [("removed", serde_json::json!(true))];
        let range = LogScope::Range(5, 9);
        for (logs, scope, expected) in [
            (vec![log(4, 0, &[])], range, Oddity::Outside(4)),
            (vec![log(10, 0, &[])], range, Oddity::Outside(10)),
            (vec![log(9, 0, &elsewhere)], range, Oddity::TwoBlocks(9)),
            (vec![log(6, 0, &[]), log(6, 1, &elsewhere)], range, Oddity::TwoBlocks(6)),
            (vec![log(9, 0, &elsewhere)], LogScope::Hash(hash(9)), Oddity::Outside(9)),
            (vec![log(8, 0, &[])], LogScope::Hash(hash(9)), Oddity::Outside(8)),
            (vec![log(6, 0, &removed)], range, NotALog::Removed.into()),
        ] {
            assert_eq!(places(logs, scope), Err(expected));
        }
    }
}
