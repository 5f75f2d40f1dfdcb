//! The JSON-RPC methods of a simulated node.

use alloy::primitives::{Address, B256, Bytes, keccak256};
use herald::chain::{LogScope, RawLog};
use serde::Deserialize;
use serde_json::{Value, json};

use super::block::SimBlock;
use super::json;
use super::node::SimNode;
use super::tags::Tag;
use super::view::{Refusal, View};

/// An error of JSON-RPC.
pub(crate) struct RpcError {
    code: i32,
    message: String,
}

impl RpcError {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The filter of `eth_getLogs`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    from_block: Option<String>,
    to_block: Option<String>,
    block_hash: Option<B256>,
    address: Option<OneOrMany<Address>>,
    #[serde(default)]
    topics: Vec<Option<OneOrMany<B256>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: PartialEq> OneOrMany<T> {
    /// An empty list accepts everything, as nodes do.
    fn accepts(&self, value: &T) -> bool {
        match self {
            Self::One(only) => only == value,
            Self::Many(any) => any.is_empty() || any.contains(value),
        }
    }
}

/// The answer to one request object.
pub(crate) fn answer(node: &SimNode, request: &Value) -> Value {
    let method = request["method"].as_str().unwrap_or_default();
    let outcome = call(node, method, &request["params"]);
    match outcome {
        Ok(result) => json!({"jsonrpc": "2.0", "id": request["id"], "result": result}),
        Err(RpcError { code, message }) => {
            let error = json!({"code": code, "message": message});
            json!({"jsonrpc": "2.0", "id": request["id"], "error": error})
        }
    }
}

fn call(node: &SimNode, method: &str, params: &Value) -> Result<Value, RpcError> {
    match method {
        "eth_chainId" => Ok(node.look(|view| json::quantity(view.chain_id()))),
        "eth_blockNumber" => Ok(node.look(|view| json::quantity(view.head().header.number))),
        "eth_getBlockByNumber" => node.look(|view| by_name(view, &params[0], json::block)),
        "eth_getBlockByHash" => node.look(|view| by_hash(view, &params[0], json::block)),
        "eth_getBlockReceipts" => node.look(|view| receipts(view, &params[0])),
        "eth_getLogs" => logs(node, params),
        "eth_getCode" => node.look(|view| code(view, params)),
        "eth_call" => node.look(|view| answered(view, params)),
        "web3_clientVersion" => Ok(json!("simulated/1")),
        _ => Err(RpcError::new(-32_601, format!("the method {method} does not exist"))),
    }
}

fn by_name(
    view: &View<'_>,
    name: &Value,
    show: impl Fn(&SimBlock) -> Value,
) -> Result<Value, RpcError> {
    let block = match parse::<String>(name)?.as_str() {
        "latest" => Some(view.head()),
        "earliest" => view.at(0),
        "safe" => tagged(view, view.chain.tags.safe)?,
        "finalized" => tagged(view, view.chain.tags.finalized)?,
        number => view.at(height(number)?),
    };
    Ok(block.map_or(Value::Null, |block| show(block)))
}

fn tagged<'a>(
    view: &'a View<'_>,
    tag: Tag,
) -> Result<Option<&'a std::sync::Arc<SimBlock>>, RpcError> {
    match tag {
        Tag::Unsupported => Err(RpcError::new(-32_602, "invalid block tag")),
        tag => Ok(view.tagged(tag)),
    }
}

fn by_hash(
    view: &View<'_>,
    hash: &Value,
    show: impl Fn(&SimBlock) -> Value,
) -> Result<Value, RpcError> {
    Ok(view.by_hash(parse(hash)?).map_or(Value::Null, |block| show(block)))
}

/// Receipts take a hash as well as a height or tag.
fn receipts(view: &View<'_>, block: &Value) -> Result<Value, RpcError> {
    match parse::<B256>(block) {
        Ok(_) => by_hash(view, block, json::receipts),
        Err(_) => by_name(view, block, json::receipts),
    }
}

fn code(view: &View<'_>, params: &Value) -> Result<Value, RpcError> {
    let block = match parse::<String>(&params[1])?.as_str() {
        "latest" => None,
        number => Some(height(number)?),
    };
    let has_code = view.has_code(parse(&params[0])?, block)?;
    Ok(json!(if has_code { "0x6001" } else { "0x" }))
}

