//! A node that counts the logs of one block from 0 in each transaction, and its true receipts.

use alloy::primitives::{Address, B256};
use serde_json::{Value, json};

use super::node::{Node, Said, good, hash, log};

/// The block whose logs are numbered wrongly.
pub(super) const BLOCK: u64 = 5;

/// Transactions of the block by their place in it.
pub(super) fn tx(place: u64) -> B256 {
    B256::repeat_byte(0x70 + u8::try_from(place).expect("a small block"))
}

/// A log of block 5 by transaction `place`, told apart by `mark`, with the index a node claims.
pub(super) fn told(place: u64, index: u64, mark: u8) -> Value {
    let mut told = log(BLOCK, index);
    told["transactionHash"] = json!(tx(place));
    told["data"] = json!(format!("0x{mark:02x}"));
    told
}

pub(super) fn receipt(place: u64, status: &str, logs: Vec<Value>) -> Value {
    json!({
        "transactionHash": tx(place), "transactionIndex": format!("{place:#x}"), "status": status,
        "blockHash": hash(BLOCK), "blockNumber": "0x5", "type": "0x7e", "logs": logs,
    })
}

/// Each transaction counts its logs from 0. The third log is of another contract, the second
/// transaction failed.
pub(super) fn receipts() -> Value {
    let mut foreign = told(0, 1, 0xa1);
    foreign["address"] = json!(Address::repeat_byte(2));
    json!([
        receipt(2, "0x1", vec![told(2, 0, 0xc0), told(2, 1, 0xc1)]),
        receipt(0, "0x1", vec![told(0, 0, 0xa0), foreign]),
        receipt(1, "0x0", vec![told(1, 0, 0xb0)]),
        receipt(3, "0x1", vec![]),
    ])
}

/// What the receipts say: the failed transaction's log is counted and gives nothing.
pub(super) const TRUTH: [(u32, u8); 3] = [(0, 0xa0), (3, 0xc0), (4, 0xc1)];

/// The logs of block 5 as the node gives them.
pub(super) fn wrong() -> Vec<Value> {
    vec![told(0, 0, 0xa0), told(2, 0, 0xc0), told(2, 1, 0xc1)]
}

/// Puts the wrong logs in the place of the good ones.
pub(super) fn with_wrong(said: Said) -> Said {
    let logs = said?.as_array().expect("logs").clone();
    let is_block = |log: &Value| log["blockHash"] == json!(hash(BLOCK));
    let put = |log: Value| if is_block(&log) { wrong() } else { vec![log] };
    Ok(logs.into_iter().flat_map(put).collect())
}

/// A node that numbers the logs of block 5 wrongly and answers for its receipts as `more` says.
pub(super) async fn doubling(more: impl Fn(&str, &Value) -> Said + Send + Sync + 'static) -> Node {
    Node::script(move |method, params| match method {
        "eth_getLogs" => with_wrong(good(method, params)),
        "eth_getBlockReceipts" | "eth_getTransactionReceipt" => more(method, params),
        "eth_getBlockByHash" => {
            let mut block = good(method, params)?;
            if params[0] == json!(hash(BLOCK)) {
                block["transactions"] = (0..4).map(|place| json!(tx(place))).collect();
            }
            Ok(block)
        }
        _ => good(method, params),
    })
    .await
}

pub(super) fn lacking() -> Said {
    Err(json!({"code": -32601, "message": "the method does not exist/is not available"}))
}

/// Only whole blocks.
pub(super) fn whole(method: &str, params: &Value) -> Said {
    match method {
        "eth_getBlockReceipts" if params == &json!([hash(BLOCK)]) => Ok(receipts()),
        "eth_getBlockReceipts" => Ok(json!([only(&params[0])])),
        _ => lacking(),
    }
}

/// The receipt of the one transaction of another block, which all other blocks share.
pub(super) fn only(block: &Value) -> Value {
    let number = (0..=10).find(|number| *block == json!(hash(*number))).expect("a known block");
    json!({
        "transactionHash": B256::ZERO, "transactionIndex": "0x0", "status": "0x1",
        "blockHash": hash(number), "logs": [log(number, 9)],
    })
}

/// Only single receipts.
pub(super) fn single(method: &str, params: &Value) -> Said {
    if method != "eth_getTransactionReceipt" {
        return lacking();
    }
    let receipts = receipts();
    let mut all = receipts.as_array().expect("receipts").iter();
    Ok(all.find(|one| one["transactionHash"] == params[0]).expect("asked for it").clone())
}
