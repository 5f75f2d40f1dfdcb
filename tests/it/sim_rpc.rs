//! The simulated node over JSON-RPC: the same answers as through `trait Chain`, and the errors,
//! batches and subscriptions that a trait does not show.

use alloy::primitives::{Address, B256, U256};
use alloy::rpc::client::{ClientBuilder, RpcClient, WsConnect};
use alloy_consensus::Header;
use herald::chain::{Chain, LogFilter, LogScope};
use serde_json::{Value, json};

use crate::support::sim::{SimNode, Tag, World, erc721_transfer, serve, tracked};

/// A node with traffic and its canonical height.
fn busy(seed: u64) -> (SimNode, u64) {
    let mut world = World::new(seed);
    world.mine(40);
    (world.node(), 40)
}

/// Posts a body and answers status and text.
async fn post(url: &str, body: &Value) -> (u16, String) {
    // Fails where another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a plain client builds");
    let answer = client.post(url).body(body.to_string()).send().await;
    let answer = answer.expect("the node listens");
    (answer.status().as_u16(), answer.text().await.expect("the answer is text"))
}

async fn call(url: &str, method: &str, params: Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let (_, text) = post(url, &request).await;
    let answer: Value = serde_json::from_str(&text).expect("the answer is JSON");
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
    answer
}

async fn result(url: &str, method: &str, params: Value) -> Value {
    let mut answer = call(url, method, params).await;
    assert_eq!(answer["error"], Value::Null);
    answer["result"].take()
}

async fn error(url: &str, method: &str, params: Value) -> (i64, String) {
    let mut answer = call(url, method, params).await;
    serde_json::from_value(json!([
        answer["error"]["code"].take(),
        answer["error"]["message"].take()
    ]))
    .expect("an error has a code and a message")
}

fn hex(number: u64) -> Value {
    json!(format!("{number:#x}"))
}

#[tokio::test]
async fn blocks_are_those_of_the_trait() {
    let (node, height) = busy(1);
    let served = serve(node.clone()).await;
    let url = &served.http;
    assert_eq!(result(url, "eth_chainId", json!([])).await, "0x7a69");
    assert_eq!(result(url, "eth_blockNumber", json!([])).await, hex(height));
    let head = node.head().await.unwrap();
    let names = [
        ("latest", head.latest.number),
        ("safe", head.safe.unwrap()),
        ("finalized", head.finalized.unwrap().0),
        ("earliest", 0),
    ];
    for (name, number) in names {
        let block = result(url, "eth_getBlockByNumber", json!([name, false])).await;
        assert_eq!(block["number"], hex(number), "{name}");
    }
    for number in 0..=height {
        let block = result(url, "eth_getBlockByNumber", json!([hex(number), false])).await;
        let expected = node.headers(&[number]).await.unwrap().remove(0).unwrap();
        assert_eq!(block["hash"], json!(expected.block.hash));
        assert_eq!(block["parentHash"], json!(expected.block.parent));
        assert_eq!(block["timestamp"], hex(expected.block.time));
        assert_eq!(block["logsBloom"], json!(expected.logs_bloom));
        assert_eq!(block["receiptsRoot"], json!(expected.receipts_root));
        let header: Header = serde_json::from_value(block.clone()).unwrap();
        assert_eq!(header.hash_slow(), expected.block.hash, "a reader can recompute the hash");
        let same = result(url, "eth_getBlockByHash", json!([block["hash"], false])).await;
        assert_eq!(same, block);
    }
    let above = result(url, "eth_getBlockByNumber", json!([hex(height + 1), false])).await;
    assert_eq!(above, Value::Null);
}

