//! Logs: what a lagging, limited or lying node answers must not pass for a complete answer.

use herald::chain::{Chain, ChainError, LogScope};
use serde_json::json;

use super::node::{Node, good, hash, log, up_to};
use super::{filter, pool};

#[tokio::test]
async fn an_empty_answer_beyond_a_nodes_head_is_no_answer() {
    // It has blocks up to 10 and answers an empty list for anything beyond.
    let lagging = Node::script(good).await;
    for scope in [LogScope::Range(9, 12), LogScope::Hash(hash(12))] {
        let error = pool(&[&lagging]).logs(scope, &filter()).await.unwrap_err();
        assert!(matches!(error, ChainError::Behind { .. }), "{error}");
        assert!(error.to_string().contains("node-0"), "{error}");
    }
    let ahead = Node::script(up_to(20)).await;
    let pool = pool(&[&lagging, &ahead]);
    let logs = pool.logs(LogScope::Range(9, 12), &filter()).await.unwrap();
    assert_eq!(logs.len(), 4);
    let logs = pool.logs(LogScope::Hash(hash(12)), &filter()).await.unwrap();
    assert_eq!(logs[0].block_hash, hash(12));
    assert_eq!(pool.endpoints()[0].failures, 0, "to lag is no failure");
}

#[tokio::test]
async fn limits_of_a_range_go_to_the_caller_until_it_is_a_single_block() {
    let narrow = Node::script(|method, params| match method {
        "eth_getLogs" => Err(json!({"code": -32000, "message": "limited to a 5 blocks range"})),
        _ => good(method, params),
    })
    .await;
    let wide = Node::script(good).await;
    let pool = pool(&[&narrow, &wide]);
    match pool.logs(LogScope::Range(1, 9), &filter()).await {
        Err(ChainError::RangeTooWide { at_most: Some(5), text }) => {
            assert!(text.starts_with("node-0"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(wide.hits(), 0);
    assert_eq!(pool.logs(LogScope::Range(9, 9), &filter()).await.unwrap().len(), 1);
    assert_eq!(pool.endpoints()[0].failures, 0);
}

#[tokio::test]
async fn an_answer_over_the_cap_asks_for_a_smaller_range() {
    let node = Node::script(|method, params| match method {
        "eth_getLogs" => Ok((0..500).map(|index| log(4, index)).collect()),
        _ => good(method, params),
    })
    .await;
    let pool = pool(&[&node]);
    let error = pool.logs(LogScope::Range(4, 9), &filter()).await.unwrap_err();
    assert!(matches!(error, ChainError::TooManyLogs { .. }), "{error}");
}

#[tokio::test]
async fn logs_that_do_not_fit_are_nonsense_and_another_endpoint_is_asked() {
    let liar = Node::script(|method, params| match method {
        "eth_getLogs" => Ok(json!([log(3, 0)])),
        _ => good(method, params),
    })
    .await;
    let error = pool(&[&liar]).logs(LogScope::Range(4, 5), &filter()).await.unwrap_err();
    assert!(matches!(error, ChainError::Nonsense { .. }), "{error}");
    let honest = Node::script(good).await;
    let pool = pool(&[&liar, &honest]);
    assert_eq!(pool.logs(LogScope::Range(4, 5), &filter()).await.unwrap().len(), 2);
    assert_eq!(pool.endpoints()[0].status, "failing");
}
