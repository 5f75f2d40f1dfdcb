//! Read-only calls: what a contract answers, and what stands for no answer.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use herald::chain::{Chain, ChainError};
use herald::devnet::anvil;
use herald::devnet::chains::Devnet;
use serde_json::{Value, json};

use super::node::{self, Node, Said, good};
use super::pool;

alloy::sol! {
    function supportsInterface(bytes4 id) external view returns (bool);
    function ownerOf(uint256 token) external view returns (address);
}

const TO: Address = Address::repeat_byte(0xaa);

/// A node whose contracts all answer this.
async fn answering(said: Said) -> Node {
    Node::script(move |method, params| match method {
        "eth_call" => {
            assert_eq!(
                params,
                &json!([{"to": format!("{TO:#x}"), "data": "0x01ffc9a7"}, "latest"])
            );
            said.clone()
        }
        _ => good(method, params),
    })
    .await
}

fn refusal(code: i64, message: &str) -> Said {
    Err(json!({"code": code, "message": message}))
}

async fn call(nodes: &[&Node]) -> Result<Option<Bytes>, ChainError> {
    pool(nodes).call(TO, Bytes::from_static(&[0x01, 0xff, 0xc9, 0xa7])).await
}

fn word() -> Value {
    json!(format!("0x{:064x}", 1))
}

#[tokio::test]
async fn an_answer_is_handed_on_and_a_revert_or_no_code_is_none() {
    let yes = Some(Bytes::from(U256::ONE.to_be_bytes_vec()));
    for (said, expected) in [
        (Ok(word()), yes),
        (Ok(json!("0x")), None),
        (refusal(3, "execution reverted"), None),
        (refusal(-32_000, "invalid opcode: INVALID"), None),
        (refusal(-32_015, "VM execution error."), None),
    ] {
        let node = answering(said.clone()).await;
        let pool = pool(&[&node]);
        let data = Bytes::from_static(&[0x01, 0xff, 0xc9, 0xa7]);
        assert_eq!(pool.call(TO, data).await.unwrap(), expected, "{said:?}");
        let report = pool.endpoints().remove(0);
        assert_eq!((report.status, report.failures), ("ok", 0), "{said:?}");
    }
}

#[tokio::test]
async fn endpoints_that_do_not_offer_calls_are_passed_over_without_blame() {
    let (mute, able) = (Node::script(good).await, answering(Ok(word())).await);
    let both = pool(&[&mute, &able]);
    for _ in 0..3 {
        let data = Bytes::from_static(&[0x01, 0xff, 0xc9, 0xa7]);
        assert!(both.call(TO, data).await.unwrap().is_some());
    }
    assert!(both.endpoints().iter().all(|report| report.failures == 0));
    assert_eq!(call(&[&mute]).await.unwrap(), None);
    let other = answering(refusal(-32_600, "Unsupported method: eth_call")).await;
    assert_eq!(call(&[&mute, &other]).await.unwrap(), None);
}

#[tokio::test]
async fn trouble_fails_over_and_is_an_error_where_nobody_is_left() {
    let broken = Node::script(|method, params| match method {
        "eth_call" => refusal(-32_603, "internal error"),
        _ => good(method, params),
    })
    .await;
    let down = Node::http(|_| node::status(503, &[], "away")).await;
    let able = answering(Ok(word())).await;
    assert!(call(&[&broken, &down, &able]).await.unwrap().is_some());
    let mute = Node::script(good).await;
    for nodes in [[&broken, &mute], [&mute, &broken], [&mute, &down]] {
        let error = call(&nodes).await.unwrap_err();
        assert!(matches!(error, ChainError::NoEndpoint { .. }), "{error}");
    }
    let odd = answering(Ok(json!({"not": "bytes"}))).await;
    assert!(matches!(call(&[&odd]).await, Err(ChainError::Nonsense { .. })));
}

#[tokio::test]
async fn a_real_node_is_called() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap();
    let program =
        anvil::find(None, &herald::config::tools_dirs(), &herald::config::search_path()).unwrap();
    let devnet = Devnet::start(&program, &path, 7).await.unwrap();
    let contract = devnet.chains[0].configured().next().unwrap().address;
    let pool = herald::chain::connect(&devnet.configuration()[0]).unwrap();
    let erc721 = supportsInterfaceCall { id: [0x80, 0xac, 0x58, 0xcd].into() };
    let answer = pool.call(contract, erc721.abi_encode().into()).await.unwrap().unwrap();
    assert!(supportsInterfaceCall::abi_decode_returns(&answer).unwrap());
    let nobodys = ownerOfCall { token: U256::MAX }.abi_encode();
    assert_eq!(pool.call(contract, nobodys.into()).await.unwrap(), None, "it reverts");
    let nowhere = Address::repeat_byte(0x99);
    assert_eq!(pool.call(nowhere, erc721.abi_encode().into()).await.unwrap(), None, "no code");
    devnet.stop().await.unwrap();
}