#[tokio::test]
async fn logs_are_those_of_the_trait() {
    let (node, height) = busy(2);
    let served = serve(node.clone()).await;
    let topic =
        erc721_transfer(Address::ZERO, Address::ZERO, Address::ZERO, U256::ZERO).topics()[0];
    let hash = node.chain().head().hash;
    let (addresses, all) = (tracked(), Vec::new());
    for (addresses, scope) in [
        (&addresses, LogScope::Range(0, height)),
        (&all, LogScope::Range(3, 20)),
        (&addresses, LogScope::Hash(hash)),
    ] {
        let mut filter = match scope {
            LogScope::Range(from, to) => json!({"fromBlock": hex(from), "toBlock": hex(to)}),
            LogScope::Hash(hash) => json!({"blockHash": hash}),
        };
        filter["address"] = json!(addresses);
        filter["topics"] = json!([[topic, B256::ZERO]]);
        let logs = result(&served.http, "eth_getLogs", json!([filter])).await;
        let wanted = LogFilter { addresses: addresses.clone(), topics: vec![topic] };
        let expected = node.logs(scope, &wanted).await.unwrap();
        assert_eq!(logs.as_array().unwrap().len(), expected.len());
        for (shown, log) in logs.as_array().unwrap().iter().zip(&expected) {
            assert_eq!(shown["address"], json!(log.address));
            assert_eq!(shown["topics"], json!(log.topics));
            assert_eq!(shown["data"], json!(log.data));
            assert_eq!(shown["blockNumber"], hex(log.block));
            assert_eq!(shown["blockHash"], json!(log.block_hash));
            assert_eq!(shown["blockTimestamp"], hex(log.block_time.unwrap()));
            assert_eq!(shown["transactionHash"], json!(log.tx_hash));
            assert_eq!(shown["logIndex"], hex(log.log_index.into()));
        }
    }
}

#[tokio::test]
async fn topic_positions_filter_on_the_server() {
    let (node, height) = busy(3);
    let served = serve(node.clone()).await;
    let ask = async |topics: Value| {
        let filter = json!({"fromBlock": "0x0", "toBlock": hex(height), "topics": topics});
        result(&served.http, "eth_getLogs", json!([filter])).await.as_array().unwrap().len()
    };
    let topic =
        erc721_transfer(Address::ZERO, Address::ZERO, Address::ZERO, U256::ZERO).topics()[0];
    let count = |fits: &dyn Fn(&[B256]) -> bool| {
        let blocks = node.chain().canonical().to_vec();
        blocks.iter().flat_map(|block| &block.logs).filter(|log| fits(&log.topics)).count()
    };
    assert_eq!(ask(json!([])).await, count(&|_| true));
    assert_eq!(ask(json!([topic])).await, count(&|it| it.first() == Some(&topic)));
    let four = ask(json!([topic, null, null, null])).await;
    assert_eq!(four, count(&|it| it.len() == 4 && it[0] == topic), "null asks for any topic");
    let mints = ask(json!([topic, B256::ZERO])).await;
    assert_eq!(mints, count(&|it| it.len() > 1 && it[0] == topic && it[1].is_zero()));
    assert!(mints > 0 && four > mints);
}

#[tokio::test]
async fn receipts_carry_the_logs_of_their_block() {
    let (node, height) = busy(4);
    let served = serve(node.clone()).await;
    for number in 0..=height {
        let block = node.chain().canonical()[number as usize].clone();
        let receipts = result(&served.http, "eth_getBlockReceipts", json!([hex(number)])).await;
        let receipts = receipts.as_array().unwrap();
        let logs = receipts.iter().flat_map(|receipt| receipt["logs"].as_array().unwrap());
        let indices: Vec<Value> = logs.map(|log| log["logIndex"].clone()).collect();
        let expected: Vec<Value> = (0..block.logs.len() as u64).map(hex).collect();
        assert_eq!((receipts.len(), indices), (block.txs.len(), expected));
        let by_hash = result(&served.http, "eth_getBlockReceipts", json!([block.hash])).await;
        assert_eq!(by_hash.as_array().unwrap(), receipts);
    }
}

