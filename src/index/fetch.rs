//! Headers of the live edge in, their logs out.
//!
//! A bloom that excludes every followed contract spares the request. Few blocks are asked by hash,
//! many by range; a range's logs must lie in the blocks that were linked before, and a block whose
//! bloom admits a followed contract but that shows no log is asked again the other way, because
//! nodes answer ranges that they do not have yet, and hashes that they do not know, with nothing.
//! Of a range that a node refuses the parts are asked.

use std::collections::{HashMap, HashSet};

use alloy::primitives::{B256, Bloom, BloomInput, b256};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Context, parts};
use crate::chain::{ChainError, Header, LogFilter, LogScope};
use crate::decode::LogKind;
use crate::store::contracts::Contract;
use crate::types::{BlockRef, RawLog};

/// From so many blocks on, one request by range is cheaper than one by hash for each.
const BY_HASH_MAX: usize = 8;
/// Requests for the logs of one lot of blocks under way at once.
const PARALLEL: usize = 4;
/// Most addresses named in a request; common nodes refuse more. Beyond it the topic alone is
/// asked for and the answer is filtered here.
pub(super) const ADDRESSES_MAX: usize = 500;

/// The filter for these contracts and kinds.
pub(super) fn filter(contracts: &[Contract], kinds: &[LogKind]) -> LogFilter {
    let addresses = if contracts.len() > ADDRESSES_MAX {
        Vec::new()
    } else {
        contracts.iter().map(|contract| contract.address).collect()
    };
    LogFilter { addresses, topics: topics(kinds).collect() }
}

fn topics(kinds: &[LogKind]) -> impl Iterator<Item = B256> {
    kinds.iter().flat_map(|kind| kind.topics).copied()
}

/// Logs that the filter of these contracts lets pass in these linked blocks, ordered by position.
pub(super) async fn logs(
    context: &Context,
    contracts: &[Contract],
    headers: &[Header],
) -> Result<Vec<RawLog>, ChainError> {
    let admitted: Vec<&Header> = if contracts.is_empty() {
        Vec::new()
    } else {
        headers.iter().filter(|header| admits(context, contracts, header)).collect()
    };
    let filter = filter(contracts, context.kinds);
    // Without blooms nothing would show that a range was answered with less than there is.
    let mut logs = if admitted.len() > BY_HASH_MAX && context.rules.trust_bloom {
        by_range(context, &filter, (headers, &admitted)).await?
    } else {
        by_hash(context, &filter, &admitted).await?
    };
    let shown: HashSet<u64> = logs.iter().map(|log| log.block).collect();
    // A bloom that was never made is all zeros or, where the node left it out, all ones.
    let made = |bloom: &Bloom| !bloom.is_zero() && bloom.iter().any(|byte| *byte != u8::MAX);
    let named = |header: &&&Header| context.rules.trust_bloom && made(&header.logs_bloom);
    let silent = admitted.iter().filter(named).filter(|one| !shown.contains(&one.block.number));
    for header in silent {
        logs.extend(once_more(context, &filter, header.block).await?);
    }
    logs.sort_by_key(|log| (log.block, log.log_index));
    Ok(logs)
}

/// Asks by number for a block whose bloom names a followed contract and that answered no log by its
/// hash: some nodes answer hashes that they do not know, or do not look at, with nothing.
async fn once_more(
    context: &Context,
    filter: &LogFilter,
    block: BlockRef,
) -> Result<Vec<RawLog>, ChainError> {
    let logs = context.chain.logs(LogScope::Range(block.number, block.number), filter).await?;
    match logs.iter().find(|log| log.block_hash != block.hash) {
        Some(log) => Err(other_block(log)),
        None => Ok(logs),
    }
}

