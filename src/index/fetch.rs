//! Headers of the live edge in, their transfers out.
//!
//! A bloom that excludes every followed contract spares the request. Few blocks are asked by hash,
//! many by range; a range's logs must lie in the blocks that were linked before, and a block whose
//! bloom admits a followed contract but that shows no log is asked again the other way, because
//! nodes answer ranges that they do not have yet, and hashes that they do not know, with nothing.

use std::collections::{HashMap, HashSet};

use alloy::primitives::{B256, Bloom, BloomInput, b256};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Context, read};
use crate::chain::{ChainError, Header, LogFilter, LogScope};
use crate::decode::LogKind;
use crate::store::contracts::Contract;
use crate::store::transfers::StoredTransfer;
use crate::types::{BlockRef, RawLog};

/// From so many blocks on, one request by range is cheaper than one by hash for each.
const BY_HASH_MAX: usize = 8;
/// Requests by hash under way at once.
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

/// Most transfers that one transaction takes, but for those of a single block: with their events
/// some dozen megabytes.
const TRANSFERS_MAX: usize = 50_000;

/// Cuts blocks and their transfers, both ordered, to what one transaction takes: the first block,
/// and as many more as fit whole.
pub(super) fn fit(headers: &mut Vec<Header>, transfers: &mut Vec<StoredTransfer>) {
    let block = |stored: &StoredTransfer| stored.transfer.position.block;
    let (Some(first), Some(over)) = (headers.first(), transfers.get(TRANSFERS_MAX)) else { return };
    let last = (block(over) - 1).max(first.block.number);
    headers.retain(|header| header.block.number <= last);
    transfers.retain(|stored| block(stored) <= last);
}

/// Transfers of the followed contracts in these linked blocks, ordered by position.
pub(super) async fn transfers(
    context: &Context,
    contracts: &[Contract],
    headers: &[Header],
) -> anyhow::Result<Vec<StoredTransfer>> {
    let admitted: Vec<&Header> = if contracts.is_empty() {
        Vec::new()
    } else {
        headers.iter().filter(|header| admits(context, contracts, header)).collect()
    };
    let filter = filter(contracts, context.kinds);
    // Without blooms nothing would show that a range was answered with less than there is.
    let mut logs = if admitted.len() > BY_HASH_MAX && context.rules.trust_bloom {
        match by_range(context, &filter, headers, &admitted).await {
            Err(ChainError::RangeTooWide { .. } | ChainError::TooManyLogs { .. }) => {
                by_hash(context, &filter, &admitted).await?
            }
            other => other?,
        }
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
    read::decoded(context, contracts, &logs).await
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

async fn by_range(
    context: &Context,
    filter: &LogFilter,
    headers: &[Header],
    admitted: &[&Header],
) -> Result<Vec<RawLog>, ChainError> {
    let (Some(first), Some(last)) = (admitted.first(), admitted.last()) else {
        return Ok(Vec::new());
    };
    let range = LogScope::Range(first.block.number, last.block.number);
    let mut logs = context.chain.logs(range, filter).await?;
    let hashes: HashMap<u64, B256> =
        headers.iter().map(|header| (header.block.number, header.block.hash)).collect();
    if let Some(log) = logs.iter().find(|log| hashes.get(&log.block) != Some(&log.block_hash)) {
        return Err(other_block(log));
    }
    let shown: HashSet<u64> = logs.iter().map(|log| log.block).collect();
    let silent: Vec<&Header> =
        admitted.iter().copied().filter(|header| !shown.contains(&header.block.number)).collect();
    logs.extend(by_hash(context, filter, &silent).await?);
    logs.sort_by_key(|log| (log.block, log.log_index));
    Ok(logs)
}

fn other_block(log: &RawLog) -> ChainError {
    ChainError::Behind {
        text: format!("a log of block {} belongs to {}, another fork", log.block, log.block_hash),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, U256};

    use super::*;
    use crate::types::{ContractKey, Position, Transfer};

    fn header(number: u64) -> Header {
        let block = BlockRef { number, hash: B256::ZERO, parent: B256::ZERO, time: 0 };
        Header { block, logs_bloom: Bloom::ZERO, receipts_root: B256::ZERO }
    }

    fn transfer(block: u64) -> StoredTransfer {
        let transfer = Transfer {
            contract: Address::ZERO,
            position: Position { block, log_index: 0, batch_index: 0 },
            tx_hash: B256::ZERO,
            token_id: U256::ZERO,
            token_id_to: None,
            amount: None,
            from: Address::ZERO,
            to: Address::ZERO,
        };
        StoredTransfer { contract: ContractKey(1), transfer }
    }

    /// How many blocks and transfers stay of blocks 5, 6, … with so many transfers each.
    fn fits(counts: &[usize]) -> (usize, usize) {
        let mut headers: Vec<Header> = (5..).take(counts.len()).map(header).collect();
        let mut transfers: Vec<StoredTransfer> =
            (5..).zip(counts).flat_map(|(block, count)| vec![transfer(block); *count]).collect();
        fit(&mut headers, &mut transfers);
        (headers.len(), transfers.len())
    }

    #[test]
    fn a_transaction_takes_whole_blocks_and_at_least_one() {
        let most = TRANSFERS_MAX;
        assert_eq!(fits(&[0, 1, 0]), (3, 1));
        assert_eq!(fits(&[most - 1, 1, 0]), (3, most));
        assert_eq!(fits(&[most - 1, 2, 0]), (1, most - 1));
        assert_eq!(fits(&[0, 0, most + 1, 0]), (2, 0));
        assert_eq!(fits(&[most + 1, 0, 1]), (1, most + 1));
        assert_eq!(fits(&[1, most + 1, 1]), (1, 1));
    }
}
