//! How wide a range an endpoint takes: what it has said is kept, and nothing wider is sent.

use herald::chain::{Chain, ChainError, LogScope, Pool};
use serde_json::json;

use super::node::{Node, Said, good};
use super::{filter, pool};

/// A node that refuses ranges of more than `max` blocks in these words.
async fn narrow(max: u64, words: &'static str) -> Node {
    Node::script(move |method, params| match method {
        "eth_getLogs" if params[0]["blockHash"].is_null() => {
            let bound = |key: &str| {
                let text = params[0][key].as_str().expect("a bound").trim_start_matches("0x");
                u64::from_str_radix(text, 16).expect("a quantity")
            };
            match bound("toBlock") - bound("fromBlock") < max {
                true => good(method, params),
                false => refusal(words),
            }
        }
        _ => good(method, params),
    })
    .await
}

fn refusal(words: &str) -> Said {
    Err(json!({"code": -32_000, "message": words}))
}

/// The bound of the refusal of a range, in the error.
async fn refused(pool: &Pool, from: u64, to: u64) -> Option<u64> {
    match pool.logs(LogScope::Range(from, to), &filter()).await {
        Err(ChainError::RangeTooWide { at_most, text }) => {
            assert!(text.starts_with("node-0: "), "{text}");
            at_most
        }
        other => panic!("{other:?}"),
    }
}

fn reported(pool: &Pool) -> Vec<Option<u64>> {
    pool.endpoints().into_iter().map(|report| report.range_max).collect()
}

#[tokio::test]
async fn a_bound_is_said_once_and_nothing_wider_is_sent() {
    let node = narrow(3, "eth_getLogs is limited to a 3 blocks range").await;
    let pool = pool(&[&node]);
    assert_eq!((pool.widest(), reported(&pool)), (None, vec![None]));
    assert_eq!(refused(&pool, 1, 9).await, Some(3));
    assert_eq!((pool.widest(), reported(&pool)), (Some(3), vec![Some(3)]));
    let before = node.hits();
    for to in [4, 5, u64::MAX] {
        assert_eq!(refused(&pool, 1, to).await, Some(3));
    }
    assert_eq!(node.hits(), before);
    assert_eq!(pool.logs(LogScope::Range(1, 3), &filter()).await.unwrap().len(), 3);
    let report = pool.endpoints().remove(0);
    assert_eq!((report.status, report.failures), ("ok", 0));
}

#[tokio::test]
async fn a_refusal_without_a_bound_halves_what_is_asked_and_is_not_reported() {
    let node = narrow(3, "block range too large").await;
    let pool = pool(&[&node]);
    assert_eq!(refused(&pool, 1, 9).await, None);
    assert_eq!(pool.widest(), Some(4));
    assert_eq!(refused(&pool, 1, 4).await, None);
    assert_eq!((pool.widest(), reported(&pool)), (Some(2), vec![None]));
    let before = node.hits();
    assert_eq!(refused(&pool, 1, 3).await, Some(2));
    assert_eq!(node.hits(), before);
    assert_eq!(pool.logs(LogScope::Range(1, 2), &filter()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn each_endpoint_has_its_own_bound() {
    let tight = narrow(2, "eth_getLogs is limited to a 2 blocks range").await;
    let wide = Node::script(good).await;
    let pool = pool(&[&tight, &wide]);
    assert_eq!(refused(&pool, 1, 9).await, Some(2));
    assert_eq!(wide.hits(), 0, "the caller narrows");
    assert_eq!(reported(&pool), [Some(2), None]);
    tight.stop().await;
    assert_eq!(pool.logs(LogScope::Range(1, 2), &filter()).await.unwrap().len(), 2);
    assert_eq!(pool.widest(), None, "the other one is asked first now");
    assert_eq!(pool.logs(LogScope::Range(1, 9), &filter()).await.unwrap().len(), 9);
    assert_eq!(reported(&pool), [Some(2), None]);
}

#[tokio::test]
async fn a_remembered_bound_holds_from_the_first_question_and_only_narrows() {
    let node = narrow(2, "eth_getLogs is limited to a 2 blocks range").await;
    let pool = pool(&[&node]);
    let remembered = |blocks| [("node-0".to_owned(), blocks), ("node-9".to_owned(), 1)];
    pool.remember(&remembered(5));
    assert_eq!(refused(&pool, 1, 9).await, Some(5));
    assert_eq!(node.hits(), 0);
    assert_eq!(refused(&pool, 1, 5).await, Some(2));
    pool.remember(&remembered(100));
    assert_eq!((pool.widest(), reported(&pool)), (Some(2), vec![Some(2)]));
}
