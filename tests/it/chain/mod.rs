//! The pool of endpoints against small nodes on loopback that misbehave on purpose.

mod bytes;
mod calls;
mod code;
mod doubled;
mod doubling;
mod faults;
mod logs;
mod node;
mod together;
mod widths;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use herald::chain::{Chain, ChainError, Limits, LogFilter, LogScope, Pool, Rpc, connect_with};
use herald::config::{ChainConfig, EndpointConfig, EndpointRole};
use herald::types::Caip2;
use serde_json::{Value, json};

use node::{Node, TOPIC, chain_id, good, hash};

const SMALL_CAP: usize = 64 * 1024;

/// A pool over these nodes, all main; the body cap is small.
fn pool(nodes: &[&Node]) -> Pool {
    pool_with(nodes, Limits { body_bytes_max: SMALL_CAP, ..Limits::default() })
}

/// Asks every endpoint who it is before each answer.
const DISTRUST: Duration = Duration::ZERO;

fn pool_with(nodes: &[&Node], limits: Limits) -> Pool {
    let urls: Vec<_> = nodes.iter().map(|node| (node.url.as_str(), EndpointRole::Main)).collect();
    connect_with(&config(&urls), limits).expect("urls of loopback")
}

fn config(urls: &[(&str, EndpointRole)]) -> ChainConfig {
    let endpoint = |(at, (url, role)): (usize, &(&str, EndpointRole))| EndpointConfig {
        name: format!("node-{at}"),
        url: (*url).into(),
        role: *role,
        rps: None,
    };
    ChainConfig {
        name: "test".to_owned(),
        id: Caip2(1),
        finalized_tag: true,
        finality_depth: Duration::from_secs(60),
        block_time: Duration::from_secs(1),
        trust_bloom: true,
        range_max: 1_000,
        load_workers: 1,
        endpoints: urls.iter().enumerate().map(endpoint).collect(),
        contracts: Vec::new(),
    }
}

fn filter() -> LogFilter {
    LogFilter { addresses: vec![Address::repeat_byte(1)], topics: vec![TOPIC] }
}

#[tokio::test]
async fn a_good_node_answers_everything() {
    let node = Node::script(good).await;
    let pool = pool(&[&node]);
    assert_eq!(pool.endpoints()[0].status, "unknown");
    let head = pool.head().await.unwrap();
    assert_eq!((head.latest.number, head.latest.hash, head.latest.parent), (10, hash(10), hash(9)));
    assert_eq!((head.safe, head.finalized), (Some(8), Some((6, hash(6)))));
    let headers = pool.headers(&[3, 11, 2]).await.unwrap();
    let numbers: Vec<_> = headers.iter().map(|h| h.as_ref().map(|h| h.block.number)).collect();
    assert_eq!(numbers, [Some(3), None, Some(2)]);
    assert_eq!(pool.genesis().await.unwrap(), hash(0));
    let logs = pool.logs(LogScope::Range(4, 5), &filter()).await.unwrap();
    assert_eq!(logs.iter().map(|log| log.block).collect::<Vec<_>>(), [4, 5]);
    let logs = pool.logs(LogScope::Hash(hash(5)), &filter()).await.unwrap();
    assert_eq!(logs.len(), 1);
    let report = pool.endpoints().remove(0);
    assert_eq!((report.status, report.head, report.failures), ("ok", Some(10), 0));
    // Identity and five questions, each one list, and a look at all logs of a block for each answer
    // with logs, because blocks of one transaction do not show how a node numbers them.
    assert_eq!((report.requests, node.hits()), (8, 8));
}

#[tokio::test]
async fn another_chain_is_quarantined_with_both_ids_and_returns_when_repaired() {
    let wrong = Node::script(chain_id("0x5")).await;
    let pool = pool_with(&[&wrong], Limits::default());
    let error = pool.head().await.unwrap_err().to_string();
    assert!(error.contains("eip155:5") && error.contains("eip155:1"), "{error}");
    let report = pool.endpoints().remove(0);
    assert_eq!(report.status, "misconfigured");
    let detail = report.detail.unwrap();
    assert!(detail.contains("eip155:5") && detail.contains("eip155:1"), "{detail}");
    let before = wrong.hits();
    assert!(matches!(pool.head().await, Err(ChainError::NoEndpoint { .. })));
    assert_eq!(wrong.hits(), before, "a quarantined endpoint is left alone");

    let asked = std::sync::atomic::AtomicU32::new(0);
    let repaired = Node::script(move |method, params| {
        let is_first = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
        if is_first { chain_id("0x5")(method, params) } else { good(method, params) }
    })
    .await;
    let pool = pool_with(&[&repaired], Limits { recheck: DISTRUST, ..Limits::default() });
    assert!(pool.head().await.is_err());
    assert_eq!(pool.head().await.unwrap().latest.number, 10);
    assert_eq!(pool.endpoints()[0].status, "ok");
}

