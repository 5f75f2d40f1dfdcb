//! What Herald asks one node, and whether the answer fits the question.

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::failure::{Blame, Failure};
use super::line::{Call, Reply};
use super::numbering::settled;
use super::sift::sift;
use super::verdict::Verdict;
use super::wire::{WireBlock, WireLog, hex, quantity};
use super::{ChainError, Head, Header, LogFilter, LogScope, RawLog};
use crate::types::{BlockRef, Caip2};

/// Who a node says it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WhoItIs {
    /// `eth_chainId`.
    pub(super) chain: Caip2,
    /// Hash of block 0, where the node still has it.
    pub(super) genesis: Option<B256>,
}

/// Asks who the node is.
pub(super) async fn identity(endpoint: &Endpoint) -> Result<WhoItIs, Failure> {
    let calls = [Call::new("eth_chainId", json!([])), block_by_number("0x0")];
    let [chain, genesis] = all(endpoint.ask(&calls).await.map_err(Failure::without_limits)?)?;
    let chain: String = read(&chain.map_err(Failure::without_limits)?)?;
    let chain = quantity(&chain).ok_or_else(|| Failure::nonsense("a chain id out of form"))?;
    let genesis = match genesis {
        Err(failure) if failure.blame == Blame::Rate => return Err(failure),
        Err(_) => None,
        Ok(raw) => read_block(&raw)?,
    };
    Ok(WhoItIs { chain: Caip2(chain), genesis: genesis.map(|header| header.block.hash) })
}

/// Asks for the newest block and the finality tags. A tag above the newest block is no tag.
pub(super) async fn head(endpoint: &Endpoint) -> Result<Head, Failure> {
    let calls = ["latest", "safe", "finalized"].map(block_by_number);
    let replies = endpoint.ask(&calls).await.map_err(Failure::without_limits)?;
    let [latest, safe, finalized] = all(replies)?;
    let latest = seen(endpoint, latest)?;
    let below = |mark: &BlockRef| mark.number <= latest.number;
    let safe = tag(safe)?.filter(below);
    let finalized = tag(finalized)?.filter(below);
    Ok(Head {
        latest,
        safe: safe.map(|block| block.number),
        finalized: finalized.map(|block| (block.number, block.hash)),
    })
}

/// Asks for the newest block.
pub(super) async fn newest(endpoint: &Endpoint) -> Result<BlockRef, Failure> {
    let replies = endpoint.ask(&[block_by_number("latest")]).await;
    let [latest] = all(replies.map_err(Failure::without_limits)?)?;
    seen(endpoint, latest)
}

/// The newest block in this reply, which the record keeps.
fn seen(endpoint: &Endpoint, latest: Reply) -> Result<BlockRef, Failure> {
    let header = read_block(&latest.map_err(Failure::without_limits)?)?;
    let latest = header.ok_or_else(|| Failure::nonsense("no newest block"))?.block;
    endpoint.record().saw_head(latest.number);
    Ok(latest)
}

/// Asks for the headers of `numbers`.
pub(super) async fn headers(
    endpoint: &Endpoint,
    numbers: &[u64],
) -> Result<Vec<Option<Header>>, Failure> {
    let calls: Vec<Call> = numbers.iter().map(|number| block_by_number(&hex(*number))).collect();
    let replies = endpoint.ask(&calls).await.map_err(Failure::without_limits)?;
    if replies.len() != numbers.len() {
        return Err(Failure::nonsense("another number of answers than of requests"));
    }
    let mut headers = Vec::with_capacity(numbers.len());
    for (reply, number) in replies.into_iter().zip(numbers) {
        headers.push(numbered(reply, *number)?);
    }
    Ok(headers)
}

/// Asks for the hash of block 0.
pub(super) async fn genesis(endpoint: &Endpoint) -> Result<B256, Failure> {
    let header = headers(endpoint, &[0]).await?.pop().flatten();
    header.map(|header| header.block.hash).ok_or_else(|| Failure::behind("block 0"))
}

/// Asks for logs, unless the node has said that it takes no range so wide.
pub(super) async fn logs(
    endpoint: &Endpoint,
    scope: LogScope,
    filter: &LogFilter,
) -> Result<Vec<RawLog>, Failure> {
    let blocks = scope.blocks();
    if let Some(error) = endpoint.record().width.refuses(blocks) {
        return Err(Failure { blame: Blame::Nobody, ..error.into() });
    }
    let outcome = logs_of(endpoint, scope, filter).await;
    if let Err(Failure { error: ChainError::RangeTooWide { at_most, .. }, .. }) = &outcome {
        endpoint.record().width.refused(blocks, *at_most);
    }
    outcome
}

