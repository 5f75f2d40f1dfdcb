//! A real block from a node whose logs count from 0 in each transaction: it is read by receipts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fixture::{self, Block};
use super::reading;
use super::rpc::Quirks;
use super::{Told, start};

/// Gives the failed transactions a copy of the first ERC-721 transfer each, as nodes do that show
/// what a transaction would have logged.
fn with_logs_of_failed(mut block: Block) -> Block {
    let first = reading::read(&block).erc721()[0].clone();
    let is_it = |log: &&Value| fixture::quantity(&log["logIndex"]) == first.log_index as u64;
    let logs = || block.receipts.iter().filter_map(|receipt| receipt["logs"].as_array()).flatten();
    let mut copy = logs().find(is_it).expect("the log is there").clone();
    copy["reverted"] = json!(true);
    for receipt in block.failed() {
        copy["transactionHash"] = receipt["transactionHash"].clone();
        receipt["logs"] = json!([copy]);
    }
    block
}

/// Fills a database from such a node and fails unless the tables say what the receipts say and the
/// endpoint is marked.
async fn check(block: Block, quirks: Quirks, what: &str) {
    let mut truth = reading::read(&block);
    // A few contracts of coins are enough: each is asked for by itself.
    let holds_tokens = |address: &String| truth.rows.iter().any(|row| row.contract == *address);
    let (mut followed, coins): (BTreeSet<_>, BTreeSet<_>) =
        truth.candidates.iter().cloned().partition(holds_tokens);
    followed.extend(coins.into_iter().take(3));
    truth.candidates = followed;
    let filled = start(block, quirks, Told::Standards, &truth).await;
    filled.indexer.rest().await;
    filled.assert_is(&truth, what).await;
    let report = filled.indexer.context.chain.endpoints().remove(0);
    let detail = report.detail.expect("a mark");
    assert!(detail.starts_with("gave two logs one index in block"), "{detail}");
    assert_eq!((report.status, report.failures), ("ok", 0));
}

const WHOLE: Quirks = Quirks {
    restarts: true,
    single_receipts: false,
    untagged: false,
    no_receipts: false,
    has_genesis: false,
};
const SINGLE: Quirks = Quirks { single_receipts: true, ..WHOLE };

#[tokio::test]
async fn a_real_block_numbered_wrongly_is_read_by_its_receipts() {
    for quirks in [WHOLE, SINGLE] {
        check(fixture::block("mainnet-18500000"), quirks, "mainnet-18500000").await;
    }
}

#[tokio::test]
async fn receipts_of_failed_transactions_give_nothing() {
    let block = with_logs_of_failed(fixture::block("mainnet-18500000"));
    check(block, WHOLE, "mainnet-18500000").await;
}

#[tokio::test]
async fn failed_transactions_that_log_their_fee_are_counted_and_give_nothing() {
    let block = fixture::block("polygon-50000000");
    check(block.clone(), WHOLE, "polygon-50000000").await;
    check(with_logs_of_failed(block), SINGLE, "polygon-50000000").await;
}

#[tokio::test]
async fn without_receipts_nothing_of_the_block_is_stored_and_the_reason_is_told() {
    let block = fixture::block("mainnet-18500000");
    let truth = reading::read(&block);
    let quirks = Quirks { no_receipts: true, ..WHOLE };
    let failing = start(block, quirks, Told::Standards, &truth).await;
    while failing.indexer.live().await.expect("the live edge needs no logs")
        == herald::work::Pass::Worked
    {}
    failing.indexer.track().await.expect("contracts are joined");
    let error = failing.indexer.load().await.expect_err("no receipts, no logs");
    let text = format!("{error:#}");
    assert!(text.contains("two logs one index, and the receipts of block 18500000"), "{text}");
    assert!(text.contains("add an endpoint that answers eth_getBlockReceipts"), "{text}");
    assert_eq!(failing.transfers().await, []);
}
