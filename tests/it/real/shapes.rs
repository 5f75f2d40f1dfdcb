//! What a block may hold beside transfers: every type of transaction, failed ones, unknown fields.

use serde_json::{Value, json};

use super::fixture::{self, Block};
use super::reading::{self, Reading};
use super::rpc::Quirks;
use super::{Told, fill};

/// A block of two of the four types that there were when it was made, and what it states of
/// ERC-721.
fn block() -> (Block, Reading) {
    let block = fixture::block("mainnet-18500000");
    let truth = reading::read(&block);
    (block, truth)
}

#[tokio::test]
async fn transactions_of_every_type_are_read() {
    let (mut block, truth) = block();
    let with_rows =
        |receipt: &Value| truth.rows.iter().any(|row| receipt["transactionHash"] == json!(row.tx));
    // An access list, blobs, a set of codes, and one that nobody knows yet.
    let mut types = ["0x1", "0x3", "0x4", "0x7e", "0x0", "0x2"].iter().cycle();
    let mut movers = 0;
    for receipt in block.receipts.iter_mut().filter(|receipt| with_rows(receipt)) {
        receipt["type"] = json!(types.next());
        receipt["blobGasUsed"] = json!("0x20000");
        movers += 1;
    }
    assert!(movers >= 4, "too few transactions that move tokens: {movers}");
    for transaction in &mut block.transactions {
        transaction["type"] = json!(types.next());
        transaction["blobVersionedHashes"] = json!([]);
    }
    block.header["blobGasUsed"] = json!("0x20000");
    block.header["novelty"] = json!({"deep": [1]});
    for quirks in [Quirks::default(), Quirks { restarts: true, ..Quirks::default() }] {
        let filled = fill(block.clone(), quirks, Told::Standards).await;
        filled.assert_is(&truth, "every type of transaction").await;
    }
}

#[tokio::test]
async fn a_header_without_a_bloom_is_read() {
    let (mut block, truth) = block();
    block.header["logsBloom"] = Value::Null;
    let filled = fill(block, Quirks::default(), Told::Standards).await;
    filled.assert_is(&truth, "a header without a bloom").await;
}

#[tokio::test]
async fn failed_transactions_give_nothing() {
    let mut block = fixture::block("mainnet-15000000");
    let truth = reading::read(&block);
    let failed: Vec<String> = block
        .failed()
        .map(|receipt| receipt["transactionHash"].as_str().expect("a hash").to_owned())
        .collect();
    assert_eq!(failed.len(), 15);
    let filled = fill(block, Quirks::default(), Told::Standards).await;
    let stored = filled.transfers().await;
    assert!(stored.len() >= truth.erc721().len());
    assert!(stored.iter().all(|row| !failed.contains(&row.tx)));
}
