//! Reads the logs of a block from its receipts, for where a node numbers logs wrongly.
//!
//! Receipts hold every log of a block in its order, so the indices are counted anew from them and
//! what a node says of indices is not read. Logs of failed transactions are counted and left out:
//! Polygon keeps the log of a failed transaction's fee among the block's logs, elsewhere there are
//! none. What is missing or contradicts itself is an error, never a guess.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, Bytes};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use super::failure::{Blame, Failure, with_text};
use super::line::{Call, Reply};
use super::question::read;
use super::wire::{LOG_INDEX_MAX, TOPICS_MAX, lenient_time, number, quantity};
use super::{HEADERS_MAX, RawLog};

/// Most transactions of a block whose receipts are asked one by one; the fullest blocks of fast
/// chains hold some thousands.
const TRANSACTIONS_MAX: usize = 20_000;

/// A block of an endpoint that gives two different logs one index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Doubled {
    /// Height.
    pub(super) number: u64,
    /// Hash.
    pub(super) hash: B256,
    /// The transactions that its logs named, whose receipts therefore have to be there.
    pub(super) transactions: BTreeSet<B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireReceipt {
    transaction_hash: B256,
    #[serde(deserialize_with = "number")]
    transaction_index: u64,
    block_hash: B256,
    /// 0 where the transaction failed; blocks before Byzantium (EIP-658) have none.
    #[serde(default)]
    status: Option<String>,
    logs: Vec<ReceiptLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_hash: B256,
    #[serde(default, deserialize_with = "lenient_time")]
    block_timestamp: Option<u64>,
}

#[derive(Deserialize)]
struct WireTransactions {
    hash: B256,
    transactions: Vec<B256>,
}

/// All logs of `block` that its succeeded transactions emitted.
pub(super) async fn logs(endpoint: &Endpoint, block: &Doubled) -> Result<Vec<RawLog>, Failure> {
    of_block(endpoint, block).await.map_err(|failure| explained(failure, block))
}

/// Says what the failure is about and what an operator can do.
fn explained(failure: Failure, block: &Doubled) -> Failure {
    let Failure { error, blame, retry_after, verdict } = failure.without_limits();
    let error = with_text(error, |why| {
        format!(
            "it gives two logs one index, and the receipts of block {}, which would tell, cannot \
             be read: {why}; add an endpoint that answers eth_getBlockReceipts",
            block.number
        )
    });
    Failure { error, blame, retry_after, verdict }
}

async fn of_block(endpoint: &Endpoint, block: &Doubled) -> Result<Vec<RawLog>, Failure> {
    let all = Call::new("eth_getBlockReceipts", json!([block.hash]));
    let mut replies = endpoint.ask(&[all]).await.unwrap_or_else(|failure| vec![Err(failure)]);
    let receipts = match replies.pop() {
        Some(Err(failure)) if matches!(failure.blame, Blame::Rate | Blame::Cut | Blame::Nobody) => {
            return Err(failure);
        }
        Some(Ok(raw)) => read::<Option<Vec<WireReceipt>>>(&raw)?,
        // Whatever it refuses it for, it may still have each of them.
        Some(Err(_)) | None => None,
    };
    let receipts = match receipts {
        Some(receipts) => receipts,
        None => one_by_one(endpoint, block).await?,
    };
    counted(receipts, block)
}

/// The receipts of the block's transactions, in lists, together no larger than one answer.
async fn one_by_one(endpoint: &Endpoint, block: &Doubled) -> Result<Vec<WireReceipt>, Failure> {
    let call = Call::new("eth_getBlockByHash", json!([block.hash, false]));
    let reply = endpoint.ask(&[call]).await?.pop();
    let shown = read::<Option<WireTransactions>>(&present(reply)?)?;
    let shown = shown.ok_or_else(|| Failure::behind(format!("block {}", block.hash)))?;
    if shown.hash != block.hash {
        return Err(Failure::nonsense("a block of another hash"));
    }
    if shown.transactions.len() > TRANSACTIONS_MAX {
        let text = format!("{} transactions in one block", shown.transactions.len());
        return Err(Failure::nonsense(text));
    }
    let mut receipts = Vec::with_capacity(shown.transactions.len());
    let mut left = endpoint.limits().body_bytes_max;
    for hashes in shown.transactions.chunks(HEADERS_MAX) {
        let call = |hash: &B256| Call::new("eth_getTransactionReceipt", json!([hash]));
        let calls: Vec<Call> = hashes.iter().map(call).collect();
        let replies = endpoint.ask(&calls).await?;
        if replies.len() != hashes.len() {
            return Err(Failure::nonsense("another number of answers than of requests"));
        }
        for (reply, hash) in replies.into_iter().zip(hashes) {
            let raw = reply?;
            let size = raw.get().len();
            left = left.checked_sub(size).ok_or_else(|| Failure::nonsense("endless receipts"))?;
            let receipt = read::<Option<WireReceipt>>(&raw)?
                .ok_or_else(|| Failure::nonsense(format!("no receipt of transaction {hash}")))?;
            if receipt.transaction_hash != *hash {
                return Err(Failure::nonsense("a receipt of another transaction"));
            }
            receipts.push(receipt);
        }
    }
    Ok(receipts)
}

fn present(reply: Option<Reply>) -> Result<Box<RawValue>, Failure> {
    reply.unwrap_or_else(|| Err(Failure::nonsense("no answer")))
}

/// The logs of these receipts with indices counted from 0 in the order of the transactions.
fn counted(mut receipts: Vec<WireReceipt>, block: &Doubled) -> Result<Vec<RawLog>, Failure> {
    receipts.sort_by_key(|receipt| receipt.transaction_index);
    if receipts.windows(2).any(|two| two[0].transaction_index == two[1].transaction_index) {
        return Err(Failure::nonsense("two receipts with one transaction index"));
    }
    let shown: BTreeSet<B256> = receipts.iter().map(|receipt| receipt.transaction_hash).collect();
    if let Some(lost) = block.transactions.difference(&shown).next() {
        return Err(Failure::nonsense(format!("its receipts lack that of transaction {lost}")));
    }
    let mut logs = Vec::new();
    let mut next: u64 = 0;
    for receipt in receipts {
        let succeeded = receipt.status.as_deref().and_then(quantity) != Some(0);
        let first = next;
        next += receipt.logs.len() as u64;
        for (index, log) in (first..).zip(receipt.logs) {
            if receipt.block_hash != block.hash || log.block_hash != block.hash {
                return Err(Failure::nonsense("receipts of another block"));
            }
            if log.topics.len() > TOPICS_MAX {
                return Err(Failure::nonsense(format!("a log of {} topics", log.topics.len())));
            }
            let fits = u32::try_from(index).ok().filter(|_| index <= LOG_INDEX_MAX);
            let log_index = fits.ok_or_else(|| Failure::nonsense("endless logs"))?;
            if succeeded {
                logs.push(placed(log, log_index, (receipt.transaction_hash, block)));
            }
        }
    }
    Ok(logs)
}

fn placed(log: ReceiptLog, log_index: u32, (tx_hash, block): (B256, &Doubled)) -> RawLog {
    RawLog {
        address: log.address,
        topics: log.topics,
        data: log.data,
        block: block.number,
        block_hash: block.hash,
        block_time: log.block_timestamp,
        tx_hash,
        log_index,
    }
}
