//! Code: what nodes answer for a contract, and what they say of a state that they do not keep.

use alloy::primitives::Address;
use herald::chain::{Chain, ChainError, Code, Pool, connect_with};
use herald::config::EndpointRole;
use herald::devnet::anvil;
use herald::devnet::chains::Devnet;
use serde_json::{Value, json};

use super::node::{self, Node, Said, good};
use super::{config, pool};
use crate::support::sim::{SimChain, SimNode, serve};

const CONTRACT: Address = Address::repeat_byte(0xaa);

/// A node that answers this for the code at `block`.
async fn answering(block: &'static str, said: Said) -> Node {
    Node::script(move |method, params| match method {
        "eth_getCode" => {
            assert_eq!(params, &json!([format!("{CONTRACT:#x}"), block]));
            said.clone()
        }
        _ => good(method, params),
    })
    .await
}

fn refusal(code: i64, message: &str) -> Said {
    Err(json!({"code": code, "message": message}))
}

fn forgotten() -> Said {
    refusal(-32_000, "missing trie node 5c0ee75d (path ) state 0x5c0ee75d is not available")
}

async fn at_7(nodes: &[&Node]) -> Result<Code, ChainError> {
    pool(nodes).code(CONTRACT, Some(7)).await
}

#[tokio::test]
async fn only_whether_there_is_code_counts() {
    let delegation = format!("0xef0100{}", "11".repeat(20));
    for (code, expected) in [
        (json!("0x6001"), Code::Present),
        (json!("0x"), Code::Absent),
        (json!(delegation), Code::Absent),
    ] {
        for (block, at) in [(None, "latest"), (Some(7), "0x7")] {
            let node = answering(at, Ok(code.clone())).await;
            assert_eq!(pool(&[&node]).code(CONTRACT, block).await.unwrap(), expected, "{code}");
        }
    }
    let long = json!(format!("0x{}", "60".repeat(1024 * 1024 + 1)));
    for odd in [json!({"not": "bytes"}), json!("0xzz"), long] {
        let node = answering("0x7", Ok(odd)).await;
        let limits = herald::chain::Limits::default();
        let error = super::pool_with(&[&node], limits).code(CONTRACT, Some(7)).await.unwrap_err();
        assert!(matches!(error, ChainError::Nonsense { .. }), "{error}");
    }
}

#[tokio::test]
async fn who_keeps_no_state_is_passed_over_without_blame() {
    let archive = answering("0x7", Ok(json!("0x6001"))).await;
    let mute = Node::script(good).await;
    for said in [
        forgotten(),
        refusal(-32_002, "No state available for block 7 (0x5c0e)"),
        refusal(-32_602, "project ID does not have access to archive state"),
        // Without words for it, but its newest block is 10.
        refusal(-32_000, "header not found"),
        Ok(Value::Null),
    ] {
        let pruned = answering("0x7", said.clone()).await;
        let both = pool(&[&pruned, &archive]);
        for _ in 0..3 {
            assert_eq!(both.code(CONTRACT, Some(7)).await.unwrap(), Code::Present, "{said:?}");
        }
        assert!(both.endpoints().iter().all(|report| report.failures == 0), "{said:?}");
        assert!(pruned.hits() > 0 && both.endpoints()[0].status != "failing", "{said:?}");
        assert_eq!(at_7(&[&pruned]).await.unwrap(), Code::Unknown, "{said:?}");
        assert_eq!(at_7(&[&mute, &pruned]).await.unwrap(), Code::Unknown, "{said:?}");
    }
    let alien = Node::script(node::chain_id("0x5")).await;
    assert_eq!(at_7(&[&alien, &mute]).await.unwrap(), Code::Unknown, "it is of another chain");
}

#[tokio::test]
async fn trouble_is_an_error_while_an_endpoint_may_still_know() {
    let pruned = answering("0x7", forgotten()).await;
    let down = Node::http(|_| node::status(503, &[], "away")).await;
    let busy = answering("0x7", refusal(-32_005, "archive request rate exceeded")).await;
    let broken = answering("0x7", refusal(-32_603, "internal error")).await;
    for nodes in [[&pruned, &down], [&down, &pruned], [&pruned, &busy], [&broken, &pruned]] {
        let error = at_7(&nodes).await.unwrap_err();
        assert!(matches!(error, ChainError::NoEndpoint { .. }), "{error}");
    }
}

fn behind(outcome: Result<Code, ChainError>) {
    assert!(matches!(outcome, Err(ChainError::Behind { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_block_that_is_not_there_yet_is_no_forgotten_one() {
    for said in [refusal(-32_000, "header not found"), Ok(Value::Null)] {
        let node = answering("0xb", said).await;
        behind(pool(&[&node]).code(CONTRACT, Some(11)).await);
    }
}

/// A pool over a simulated node with a contract from block 12 on.
async fn simulated() -> (SimNode, Pool, crate::support::sim::Served) {
    let mut chain = SimChain::new(5, 1);
    chain.contracts.insert(CONTRACT, 12);
    for _ in 0..20 {
        chain.mine(Vec::new());
    }
    let node = SimNode::new(chain);
    let served = serve(node.clone()).await;
    let config = config(&[(&served.http, EndpointRole::Main)]);
    (node, connect_with(&config, herald::chain::Limits::default()).unwrap(), served)
}

#[tokio::test]
async fn a_simulated_node_tells_the_same_over_rpc_and_by_itself() {
    let (node, pool, _served) = simulated().await;
    node.faults().keeps_state_from = 9;
    for block in (0..=20).map(Some).chain([None]) {
        let told = pool.code(CONTRACT, block).await.unwrap();
        assert_eq!(told, node.code(CONTRACT, block).await.unwrap(), "{block:?}");
        let expected = match block {
            Some(0..9) => Code::Unknown,
            Some(9..12) => Code::Absent,
            _ => Code::Present,
        };
        assert_eq!(told, expected, "{block:?}");
    }
    behind(pool.code(CONTRACT, Some(21)).await);
    behind(node.code(CONTRACT, Some(21)).await);
    assert_eq!(pool.endpoints()[0].failures, 0);
}

#[tokio::test]
async fn a_real_node_has_the_code_of_a_contract_from_its_block_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap();
    let program =
        anvil::find(None, &herald::config::tools_dirs(), &herald::config::search_path()).unwrap();
    let devnet = Devnet::start(&program, &path, 7).await.unwrap();
    let contract = devnet.chains[0].configured().next().unwrap().address;
    let pool = herald::chain::connect(&devnet.configuration()[0]).unwrap();
    let head = pool.head().await.unwrap().latest.number;
    assert_eq!(pool.code(contract, None).await.unwrap(), Code::Present);
    assert_eq!(pool.code(contract, Some(head)).await.unwrap(), Code::Present);
    assert_eq!(pool.code(contract, Some(0)).await.unwrap(), Code::Absent);
    assert_eq!(pool.code(Address::repeat_byte(0x99), None).await.unwrap(), Code::Absent);
    let later = pool.code(contract, Some(head + 1_000_000)).await;
    assert!(!matches!(later, Ok(Code::Present)), "{later:?}");
    devnet.stop().await.unwrap();
}
