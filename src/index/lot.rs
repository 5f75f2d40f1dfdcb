//! Blocks that are read together: their headers and logs, and how much of them is one transaction.

use alloy::primitives::B256;

use super::{Context, fetch};
use crate::chain::{ChainError, Header};
use crate::store::contracts::Contract;
use crate::store::transfers::StoredTransfer;
use crate::types::RawLog;

/// Consecutive blocks with the logs that a filter lets pass.
pub(super) struct Lot {
    /// Linked headers, lowest first.
    pub(super) headers: Vec<Header>,
    /// Their logs, ordered by position.
    pub(super) logs: Vec<RawLog>,
}

impl Lot {
    /// Reads the blocks `from..=to`, as far as the chain shows them and they link: none at all where
    /// it does not show the first.
    pub(super) async fn read(
        context: &Context,
        contracts: &[Contract],
        (from, to): (u64, u64),
    ) -> Result<Self, ChainError> {
        let numbers: Vec<u64> = (from..=to).collect();
        let mut headers: Vec<Header> = Vec::with_capacity(numbers.len());
        for header in context.chain.headers(&numbers).await? {
            let Some(header) = header else { break };
            if headers.last().is_some_and(|below| !header.block.follows(&below.block)) {
                break;
            }
            headers.push(header);
        }
        let logs = fetch::logs(context, contracts, &headers).await?;
        Ok(Self { headers, logs })
    }

    /// Whether its first block stands on this one.
    pub(super) fn stands_on(&self, (number, hash): (u64, B256)) -> bool {
        self.headers
            .first()
            .is_some_and(|first| first.block.number == number + 1 && first.block.parent == hash)
    }
}

/// Most transfers that one transaction takes, but for those of a single block: with their events
/// some dozen megabytes.
const TRANSFERS_MAX: usize = 50_000;

/// Cuts blocks and their transfers, both ordered, to what one transaction takes, the first block and
/// as many more as fit whole, and answers the rest.
pub(super) fn fit(
    headers: &mut Vec<Header>,
    transfers: &mut Vec<StoredTransfer>,
) -> (Vec<Header>, Vec<StoredTransfer>) {
    let block = |stored: &StoredTransfer| stored.transfer.position.block;
    let (Some(first), Some(over)) = (headers.first(), transfers.get(TRANSFERS_MAX)) else {
        return Default::default();
    };
    let last = (block(over) - 1).max(first.block.number);
    let above = headers.partition_point(|header| header.block.number <= last);
    let beyond = transfers.partition_point(|stored| block(stored) <= last);
    (headers.split_off(above), transfers.split_off(beyond))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, Bloom, U256};

    use super::*;
    use crate::types::{BlockRef, ContractKey, Position, Transfer};

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

    /// How many blocks and transfers stay of blocks 5, 6, … with so many transfers each, after
    /// nothing was lost.
    fn fits(counts: &[usize]) -> (usize, usize) {
        let mut headers: Vec<Header> = (5..).take(counts.len()).map(header).collect();
        let mut transfers: Vec<StoredTransfer> =
            (5..).zip(counts).flat_map(|(block, count)| vec![transfer(block); *count]).collect();
        let all = (headers.clone(), transfers.clone());
        let (above, beyond) = fit(&mut headers, &mut transfers);
        let stay = (headers.len(), transfers.len());
        assert_eq!(([headers, above].concat(), [transfers, beyond].concat()), all);
        stay
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