/// What a contract answers at the newest block; an address without code answers nothing at all.
fn answered(view: &View<'_>, params: &Value) -> Result<Value, RpcError> {
    let to = parse(&params[0]["to"])?;
    match view.answer(to, &parse::<Bytes>(&params[0]["data"])?) {
        Some(word) => Ok(json!(word)),
        None if view.has_code(to, None)? => Err(RpcError::new(3, "execution reverted")),
        None => Ok(json!("0x")),
    }
}

fn logs(node: &SimNode, params: &Value) -> Result<Value, RpcError> {
    let filter: Filter = parse(&params[0])?;
    node.before_logs();
    node.look(|view| {
        let scope = filter.scope(view)?;
        match view.logs(scope, |log| filter.accepts(log)) {
            Ok(logs) => Ok(show(view, &logs)),
            Err(Refusal::Unknown) if view.faults.silent => Ok(json!([])),
            Err(Refusal::PastHead { head, .. }) if view.faults.silent => {
                let logs = view.logs(clipped(scope, head), |log| filter.accepts(log))?;
                Ok(show(view, &logs))
            }
            Err(refusal) => Err(refusal.into()),
        }
    })
}

fn show(view: &View<'_>, logs: &[RawLog]) -> Value {
    let shown = logs.iter().map(|log| {
        let block = view.chain.by_hash(log.block_hash).expect("logs come from known blocks");
        json::log(log, json::tx_index(block, log.tx_hash))
    });
    shown.collect()
}

/// The part of a range that ends at the head: what silent nodes answer.
fn clipped(scope: LogScope, head: u64) -> LogScope {
    match scope {
        LogScope::Range(from, to) => LogScope::Range(from, to.min(head)),
        hash => hash,
    }
}

impl Filter {
    fn scope(&self, view: &View<'_>) -> Result<LogScope, RpcError> {
        if let Some(hash) = self.block_hash {
            return Ok(LogScope::Hash(hash));
        }
        let end = |name: &Option<String>| match name.as_deref() {
            None | Some("latest") => Ok(view.head().header.number),
            Some(number) => height(number),
        };
        let (from, to) = (end(&self.from_block)?, end(&self.to_block)?);
        if from > to {
            return Err(RpcError::new(-32_602, "invalid block range params"));
        }
        Ok(LogScope::Range(from, to))
    }

    /// Topics match by position; `null` stands for any topic, which must be there.
    fn accepts(&self, log: &RawLog) -> bool {
        let of_contract = self.address.as_ref().is_none_or(|wanted| wanted.accepts(&log.address));
        let pairs = || self.topics.iter().zip(&log.topics);
        of_contract
            && self.topics.len() <= log.topics.len()
            && pairs().all(|(wanted, topic)| wanted.as_ref().is_none_or(|any| any.accepts(topic)))
    }
}

/// The words of providers: of Hyperliquid, Infura and geth.
impl From<Refusal> for RpcError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooWide { max } => {
                Self::new(-32_602, format!("query exceeds max block range {max}"))
            }
            Refusal::TooMany { max } => {
                Self::new(-32_005, format!("query returned more than {max} results"))
            }
            Refusal::PastHead { asked, head } => Self::new(
                -32_602,
                format!(
                    "block range extends beyond current head block: requested {asked}, head {head}"
                ),
            ),
            Refusal::Unknown => Self::new(-32_000, "unknown block"),
            Refusal::NoState(block) => {
                let root = keccak256(block.to_be_bytes());
                let what =
                    format!("missing trie node {root:x} (path ) state {root} is not available");
                Self::new(-32_000, what)
            }
        }
    }
}

fn height(text: &str) -> Result<u64, RpcError> {
    let digits = text.strip_prefix("0x").unwrap_or("not hexadecimal");
    u64::from_str_radix(digits, 16).map_err(|_| RpcError::new(-32_602, "invalid block number"))
}

fn parse<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<T, RpcError> {
    T::deserialize(value).map_err(|fault| RpcError::new(-32_602, fault.to_string()))
}
