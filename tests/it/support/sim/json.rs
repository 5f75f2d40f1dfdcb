//! Blocks, logs and receipts in the JSON of the execution API.

use alloy::primitives::B256;
use alloy_consensus::{ReceiptEnvelope, Typed2718};
use herald::chain::RawLog;
use serde_json::{Value, json};

use super::block::SimBlock;

/// A header, as subscriptions announce it.
pub(crate) fn header(block: &SimBlock) -> Value {
    let mut shown = serde_json::to_value(&block.header).expect("headers are plain data");
    shown["hash"] = json!(block.hash);
    shown
}

/// A block with the hashes of its transactions.
pub(crate) fn block(block: &SimBlock) -> Value {
    let mut shown = header(block);
    shown["transactions"] = block.txs.iter().map(|tx| json!(tx.hash)).collect();
    shown["uncles"] = json!([]);
    shown["withdrawals"] = json!([]);
    shown["size"] = quantity(1_000);
    shown
}

/// A log; `tx_index` is the place of its transaction in the block.
pub(crate) fn log(log: &RawLog, tx_index: usize) -> Value {
    let mut shown = json!({
        "address": log.address,
        "topics": log.topics,
        "data": log.data,
        "blockNumber": quantity(log.block),
        "blockHash": log.block_hash,
        "transactionHash": log.tx_hash,
        "transactionIndex": quantity(tx_index as u64),
        "logIndex": quantity(u64::from(log.log_index)),
        "removed": false,
    });
    if let Some(time) = log.block_time {
        shown["blockTimestamp"] = quantity(time);
    }
    shown
}

/// Every receipt of a block.
pub(crate) fn receipts(block: &SimBlock) -> Value {
    let all = block.receipts();
    (0..).zip(&all).map(|(tx_index, sealed)| receipt(block, tx_index, sealed)).collect()
}

/// The place in its block of the transaction with this hash.
pub(crate) fn tx_index(block: &SimBlock, hash: B256) -> usize {
    block.txs.iter().position(|tx| tx.hash == hash).expect("a log names a transaction of its block")
}

fn receipt(block: &SimBlock, index: usize, sealed: &ReceiptEnvelope) -> Value {
    let tx = &block.txs[index];
    let logs = block.logs.iter().filter(|log| log.tx_hash == tx.hash);
    json!({
        "type": quantity(u64::from(sealed.ty())),
        "status": quantity(u64::from(tx.succeeds)),
        "cumulativeGasUsed": quantity(sealed.cumulative_gas_used()),
        "logsBloom": sealed.logs_bloom(),
        "logs": logs.map(|raw| log(raw, index)).collect::<Vec<_>>(),
        "transactionHash": tx.hash,
        "transactionIndex": quantity(index as u64),
        "blockHash": block.hash,
        "blockNumber": quantity(block.header.number),
    })
}

/// A number as the execution API writes it.
pub(crate) fn quantity(number: u64) -> Value {
    json!(format!("{number:#x}"))
}
