//! What a node answers that has one real block, which is start and head of its chain.

use serde_json::{Value, json};

use super::fixture::{Block, quantity};

/// How the node departs from what most nodes do.
#[derive(Clone, Copy, Default)]
pub(super) struct Quirks {
    /// It has no finality tags.
    pub(super) untagged: bool,
    /// Its logs count from 0 in each transaction.
    pub(super) restarts: bool,
    /// It shows receipts one by one only.
    pub(super) single_receipts: bool,
    /// It shows no receipts.
    pub(super) no_receipts: bool,
    /// It shows a block 0.
    pub(super) has_genesis: bool,
}

/// A node with one block.
pub(super) struct Node {
    pub(super) block: Block,
    pub(super) quirks: Quirks,
}

type Said = Result<Value, Value>;

impl Node {
    /// The answer to one request object.
    pub(super) fn answer(&self, request: &Value) -> Value {
        let method = request["method"].as_str().expect("a method");
        match self.call(method, &request["params"]) {
            Ok(result) => json!({"jsonrpc": "2.0", "id": request["id"], "result": result}),
            Err(error) => json!({"jsonrpc": "2.0", "id": request["id"], "error": error}),
        }
    }

    fn call(&self, method: &str, params: &Value) -> Said {
        let block = &self.block;
        let full = params[1] == json!(true);
        Ok(match method {
            "eth_chainId" => json!(format!("{:#x}", block.chain)),
            "net_version" => json!(block.chain.to_string()),
            "eth_blockNumber" => block.header["number"].clone(),
            "eth_getBlockByNumber" => match params[0].as_str().expect("a height or tag") {
                "0x0" if self.quirks.has_genesis => genesis(),
                name if self.is_named(name)? => self.shown(full),
                _ => Value::Null,
            },
            "eth_getBlockByHash" if self.is_it(&params[0]) => self.shown(full),
            "eth_getBlockByHash" => Value::Null,
            "eth_getLogs" => self.logs(&params[0])?,
            "eth_getBlockReceipts" if self.offers_block_receipts() => self.receipts(&params[0])?,
            "eth_getTransactionReceipt" if !self.quirks.no_receipts => {
                let is_asked = |receipt: &&Value| receipt["transactionHash"] == params[0];
                block.receipts.iter().find(is_asked).cloned().unwrap_or_default()
            }
            _ => return Err(json!({"code": -32601, "message": format!("no method {method}")})),
        })
    }

    fn offers_block_receipts(&self) -> bool {
        !self.quirks.single_receipts && !self.quirks.no_receipts
    }

    fn is_it(&self, hash: &Value) -> bool {
        *hash == self.block.header["hash"]
    }

    /// Whether a tag or height names the block.
    fn is_named(&self, name: &str) -> Result<bool, Value> {
        match name {
            "safe" | "finalized" if self.quirks.untagged => {
                Err(json!({"code": -39001, "message": "Unknown block"}))
            }
            "latest" | "safe" | "finalized" => Ok(true),
            number => Ok(quantity(&json!(number)) == self.block.number()),
        }
    }

    fn shown(&self, full: bool) -> Value {
        let mut shown = self.block.header.clone();
        let all = self.block.transactions.iter();
        shown["transactions"] =
            all.map(|tx| if full { tx.clone() } else { tx["hash"].clone() }).collect();
        shown
    }

    fn receipts(&self, block: &Value) -> Said {
        let is_hash = block.as_str().is_some_and(|text| text.len() == 66);
        let here = match is_hash {
            true => self.is_it(block),
            false => self.is_named(block.as_str().expect("a height, tag or hash"))?,
        };
        Ok(if here { json!(self.block.receipts) } else { Value::Null })
    }

    /// As geth filters: topics by position, `null` for any, a list for one of them.
    fn logs(&self, filter: &Value) -> Said {
        let number = self.block.number();
        let bound = |key: &str| match filter[key].as_str() {
            None | Some("latest" | "safe" | "finalized") => number,
            Some(text) => quantity(&json!(text)),
        };
        let unknown = || json!({"code": -32000, "message": "unknown block"});
        let here = match filter["blockHash"].is_null() {
            true if bound("toBlock") > number => {
                let message = "block range extends beyond current head block";
                return Err(json!({"code": -32602, "message": message}));
            }
            true => bound("fromBlock") <= number && number <= bound("toBlock"),
            false if self.is_it(&filter["blockHash"]) => true,
            false => return Err(unknown()),
        };
        let all = self.block.receipts.iter().filter(|_| here).flat_map(|one| self.logs_of(one));
        Ok(all.filter(|log| passes(filter, log)).collect())
    }

    fn logs_of(&self, receipt: &Value) -> Vec<Value> {
        let mut logs = receipt["logs"].as_array().expect("logs").clone();
        // What a failed transaction would have logged, nodes do not find by `eth_getLogs`.
        logs.retain(|log| log["reverted"].is_null());
        if self.quirks.restarts {
            for (index, log) in logs.iter_mut().enumerate() {
                log["logIndex"] = json!(format!("{index:#x}"));
            }
        }
        logs
    }
}

fn passes(filter: &Value, log: &Value) -> bool {
    let same = |wanted: &Value, found: &Value| {
        let lower = |value: &Value| value.as_str().expect("text").to_lowercase();
        lower(wanted) == lower(found)
    };
    let accepts = |wanted: &Value, found: &Value| match wanted {
        Value::Null => true,
        Value::Array(any) => any.is_empty() || any.iter().any(|one| same(one, found)),
        one => same(one, found),
    };
    let found = log["topics"].as_array().expect("topics");
    let wanted = filter["topics"].as_array().map(Vec::as_slice).unwrap_or_default();
    accepts(&filter["address"], &log["address"])
        && wanted.len() <= found.len()
        && wanted.iter().zip(found).all(|(wanted, found)| accepts(wanted, found))
}

fn genesis() -> Value {
    json!({
        "number": "0x0", "hash": format!("{:#066x}", 0x6e), "parentHash": format!("{:#066x}", 0),
        "timestamp": "0x1", "transactions": [],
    })
}
