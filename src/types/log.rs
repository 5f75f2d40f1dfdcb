//! A raw log, before anybody has decoded it.

use alloy::primitives::{Address, B256, Bytes};

/// A log as a node answers it; nothing about it has been believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLog {
    /// Emitting contract.
    pub address: Address,
    /// Up to four topics.
    pub topics: Vec<B256>,
    /// Unindexed data.
    pub data: Bytes,
    /// Height of the block that the node says holds the log.
    pub block: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Seconds of that block, where the node says so (execution-apis #639).
    pub block_time: Option<u64>,
    /// Transaction that emitted it.
    pub tx_hash: B256,
    /// Index in the block.
    pub log_index: u32,
}