#[tokio::test]
async fn refusals_speak_like_providers() {
    let (node, height) = busy(5);
    let served = serve(node.clone()).await;
    let url = &served.http;
    let range = |from, to| json!([{"fromBlock": hex(from), "toBlock": hex(to)}]);
    let past = error(url, "eth_getLogs", range(0, height + 1)).await;
    assert!(past.0 == -32_602 && past.1.contains("beyond current head"), "{past:?}");
    let unknown = json!([{"blockHash": B256::ZERO}]);
    assert_eq!(error(url, "eth_getLogs", unknown.clone()).await.1, "unknown block");
    node.faults().width_max = Some(9);
    assert!(error(url, "eth_getLogs", range(0, 9)).await.1.contains("max block range 9"));
    node.faults().logs_max = Some(1);
    assert_eq!(error(url, "eth_getLogs", range(1, 9)).await.0, -32_005);
    assert_eq!(error(url, "eth_getLogs", range(2, 1)).await.0, -32_602);
    assert_eq!(error(url, "eth_sendTransaction", json!([])).await.0, -32_601);
    assert_eq!(error(url, "eth_getBlockByNumber", json!(["12", false])).await.0, -32_602);
    *node.faults() = Default::default();
    node.faults().silent = true;
    assert_eq!(result(url, "eth_getLogs", unknown).await, json!([]), "a lie by silence");
    let whole = result(url, "eth_getLogs", range(0, height)).await;
    assert_eq!(result(url, "eth_getLogs", range(0, height + 9)).await, whole);
}

#[tokio::test]
async fn identity_and_tags_can_be_wrong_or_missing() {
    let (node, _) = busy(6);
    let served = serve(node.clone()).await;
    let url = &served.http;
    node.faults().chain_id = Some(5);
    assert_eq!(result(url, "eth_chainId", json!([])).await, "0x5");
    node.chain().tags.finalized = Tag::Null;
    assert_eq!(result(url, "eth_getBlockByNumber", json!(["finalized", false])).await, Value::Null);
    node.chain().tags.finalized = Tag::Unsupported;
    let refused = error(url, "eth_getBlockByNumber", json!(["finalized", false])).await;
    assert_eq!(refused, (-32_602, "invalid block tag".into()));
    assert_eq!(result(url, "eth_getCode", json!([tracked()[0], "latest"])).await, "0x6001");
    assert_eq!(result(url, "eth_getCode", json!([Address::ZERO, "latest"])).await, "0x");
    node.faults().keeps_state_from = 2;
    let old = error(url, "eth_getCode", json!([tracked()[0], "0x1"])).await;
    assert!(old.0 == -32_000 && old.1.starts_with("missing trie node "), "{old:?}");
}

#[tokio::test]
async fn batches_are_answered_in_order_and_fail_as_one() {
    let (node, height) = busy(7);
    let served = serve(node.clone()).await;
    let one = |id: u64| {
        let params = json!([hex(id), false]);
        json!({"jsonrpc": "2.0", "id": id, "method": "eth_getBlockByNumber", "params": params})
    };
    let batch: Value = (0..=height).map(one).collect();
    let answers: Value = serde_json::from_str(&post(&served.http, &batch).await.1).unwrap();
    for number in 0..=height {
        let answer = &answers[number as usize];
        assert_eq!((&answer["id"], &answer["result"]["number"]), (&json!(number), &hex(number)));
    }
    node.faults().failures = 1;
    assert_eq!(post(&served.http, &batch).await.0, 503);
    assert_eq!(post(&served.http, &batch).await.0, 200);
    assert_eq!(node.requests(), 3, "a batch is one request");
}

#[tokio::test]
async fn new_heads_are_announced_over_websocket() {
    let (node, height) = busy(8);
    let served = serve(node.clone()).await;
    let client: RpcClient = ClientBuilder::default().ws(WsConnect::new(&served.ws)).await.unwrap();
    let number: String = client.request("eth_blockNumber", ()).await.unwrap();
    assert_eq!(hex(height), number);
    let id: B256 = client.request("eth_subscribe", ["newHeads"]).await.unwrap();
    let mut heads = client.get_subscription::<Value>(id).await;
    for _ in 0..2 {
        let mined = node.chain().mine(Vec::new());
        node.announce();
        assert_eq!(heads.recv().await.unwrap()["hash"], json!(mined.hash));
    }
}