#[tokio::test]
async fn a_node_that_turns_to_another_chain_is_found_out_in_time_or_on_doubt() {
    for (recheck, doubts) in [(DISTRUST, false), (Limits::default().recheck, true)] {
        let turned = Arc::new(AtomicBool::new(false));
        let turns = turned.clone();
        let node = Node::script(move |method, params| match turns.load(Ordering::Relaxed) {
            true => chain_id("0x5")(method, params),
            false => good(method, params),
        })
        .await;
        let pool = pool_with(&[&node], Limits { recheck, ..Limits::default() });
        assert_eq!(pool.head().await.unwrap().latest.number, 10);
        turned.store(true, Ordering::Relaxed);
        if doubts {
            pool.doubt();
        }
        let error = pool.head().await.unwrap_err().to_string();
        assert!(error.contains("eip155:5"), "{error}");
        assert_eq!(pool.endpoints()[0].status, "misconfigured");
    }
}

#[tokio::test]
async fn the_same_id_with_another_genesis_is_another_chain() {
    let node = Node::script(good).await;
    let pool = pool(&[&node]);
    pool.head().await.unwrap();
    pool.expect_genesis(hash(77));
    let error = pool.head().await.unwrap_err().to_string();
    assert!(error.contains(&hash(77).to_string()), "{error}");
    assert!(error.contains(&hash(0).to_string()), "{error}");
    assert_eq!(pool.probe_all().await[0].status, "misconfigured");
    pool.expect_genesis(hash(0));
    assert_eq!(pool.probe_all().await[0].status, "ok");
}

#[tokio::test]
async fn a_node_without_finality_tags_has_none() {
    for refusal in [Ok(Value::Null), Err(json!({"code": -39001, "message": "unknown tag"}))] {
        let node = Node::script(move |method, params| match params[0].as_str() {
            Some("safe" | "finalized") => refusal.clone(),
            _ => good(method, params),
        })
        .await;
        let head = pool(&[&node]).head().await.unwrap();
        assert_eq!((head.latest.number, head.safe, head.finalized), (10, None, None));
    }
}

#[tokio::test]
async fn an_endpoint_that_refuses_lists_is_asked_one_by_one_and_that_is_remembered() {
    let node = Node::http(|request| match request.is_array() {
        true => node::status(400, &[], r#"{"error":{"code":-32600,"message":"no batches"}}"#),
        false => node::json_rpc(&request, &good),
    })
    .await;
    let pool = pool(&[&node]);
    assert_eq!(pool.head().await.unwrap().finalized, Some((6, hash(6))));
    let before = node.hits();
    let numbers: Vec<u64> = (0..10).collect();
    assert_eq!(pool.headers(&numbers).await.unwrap().len(), 10);
    assert_eq!(node.hits() - before, 10);
    let logs = pool.logs(LogScope::Range(4, 5), &filter()).await.unwrap();
    assert_eq!(logs.len(), 2);
    assert_eq!(pool.endpoints()[0].status, "ok");
}

#[tokio::test]
async fn an_endpoint_that_takes_short_lists_gets_short_lists() {
    let node = Node::http(|request| match request.as_array() {
        Some(list) if list.len() > 10 => node::status(
            200,
            &[],
            r#"{"id":null,"error":{"code":-32005,"message":"batch too long"}}"#,
        ),
        _ => node::json_rpc(&request, &good),
    })
    .await;
    let pool = pool(&[&node]);
    let numbers: Vec<u64> = (0..60).collect();
    assert_eq!(pool.headers(&numbers).await.unwrap().iter().flatten().count(), 11);
    let before = node.hits();
    assert_eq!(pool.headers(&numbers[..6]).await.unwrap().len(), 6);
    assert_eq!(node.hits() - before, 2, "three requests a list");
}

#[tokio::test]
async fn a_spare_is_asked_only_when_no_main_endpoint_answers() {
    let (main, spare) = (Node::script(good).await, Node::script(good).await);
    let urls = [(spare.url.as_str(), EndpointRole::Spare), (main.url.as_str(), EndpointRole::Main)];
    let pool = connect_with(&config(&urls), Limits::default()).unwrap();
    for _ in 0..5 {
        pool.head().await.unwrap();
    }
    assert_eq!(spare.hits(), 0);
    main.stop().await;
    assert_eq!(pool.head().await.unwrap().latest.number, 10);
    assert!(spare.hits() > 0);
}

#[tokio::test]
async fn a_tool_calls_any_method() {
    let node = Node::script(|method, params| match method {
        "evm_mine" => Ok(Value::Null),
        "eth_call" => Err(json!({"code": 3, "message": "execution reverted", "data": "0x"})),
        _ => good(method, params),
    })
    .await;
    let rpc = Rpc::new(&node.url).unwrap();
    let nothing: Option<B256> = rpc.call("evm_mine", json!([])).await.unwrap();
    assert_eq!(nothing, None);
    let id: String = rpc.call("eth_chainId", json!([])).await.unwrap();
    assert_eq!(id, "0x1");
    let error = rpc.call::<Value>("eth_call", json!([])).await.unwrap_err().to_string();
    assert!(error.contains("execution reverted"), "{error}");
}
