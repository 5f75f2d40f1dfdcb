//! Transactions of every type that a real node takes, and such that fail after they have logged.
//!
//! A blob of zeros needs no setup of KZG: commitment and proof of the polynomial zero are the point
//! at infinity (EIP-4844).

use std::sync::Arc;

use alloy::primitives::{Address, Bytes, U64, U256, hex};
use alloy::sol_types::SolCall;
use herald::chain::Rpc;
use herald::devnet::anvil::Anvil;
use herald::devnet::contracts::{HeraldCollectible, HeraldItems, Kind, Plan, deploy};
use herald::devnet::node::Node;
use herald::types::Caip2;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::shapes::mine;
use crate::support::database::fresh;
use crate::support::indexer::{Indexer, rules};
use crate::support::one::one_node;
use crate::support::rows::{self, Row};

const CHAIN: u64 = 31_337;
/// Blocks above the history, so that it is final and loaded by range.
const ABOVE: usize = 20;
/// The compressed point at infinity of BLS12-381 begins so; all that follows is zero.
const INFINITY: u8 = 0xc0;
const BLOB_BYTES: usize = 131_072;

/// What makes a transaction one of this type.
fn fields(kind: u64, touched: Address) -> Value {
    let fees = json!({"maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0"});
    match kind {
        0 => json!({"gasPrice": "0x0"}),
        1 => {
            let key = hex::encode_prefixed([0; 32]);
            json!({"gasPrice": "0x0", "accessList": [{"address": touched, "storageKeys": [key]}]})
        }
        2 => fees,
        _ => {
            let mut fields = fees;
            let mut point = [0; 48];
            point[0] = INFINITY;
            let mut versioned: [u8; 32] = Sha256::digest(point).into();
            versioned[0] = 1;
            fields["maxFeePerBlobGas"] = json!("0x1");
            fields["blobVersionedHashes"] = json!([hex::encode_prefixed(versioned)]);
            fields["blobs"] = json!([hex::encode_prefixed(vec![0; BLOB_BYTES])]);
            fields["commitments"] = json!([hex::encode_prefixed(point)]);
            fields["proofs"] = fields["commitments"].clone();
            fields
        }
    }
}

/// A real node, and what was sent to it.
struct Sender {
    node: Node,
    rpc: Rpc,
    from: Address,
}

impl Sender {
    /// Sends a call in a block of its own; answers its receipt.
    async fn send(&self, kind: u64, to: Address, data: Vec<u8>, gas: u64) -> Value {
        let mut sent = fields(kind, to);
        sent["type"] = json!(U64::from(kind));
        sent["from"] = json!(self.from);
        sent["to"] = json!(to);
        sent["gas"] = json!(U64::from(gas));
        sent["data"] = json!(Bytes::from(data));
        let hash: Value = self.rpc.call("eth_sendTransaction", json!([sent])).await.unwrap();
        mine(&self.node).await;
        let receipt: Value =
            self.rpc.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
        assert_eq!(receipt["type"], json!(U64::from(kind)), "the node took it as another type");
        receipt
    }
}

fn row(contract: Address, receipt: &Value, token: U256, to: Address) -> Row {
    Row {
        log_index: 0,
        batch_index: 0,
        contract: format!("{contract:#x}"),
        token_id: token.to_string(),
        token_id_to: None,
        amount: None,
        from: format!("{:#x}", Address::ZERO),
        to: format!("{to:#x}"),
        tx: receipt["transactionHash"].as_str().unwrap().to_owned(),
    }
}

/// One mint of each contract by each type, and as many of each that fail; what has to be stored.
async fn history(sender: &Sender, art: Address, items: Address) -> Vec<Row> {
    let (to, enough) = (sender.from, 500_000);
    let mut expected = Vec::new();
    for kind in 0..=3 {
        let id = U256::from(100 + kind);
        let mint = HeraldCollectible::mintIdCall { to, id }.abi_encode();
        let receipt = sender.send(kind, art, mint, enough).await;
        assert_eq!(receipt["status"], "0x1");
        expected.push(row(art, &receipt, id, to));

        let (ids, amounts) = (vec![id, U256::ONE], vec![U256::from(7), U256::from(kind)]);
        let mint = HeraldItems::mintBatchCall { to, ids: ids.clone(), amounts: amounts.clone() };
        let receipt = sender.send(kind, items, mint.abi_encode(), enough).await;
        assert_eq!(receipt["status"], "0x1");
        for (batch_index, (id, amount)) in (0..).zip(ids.into_iter().zip(amounts)) {
            let amount = Some(amount.to_string());
            expected.push(Row { batch_index, amount, ..row(items, &receipt, id, to) });
        }

        // A contract that takes no items refuses them after their log; the tokens of a long mint are
        // logged one by one until the gas is gone.
        let refused = HeraldItems::mintCall { to: art, id, amount: U256::ONE }.abi_encode();
        let endless = HeraldCollectible::mintCall { to, count: U256::from(100) }.abi_encode();
        for (contract, data) in [(items, refused), (art, endless)] {
            let receipt = sender.send(kind, contract, data, enough).await;
            assert_eq!((&receipt["status"], &receipt["logs"]), (&json!("0x0"), &json!([])));
        }
    }
    expected
}

#[tokio::test]
async fn transactions_of_every_type_are_read_and_failed_ones_are_not() {
    let (_dir, path) = super::folder();
    let anvil = Anvil::start(&super::program(), &path, "types", CHAIN).await.unwrap();
    let node = Node::new(&anvil.http_url()).unwrap();
    let accounts = node.accounts().await.unwrap();
    let mut contracts = Vec::new();
    for kind in [Kind::Collectible, Kind::Items] {
        let plan = Plan { name: "types", kind, configured: true, stated: false };
        contracts.push(deploy(&node, &accounts, plan).await.unwrap().address);
    }
    let [art, items] = contracts[..] else { unreachable!("two were made") };
    let rpc = Rpc::new(&anvil.http_url()).unwrap();
    let sender = Sender { node, rpc, from: accounts[0] };
    let herald = async || {
        let database = fresh().await;
        let chain = Arc::new(one_node(Caip2(CHAIN), &anvil.http_url()));
        let indexer = Indexer::over(&database.pool, (Caip2(CHAIN), chain), "one", rules()).await;
        for contract in [art, items] {
            indexer.follow_as(contract, None, 0).await;
        }
        indexer.rest().await;
        (database, indexer)
    };
    let (live, indexer) = herald().await;
    let expected = history(&sender, art, items).await;
    assert_eq!(expected.len(), 12);
    indexer.rest().await;
    assert_eq!(rows::transfers(&live.pool, indexer.context.key).await, expected, "live");
    for _ in 0..ABOVE {
        mine(&sender.node).await;
    }
    let (late, indexer) = herald().await;
    assert_eq!(rows::transfers(&late.pool, indexer.context.key).await, expected, "loaded");
    assert_eq!(rows::owners(&late.pool, indexer.context.key).await.len(), 4);
    anvil.stop().await.unwrap();
}
