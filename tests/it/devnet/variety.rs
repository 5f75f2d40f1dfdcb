//! That the traffic of the demo really puts onto a chain what an indexer may get wrong.

use std::collections::BTreeSet;

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolEvent as _;
use herald::devnet::contracts::{Deployed, Kind, RANGES};
use herald::devnet::node::{Node, NodeLog};

use super::replay::{Transfer, TransferBatch, TransferSingle};

/// Fails on a shape of transfer that never came.
pub(super) async fn assert_all_came(node: &Node, contract: &Deployed) {
    let logs = node.logs(contract.address).await.unwrap();
    let wanted: &[&str] = match contract.plan.kind {
        Kind::Collectible => &["mint", "burn", "self-transfer"],
        Kind::Consecutive => {
            &["mint", "burn", "self-transfer", "out of a range", "burnt of a range"]
        }
        Kind::Items => &[
            "mint",
            "burn",
            "self-transfer",
            "single",
            "batch",
            "batch burn",
            "batch mint",
            "an id twice",
            "nothing of an id",
            "all of 256 bits",
        ],
    };
    let came: BTreeSet<&str> = logs.iter().flat_map(shapes).collect();
    let missing: Vec<_> = wanted.iter().filter(|shape| !came.contains(*shape)).collect();
    assert!(missing.is_empty(), "{} never had {missing:?}", contract.plan.name);
}

fn shapes(log: &NodeLog) -> Vec<&'static str> {
    let topics = log.topics.iter().copied();
    if let Ok(event) = Transfer::decode_raw_log(topics.clone(), &log.data) {
        let mut found = ends(event.from, event.to);
        if event.id < U256::from(RANGES.iter().sum::<u32>()) && !event.from.is_zero() {
            found.push(if event.to.is_zero() { "burnt of a range" } else { "out of a range" });
        }
        return found;
    }
    if let Ok(event) = TransferSingle::decode_raw_log(topics.clone(), &log.data) {
        let mut found = ends(event.from, event.to);
        found.push("single");
        found.extend(event.amount.is_zero().then_some("nothing of an id"));
        found.extend((event.amount == U256::MAX).then_some("all of 256 bits"));
        return found;
    }
    let Ok(event) = TransferBatch::decode_raw_log(topics, &log.data) else { return Vec::new() };
    let mut found = vec!["batch"];
    found.extend(event.from.is_zero().then_some("batch mint"));
    found.extend(event.to.is_zero().then_some("batch burn"));
    let different: BTreeSet<&U256> = event.ids.iter().collect();
    found.extend((different.len() < event.ids.len()).then_some("an id twice"));
    found
}

fn ends(from: Address, to: Address) -> Vec<&'static str> {
    match (from.is_zero(), to.is_zero()) {
        (true, _) => vec!["mint"],
        (_, true) => vec!["burn"],
        _ if from == to => vec!["self-transfer"],
        _ => Vec::new(),
    }
}
