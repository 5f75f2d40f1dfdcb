//! Nodes that give two different logs of a block one index: the block is read by its receipts.

use alloy::primitives::B256;
use herald::chain::{Chain, ChainError, LogScope, Pool, RawLog};
use serde_json::{Value, json};

use super::doubling::{
    BLOCK, TRUTH, doubling, lacking, receipt, single, told, tx, whole, with_wrong,
};
use super::node::{Node, TOPIC, good, hash, log};
use super::{filter, pool};

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
    let node = doubling(whole).await;
    let pool = pool(&[&node]);
    assert_truth(&pool, LogScope::Hash(hash(BLOCK)), &[]).await;
    assert_truth(&pool, LogScope::Range(3, 7), &[3, 4, 6, 7]).await;
    pool.head().await.unwrap();
    let report = pool.endpoints().remove(0);
    assert_eq!((report.status, report.failures, report.doubled), ("ok", 0, 2));
    assert_eq!(report.detail.as_deref(), Some("gave two logs one index in block 5"));
}

#[tokio::test]
async fn receipts_are_read_one_by_one_where_a_node_does_not_show_all_at_once() {
    let node = doubling(single).await;
    let pool = pool(&[&node]);
    assert_truth(&pool, LogScope::Hash(hash(BLOCK)), &[]).await;
    assert_truth(&pool, LogScope::Range(BLOCK, BLOCK), &[]).await;
}

#[tokio::test]
async fn an_answer_for_one_contract_is_not_believed_where_the_block_shows_two_of_one_index() {
    // Asked for one contract, it shows a single log, under the index that another one has.
    let filtering = Node::script(|method, params| match method {
        "eth_getLogs" if params[0]["topics"].is_null() => with_wrong(good(method, params)),
        "eth_getLogs" => Ok(json!([told(2, 0, 0xc0)])),
        "eth_getBlockReceipts" => whole(method, params),
        _ => good(method, params),
    })
    .await;
    let pool = pool(&[&filtering]);
    assert_truth(&pool, LogScope::Hash(hash(BLOCK)), &[]).await;
    assert_eq!(pool.endpoints()[0].doubled, 1);
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
    assert!(text.contains("two logs one index, and the receipts of block 4"), "{text}");
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
