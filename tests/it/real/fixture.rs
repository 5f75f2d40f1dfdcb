//! A real block as it was published: header, transactions, receipts.

use std::path::PathBuf;
use std::process::Command;

use alloy::primitives::Bloom;
use serde_json::{Value, json};

/// One block of a real chain.
#[derive(Clone)]
pub(super) struct Block {
    /// EIP-155 number of its chain.
    pub(super) chain: u64,
    /// Its header in the shape of the execution API, without `transactions`.
    pub(super) header: Value,
    /// Its transactions, as far as they were published.
    pub(super) transactions: Vec<Value>,
    /// Its receipts, in their order.
    pub(super) receipts: Vec<Value>,
}

impl Block {
    /// Height.
    pub(super) fn number(&self) -> u64 {
        quantity(&self.header["number"])
    }

    /// The receipts of its transactions that failed.
    pub(super) fn failed(&mut self) -> impl Iterator<Item = &mut Value> {
        self.receipts.iter_mut().filter(|receipt| receipt["status"] == "0x0")
    }
}

/// The block in the folder `name` of the fixtures.
pub(super) fn block(name: &str) -> Block {
    let chain = match name.split_once('-').expect("a chain and a height").0 {
        "mainnet" => 1,
        "polygon" => 137,
        "cronos" => 25,
        other => panic!("the id of {other} is not known here"),
    };
    let receipts = listed(result(file(name, "receipts.json.gz")));
    if name == "mainnet-15000000" {
        let mut header = result(file(name, "header.json"))["block"].take();
        let union = receipts.iter().fold(Bloom::ZERO, |union, receipt| {
            union | receipt["logsBloom"].as_str().expect("a bloom").parse::<Bloom>().expect("one")
        });
        header["logsBloom"] = json!(union);
        let shown = ["transactionHash", "transactionIndex", "type", "from", "to"];
        let transaction = |receipt: &Value| {
            let mut shown: Value =
                shown.iter().map(|key| ((*key).to_owned(), receipt[key].clone())).collect();
            shown["hash"] = shown["transactionHash"].take();
            shown
        };
        let transactions = receipts.iter().map(transaction).collect();
        return Block { chain, header, transactions, receipts };
    }
    let mut header = file(name, "block.json.gz");
    let transactions = listed(header["transactions"].take());
    Block { chain, header, transactions, receipts }
}

/// What the number in `value` is.
pub(super) fn quantity(value: &Value) -> u64 {
    let text = value.as_str().expect("a quantity is text");
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a quantity is hexadecimal")
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        other => panic!("not a list: {other}"),
    }
}

/// The result in a published list of one request and its response; other files are the result.
fn result(mut file: Value) -> Value {
    match file[0]["response"].is_object() {
        true => file[0]["response"]["result"].take(),
        false => file,
    }
}

fn file(folder: &str, name: &str) -> Value {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/chain", folder, name].iter().collect();
    let text = if name.ends_with(".gz") {
        let shown = Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip is installed");
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        shown.stdout
    } else {
        std::fs::read(&path).expect("the fixture is there")
    };
    serde_json::from_slice(&text).expect("the fixture is JSON")
}
