//! Nodes that give two different logs of a block one index: the block is read by its receipts.

use alloy::primitives::{Address, B256};
use herald::chain::{Chain, ChainError, LogScope, Pool, RawLog};
use serde_json::{Value, json};

use super::node::{Node, Said, TOPIC, good, hash, log};
use super::{filter, pool};

/// The block whose logs are numbered wrongly.
const BLOCK: u64 = 5;

/// Transactions of the block by their place in it.
fn tx(place: u64) -> B256 {
    B256::repeat_byte(0x70 + u8::try_from(place).expect("a small block"))
}

/// A log of block 5 by transaction `place`, told apart by `mark`, with the index a node claims.
fn told(place: u64, index: u64, mark: u8) -> Value {
    let mut told = log(BLOCK, index);
    told["transactionHash"] = json!(tx(place));
    told["data"] = json!(format!("0x{mark:02x}"));
    told
}

fn receipt(place: u64, status: &str, logs: Vec<Value>) -> Value {
    json!({
        "transactionHash": tx(place), "transactionIndex": format!("{place:#x}"), "status": status,
        "blockHash": hash(BLOCK), "blockNumber": "0x5", "type": "0x7e", "logs": logs,
    })
}

/// Each transaction counts its logs from 0. The third log is of another contract, the second
/// transaction failed.
fn receipts() -> Value {
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
const TRUTH: [(u32, u8); 3] = [(0, 0xa0), (3, 0xc0), (4, 0xc1)];

/// The logs of block 5 as the node gives them.
fn wrong() -> Vec<Value> {
    vec![told(0, 0, 0xa0), told(2, 0, 0xc0), told(2, 1, 0xc1)]
}

/// Puts the wrong logs in the place of the good ones.
fn with_wrong(said: Said) -> Said {
    let logs = said?.as_array().expect("logs").clone();
    let is_block = |log: &Value| log["blockHash"] == json!(hash(BLOCK));
    let put = |log: Value| if is_block(&log) { wrong() } else { vec![log] };
    Ok(logs.into_iter().flat_map(put).collect())
}

/// A node that numbers the logs of block 5 wrongly and answers for its receipts as `more` says.
async fn doubling(more: impl Fn(&str, &Value) -> Said + Send + Sync + 'static) -> Node {
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

fn lacking() -> Said {
    Err(json!({"code": -32601, "message": "the method does not exist/is not available"}))
}

/// Only whole blocks.
fn whole(method: &str, params: &Value) -> Said {
    match method {
        "eth_getBlockReceipts" if params == &json!([hash(BLOCK)]) => Ok(receipts()),
        _ => lacking(),
    }
}

/// Only single receipts.
fn single(method: &str, params: &Value) -> Said {
    if method != "eth_getTransactionReceipt" {
        return lacking();
    }
    let receipts = receipts();
    let mut all = receipts.as_array().expect("receipts").iter();
    Ok(all.find(|one| one["transactionHash"] == params[0]).expect("asked for it").clone())
}

async fn assert_truth(pool: &Pool, scope: LogScope, others: &[u64]) {
    let logs = pool.logs(scope, &filter()).await.unwrap();
    let (of_block, rest): (Vec<RawLog>, Vec<RawLog>) =
        logs.into_iter().partition(|log| log.block == BLOCK);
    let found: Vec<_> = of_block.iter().map(|log| (log.log_index, log.data[0])).collect();
    assert_eq!(found, TRUTH, "{scope:?}");
    assert!(of_block.iter().all(|log| log.block_hash == hash(BLOCK) && log.topics == [TOPIC]));
    assert_eq!(of_block.iter().map(|log| log.tx_hash).collect::<Vec<_>>(), [tx(0), tx(2), tx(2)]);
    assert_eq!(rest.iter().map(|log| log.block).collect::<Vec<_>>(), others, "{scope:?}");
}

#[tokio::test]
async fn the_block_is_read_by_its_receipts_and_the_endpoint_is_marked() {
    for node in [doubling(whole).await, doubling(single).await] {
        let pool = pool(&[&node]);
        assert_truth(&pool, LogScope::Hash(hash(BLOCK)), &[]).await;
        assert_truth(&pool, LogScope::Range(3, 7), &[3, 4, 6, 7]).await;
        pool.head().await.unwrap();
        let report = pool.endpoints().remove(0);
        assert_eq!((report.status, report.failures, report.doubled), ("ok", 0, 2));
        assert_eq!(report.detail.as_deref(), Some("gave two logs one index in block 5"));
    }
}

#[tokio::test]
async fn an_endpoint_that_numbers_well_is_asked_before_a_marked_one() {
    let (marked, sound) = (doubling(whole).await, Node::script(good).await);
    let pool = pool(&[&marked, &sound]);
    while pool.endpoints()[0].doubled == 0 {
        pool.logs(LogScope::Hash(hash(BLOCK)), &filter()).await.unwrap();
    }
    let before = marked.hits();
    for _ in 0..5 {
        pool.logs(LogScope::Hash(hash(BLOCK)), &filter()).await.unwrap();
    }
    assert_eq!(marked.hits(), before);
}

#[tokio::test]
async fn without_receipts_there_is_an_error_that_says_what_to_do_and_others_are_asked() {
    let blind = doubling(|_, _| lacking()).await;
    let error = pool(&[&blind]).logs(LogScope::Range(4, 6), &filter()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("two logs one index in block 5"), "{text}");
    assert!(text.contains("add an endpoint that answers eth_getBlockReceipts"), "{text}");
    let seeing = doubling(whole).await;
    assert_truth(&pool(&[&blind, &seeing]), LogScope::Range(4, 6), &[4, 6]).await;
}

#[tokio::test]
async fn receipts_that_cannot_be_the_blocks_are_refused() {
    type Change = fn(&mut Vec<Value>);
    let changes: [(&str, Change); 6] = [
        ("receipts of another block", |all| all[0]["blockHash"] = json!(hash(6))),
        ("receipts of another block", |all| all[0]["logs"][0]["blockHash"] = json!(hash(6))),
        ("one transaction index", |all| all[0]["transactionIndex"] = json!("0x0")),
        ("lack that of transaction", |all| all.truncate(0)),
        ("a log of 5 topics", |all| all[0]["logs"][0]["topics"] = json!(vec![TOPIC; 5])),
        ("missing field", |all| all[1] = json!({"logs": []})),
    ];
    for (expected, change) in changes {
        let node = doubling(move |method, params| {
            let mut all = whole(method, params)?.as_array().expect("receipts").clone();
            change(&mut all);
            Ok(all.into())
        })
        .await;
        let error = pool(&[&node]).logs(LogScope::Hash(hash(BLOCK)), &filter()).await.unwrap_err();
        assert!(matches!(error, ChainError::Nonsense { .. }), "{expected}: {error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}

#[tokio::test]
async fn a_missing_or_foreign_single_receipt_is_refused() {
    for (expected, instead) in
        [("no receipt of", Value::Null), ("another transaction", receipt(9, "0x1", vec![]))]
    {
        let node = doubling(move |method, params| match params[0] == json!(tx(3)) {
            true => Ok(instead.clone()),
            false => single(method, params),
        })
        .await;
        let error = pool(&[&node]).logs(LogScope::Hash(hash(BLOCK)), &filter()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}

#[tokio::test]
async fn a_range_with_many_such_blocks_is_to_be_narrowed() {
    let node = Node::script(|method, params| match method {
        "eth_getLogs" => {
            let logs = good(method, params)?.as_array().expect("logs").clone();
            let twin = |log: Value| {
                let mut twin = log.clone();
                twin["data"] = json!("0x01");
                [log, twin]
            };
            Ok(logs.into_iter().flat_map(twin).collect())
        }
        "eth_getBlockReceipts" => {
            let number = (0..=10).find(|number| params[0] == json!(hash(*number)));
            let number = number.expect("a block of the chain");
            let logs = [log(number, 9), log(number, 9)];
            Ok(json!([{
                "transactionHash": B256::ZERO, "transactionIndex": "0x0", "status": "0x1",
                "blockHash": hash(number), "logs": logs,
            }]))
        }
        _ => good(method, params),
    })
    .await;
    let pool = pool(&[&node]);
    let error = pool.logs(LogScope::Range(0, 10), &filter()).await.unwrap_err();
    assert!(matches!(error, ChainError::TooManyLogs { .. }), "{error}");
    let logs = pool.logs(LogScope::Range(0, 5), &filter()).await.unwrap();
    let places: Vec<_> = logs.iter().map(|log| (log.block, log.log_index)).collect();
    let expected: Vec<_> = (0..=5).flat_map(|number| [(number, 0), (number, 1)]).collect();
    assert_eq!(places, expected);
}

#[tokio::test]
async fn the_same_log_twice_is_one_log() {
    let node = Node::script(|method, params| match method {
        "eth_getLogs" => Ok(json!([log(BLOCK, 0), log(BLOCK, 0)])),
        _ => good(method, params),
    })
    .await;
    let pool = pool(&[&node]);
    assert_eq!(pool.logs(LogScope::Hash(hash(BLOCK)), &filter()).await.unwrap().len(), 1);
    assert_eq!(pool.endpoints()[0].doubled, 0);
}