/// Root of a trie without entries, keccak256(rlp("")) (yellow paper, appendix D).
const EMPTY_ROOT: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// Whether the block may hold a log of these contracts. An empty bloom over receipts excludes
/// nothing: some nodes serve blocks before their blooms are made, others never make any.
fn admits(context: &Context, contracts: &[Contract], header: &Header) -> bool {
    let bloom = &header.logs_bloom;
    let made = !bloom.is_zero() || header.receipts_root == EMPTY_ROOT;
    !(context.rules.trust_bloom && made)
        || (topics(context.kinds).any(|topic| bloom.contains_input(BloomInput::Raw(&topic[..])))
            && contracts
                .iter()
                .any(|contract| bloom.contains_input(BloomInput::Raw(contract.address.as_slice()))))
}

async fn by_hash(
    context: &Context,
    filter: &LogFilter,
    admitted: &[&Header],
) -> Result<Vec<RawLog>, ChainError> {
    let blocks: Vec<BlockRef> = admitted.iter().map(|header| header.block).collect();
    of_blocks(context, filter, &blocks).await
}

/// Logs of exactly these blocks, each asked by its hash.
pub(super) async fn of_blocks(
    context: &Context,
    filter: &LogFilter,
    blocks: &[BlockRef],
) -> Result<Vec<RawLog>, ChainError> {
    let asked: Vec<_> = blocks.iter().map(|block| of_block(context, filter, *block)).collect();
    let answers: Vec<_> = stream::iter(asked).buffered(PARALLEL).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

async fn of_block(
    context: &Context,
    filter: &LogFilter,
    block: BlockRef,
) -> Result<Vec<RawLog>, ChainError> {
    let logs = context.chain.logs(LogScope::Hash(block.hash), filter).await?;
    match logs.iter().find(|log| (log.block, log.block_hash) != (block.number, block.hash)) {
        Some(log) => Err(other_block(log)),
        None => Ok(logs),
    }
}

/// Asks by ranges, for what is refused in smaller ones; then by hash for the blocks that showed no
/// log.
async fn by_range(
    context: &Context,
    filter: &LogFilter,
    (headers, admitted): (&[Header], &[&Header]),
) -> Result<Vec<RawLog>, ChainError> {
    let hashes: HashMap<u64, B256> =
        headers.iter().map(|header| (header.block.number, header.block.hash)).collect();
    let mut logs = Vec::new();
    let mut open = parts::cut(admitted, context.chain.widest().unwrap_or(u64::MAX));
    while !open.is_empty() {
        let asked: Vec<_> =
            open.iter().map(|part| of_part(context, filter, (&hashes, part))).collect();
        let answers: Vec<_> = stream::iter(asked).buffered(PARALLEL).collect().await;
        for (part, answer) in std::mem::take(&mut open).into_iter().zip(answers) {
            match answer {
                Err(ChainError::RangeTooWide { at_most, .. }) if part.len() > 1 => {
                    open.extend(parts::narrower(part, at_most));
                }
                Err(ChainError::TooManyLogs { .. }) if part.len() > 1 => {
                    let (lower, upper) = part.split_at(part.len() / 2);
                    open.extend([lower, upper]);
                }
                answer => logs.extend(answer?),
            }
        }
    }
    let shown: HashSet<u64> = logs.iter().map(|log: &RawLog| log.block).collect();
    let silent: Vec<&Header> =
        admitted.iter().copied().filter(|header| !shown.contains(&header.block.number)).collect();
    logs.extend(by_hash(context, filter, &silent).await?);
    Ok(logs)
}

/// Logs of these blocks by one range, each in a linked block; of a single block by its hash.
async fn of_part(
    context: &Context,
    filter: &LogFilter,
    (hashes, blocks): (&HashMap<u64, B256>, &[&Header]),
) -> Result<Vec<RawLog>, ChainError> {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return Ok(Vec::new());
    };
    if first.block == last.block {
        return of_block(context, filter, first.block).await;
    }
    let range = LogScope::Range(first.block.number, last.block.number);
    let logs = context.chain.logs(range, filter).await?;
    match logs.iter().find(|log| hashes.get(&log.block) != Some(&log.block_hash)) {
        Some(log) => Err(other_block(log)),
        None => Ok(logs),
    }
}

fn other_block(log: &RawLog) -> ChainError {
    ChainError::Behind {
        text: format!("a log of block {} belongs to {}, another fork", log.block, log.block_hash),
    }
}
