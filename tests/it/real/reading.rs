//! What the receipts of a block state, read without any code of Herald.
//!
//! EIP-721 and EIP-1155 by hand: a `Transfer` with four topics and no data is an ERC-721 one, with
//! fewer topics it is an ERC-20 one; `TransferSingle` and `TransferBatch` carry ids and amounts in
//! their data. Only transactions that succeeded count; every log takes an index.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::U256;
use serde_json::Value;

use super::fixture::Block;
use crate::support::rows::Row;

const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const SINGLE: &str = "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62";
const BATCH: &str = "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb";
const CONSECUTIVE: &str = "0xdeaa91b6123d068f5821d0fb0678463d1a8a6079fe8af5de3ce5e896dcf9133d";

/// Logs of a block by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Every transfer of a token, in order.
    pub(super) rows: Vec<Row>,
    /// Addresses with a log of one of the four first topics.
    pub(super) candidates: BTreeSet<String>,
    /// Those with an ERC-1155 log.
    pub(super) erc1155: BTreeSet<String>,
    /// `TransferSingle` and `TransferBatch` logs.
    pub(super) singles: usize,
    pub(super) batches: usize,
    /// `Transfer` logs that move no token of an NFT contract.
    pub(super) coins: usize,
}

impl Reading {
    /// Rows of ERC-721 transfers.
    pub(super) fn erc721(&self) -> Vec<Row> {
        self.rows.iter().filter(|row| row.amount.is_none()).cloned().collect()
    }

    /// Who holds each ERC-721 token after the block: its last writer, nobody after a burn.
    pub(super) fn owners(&self) -> BTreeMap<(String, String), String> {
        let mut owners = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.amount.is_none()) {
            let token = (row.contract.clone(), row.token_id.clone());
            match row.to == nobody() {
                true => owners.remove(&token),
                false => owners.insert(token, row.to.clone()),
            };
        }
        owners
    }

    /// Rows in which a token comes into being.
    pub(super) fn mints(&self) -> usize {
        self.rows.iter().filter(|row| row.from == nobody()).count()
    }

    /// ERC-721 tokens that move more than once.
    pub(super) fn movers(&self) -> usize {
        let mut moves: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.amount.is_none()) {
            *moves.entry((&row.contract, &row.token_id)).or_default() += 1;
        }
        moves.values().filter(|count| **count > 1).count()
    }

    /// Contracts that move a token.
    pub(super) fn contracts(&self) -> usize {
        self.rows.iter().map(|row| &row.contract).collect::<BTreeSet<_>>().len()
    }
}

fn nobody() -> String {
    format!("0x{}", "0".repeat(40))
}

/// Reads all receipts of a block.
pub(super) fn read(block: &Block) -> Reading {
    let mut reading = Reading::default();
    let mut index = 0;
    for receipt in &block.receipts {
        for log in receipt["logs"].as_array().expect("logs") {
            if receipt["status"] == "0x1" {
                reading.log(log, index, receipt["transactionHash"].as_str().expect("a hash"));
            }
            index += 1;
        }
    }
    reading
}

impl Reading {
    fn log(&mut self, log: &Value, log_index: i32, tx: &str) {
        let topics: Vec<&str> =
            log["topics"].as_array().expect("topics").iter().filter_map(Value::as_str).collect();
        let address = log["address"].as_str().expect("an address").to_lowercase();
        let data = words(log["data"].as_str().expect("data"));
        let first = topics.first().copied().unwrap_or_default();
        if [TRANSFER, SINGLE, BATCH, CONSECUTIVE].contains(&first) {
            self.candidates.insert(address.clone());
        }
        let row = |(from, to): (&str, &str), token: U256, amount: Option<U256>, batch: usize| Row {
            contract: address.clone(),
            log_index,
            batch_index: i32::try_from(batch).expect("a small batch"),
            token_id: token.to_string(),
            token_id_to: None,
            amount: amount.map(|amount| amount.to_string()),
            from: from.to_owned(),
            to: to.to_owned(),
            tx: tx.to_owned(),
        };
        match (first, &topics[..], &data[..]) {
            (TRANSFER, [_, from, to, token], []) => {
                let token = token.parse().expect("a word");
                self.rows.push(row((&tail(from), &tail(to)), token, None, 0));
            }
            (TRANSFER, ..) => self.coins += 1,
            (SINGLE, [_, _, from, to], [id, amount]) => {
                self.singles += 1;
                self.erc1155.insert(address.clone());
                self.rows.push(row((&tail(from), &tail(to)), *id, Some(*amount), 0));
            }
            (BATCH, [_, _, from, to], data) => {
                self.batches += 1;
                self.erc1155.insert(address.clone());
                let (ids, amounts) = (list(data, data[0]), list(data, data[1]));
                assert_eq!(ids.len(), amounts.len(), "a batch of the fixtures is sound");
                for (at, (id, amount)) in ids.iter().zip(amounts).enumerate() {
                    self.rows.push(row((&tail(from), &tail(to)), *id, Some(*amount), at));
                }
            }
            (SINGLE | CONSECUTIVE, ..) => panic!("the fixtures have no such log: {log}"),
            _ => {}
        }
    }
}

/// The address in a topic.
fn tail(topic: &str) -> String {
    format!("0x{}", &topic[topic.len() - 40..])
}

fn words(data: &str) -> Vec<U256> {
    let digits = data.trim_start_matches("0x");
    let word = |at: usize| U256::from_str_radix(&digits[at..at + 64], 16).expect("hexadecimal");
    (0..digits.len() / 64).map(|at| word(at * 64)).collect()
}

/// The list that begins at this offset of bytes: its length, then its words.
fn list(data: &[U256], offset: U256) -> &[U256] {
    let at = usize::try_from(offset).expect("a small offset") / 32;
    let length = usize::try_from(data[at]).expect("a short list");
    &data[at + 1..at + 1 + length]
}