/// Asks for logs, together with the block that shows that the node has what was asked.
async fn logs_of(
    endpoint: &Endpoint,
    scope: LogScope,
    filter: &LogFilter,
) -> Result<Vec<RawLog>, Failure> {
    let proof = match scope {
        LogScope::Range(_, to) => block_by_number(&hex(to)),
        LogScope::Hash(hash) => Call::new("eth_getBlockByHash", json!([hash, false])),
    };
    let asked = Call::new("eth_getLogs", json!([query(scope, filter)]));
    // A single block cannot be asked in parts.
    let asked = if scope.blocks() > 1 { asked.light() } else { asked };
    let calls = [proof, asked];
    let [proof, logs] = all(endpoint.ask_in_order(&calls).await?)?;
    let proof = match scope {
        LogScope::Range(_, to) => numbered(proof, to)?,
        LogScope::Hash(hash) => {
            let header = read_block(&proof.map_err(Failure::without_limits)?)?;
            if header.as_ref().is_some_and(|header| header.block.hash != hash) {
                return Err(Failure::nonsense("a block of another hash"));
            }
            header
        }
    };
    let proof = proof.ok_or_else(|| match scope {
        LogScope::Range(_, to) => Failure::behind(format!("block {to}")),
        LogScope::Hash(hash) => Failure::behind(format!("block {hash}")),
    })?;
    let logs: Vec<WireLog> = read(&logs?)?;
    let sifted = sift(logs, scope, &proof.block, filter);
    let sifted = sifted.map_err(|oddity| Failure::nonsense(oddity.to_string()))?;
    settled(endpoint, sifted, filter).await
}

/// A getter answers in milliseconds; one that takes longer is the contract's doing, for which no
/// other question to the endpoint should suffer.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Calls a contract at the newest block; `None` where it fails or there is none.
pub(super) async fn call(
    endpoint: &Endpoint,
    to: Address,
    data: &Bytes,
) -> Result<Option<Bytes>, Failure> {
    let request = json!([{ "to": format!("{to:#x}"), "data": data }, "latest"]);
    let calls = [Call::new("eth_call", request)];
    let Ok(replies) = tokio::time::timeout(CALL_TIMEOUT, endpoint.ask(&calls)).await else {
        let seconds = CALL_TIMEOUT.as_secs();
        return Err(Failure::transient(Blame::Nobody, format!("a call took over {seconds} s")));
    };
    let [reply] = all(replies?)?;
    let verdict = reply.as_ref().err().and_then(|failure| failure.verdict);
    endpoint.record().cannot_call = verdict == Some(Verdict::NoMethod);
    match (reply, verdict) {
        (Ok(raw), _) => {
            let answer: Bytes = read(&raw)?;
            Ok(Some(answer).filter(|answer| !answer.is_empty()))
        }
        (Err(_), Some(Verdict::Failed)) => Ok(None),
        (Err(failure), None) if matches!(failure.blame, Blame::Rate | Blame::Cut) => {
            Err(failure.without_limits())
        }
        // To lack a method, or what the contract made it say, is no fault of the endpoint that other
        // questions should suffer for.
        (Err(failure), _) => Err(Failure { blame: Blame::Nobody, ..failure.without_limits() }),
    }
}

/// The filter object of `eth_getLogs`.
fn query(scope: LogScope, filter: &LogFilter) -> Value {
    let mut query = json!({ "topics": [filter.topics] });
    if !filter.addresses.is_empty() {
        let lower = |address: &Address| format!("{address:#x}");
        query["address"] = filter.addresses.iter().map(lower).collect();
    }
    match scope {
        LogScope::Range(from, to) => {
            query["fromBlock"] = hex(from).into();
            query["toBlock"] = hex(to).into();
        }
        LogScope::Hash(hash) => query["blockHash"] = json!(hash),
    }
    query
}

fn block_by_number(number: &str) -> Call {
    Call::new("eth_getBlockByNumber", json!([number, false]))
}

/// A header that has to have this height; saying that it is not there yet is no failure.
fn numbered(reply: Reply, number: u64) -> Result<Option<Header>, Failure> {
    let header = match reply {
        Err(Failure { error: ChainError::Behind { .. }, .. }) => None,
        reply => read_block(&reply.map_err(Failure::without_limits)?)?,
    };
    match &header {
        Some(header) if header.block.number != number => {
            Err(Failure::nonsense(format!("block {} in answer to {number}", header.block.number)))
        }
        _ => Ok(header),
    }
}

/// A finality tag: many nodes have none, and say so in many ways.
fn tag(reply: Reply) -> Result<Option<BlockRef>, Failure> {
    match reply {
        Err(failure) if matches!(failure.blame, Blame::Rate | Blame::Cut) => Err(failure),
        Err(_) => Ok(None),
        Ok(raw) => Ok(read_block(&raw).ok().flatten().map(|header| header.block)),
    }
}

fn read_block(raw: &RawValue) -> Result<Option<Header>, Failure> {
    Ok(read::<Option<WireBlock>>(raw)?.map(Header::from))
}

/// What a result holds; nonsense where it is of another shape.
pub(super) fn read<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Failure> {
    serde_json::from_str(raw.get()).map_err(|err| Failure::nonsense(err.to_string()))
}

/// As many replies as there were requests.
pub(super) fn all<const N: usize>(replies: Vec<Reply>) -> Result<[Reply; N], Failure> {
    replies.try_into().map_err(|_| Failure::nonsense("another number of answers than of requests"))
}
