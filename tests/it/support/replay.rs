//! The naive replay: who owns what, worked out from raw logs without any code of Herald.
//!
//! It walks the canonical blocks once, keeps everything in maps and is the truth that tables,
//! answers and folded events are compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy::primitives::{Address, B256, Log, U256, b256};

use super::sim::SimBlock;

/// First topic of `Transfer(address,address,uint256)`.
const TRANSFER: B256 = b256!("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// A token: its contract and its id.
pub(crate) type Key = (Address, U256);

/// A contract and the block from which it is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracked {
    /// The contract.
    pub(crate) contract: Address,
    /// First block that counts.
    pub(crate) start: u64,
}

/// One transfer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moved {
    /// Height of its block.
    pub(crate) block: u64,
    /// Index of its log in the block.
    pub(crate) log_index: u32,
    /// Contract and token.
    pub(crate) key: Key,
    /// Who gave; zero on a mint.
    pub(crate) from: Address,
    /// Who received; zero on a burn.
    pub(crate) to: Address,
    /// Its transaction.
    pub(crate) tx: B256,
}

/// One holder's time with a token: the holder at the end of every block from `since` on, and
/// before `until`. Hands that a token passes through within a block leave no trace here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stay {
    /// The holder.
    pub(crate) owner: Address,
    /// First block.
    pub(crate) since: u64,
    /// First block that no longer counts; none while the holder holds.
    pub(crate) until: Option<u64>,
}

/// All transfers of the tracked contracts and what follows from them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Replay {
    /// Every transfer, in the order of the chain.
    pub(crate) transfers: Vec<Moved>,
    /// The holders of every token, oldest first.
    pub(crate) stays: BTreeMap<Key, Vec<Stay>>,
}

impl Replay {
    /// Replays these blocks, which are in order.
    pub(crate) fn of(blocks: &[Arc<SimBlock>], tracked: &[Tracked]) -> Self {
        let mut replay = Self::default();
        for block in blocks {
            let number = block.header.number;
            let follows = |log: &Log| {
                tracked.iter().any(|it| it.contract == log.address && it.start <= number)
            };
            let mut ends: BTreeMap<Key, Address> = BTreeMap::new();
            let logs = block.txs.iter().flat_map(|tx| tx.logs.iter().map(|log| (tx.hash, log)));
            for (log_index, (tx, log)) in (0..).zip(logs) {
                if let Some((key, from, to)) = read(log).filter(|_| follows(log)) {
                    replay.transfers.push(Moved { block: number, log_index, key, from, to, tx });
                    ends.insert(key, to);
                }
            }
            for (key, owner) in ends {
                replay.end_block(number, key, owner);
            }
        }
        replay
    }

    /// Notes who holds the token at the end of a block that moved it.
    fn end_block(&mut self, number: u64, key: Key, owner: Address) {
        let stays = self.stays.entry(key).or_default();
        if let Some(last) = stays.last_mut().filter(|last| last.until.is_none()) {
            if last.owner == owner {
                return;
            }
            last.until = Some(number);
        }
        if !owner.is_zero() {
            stays.push(Stay { owner, since: number, until: None });
        }
    }

    /// Who holds every held token now, and since which block.
    pub(crate) fn owners(&self) -> BTreeMap<Key, (Address, u64)> {
        let current = |(key, stays): (&Key, &Vec<Stay>)| {
            let stay = stays.last().filter(|stay| stay.until.is_none())?;
            Some((*key, (stay.owner, stay.since)))
        };
        self.stays.iter().filter_map(current).collect()
    }

    /// Every stay that has ended.
    pub(crate) fn past(&self) -> BTreeSet<(Key, Stay)> {
        let all = self.stays.iter().flat_map(|(key, stays)| stays.iter().map(|stay| (*key, stay)));
        all.filter(|(_, stay)| stay.until.is_some())
            .map(|(key, stay)| (key, stay.clone()))
            .collect()
    }

    /// Who holds the token at the end of `block`.
    pub(crate) fn owner_at(&self, key: Key, block: u64) -> Option<Address> {
        let holds = |stay: &&Stay| stay.since <= block && stay.until.is_none_or(|end| block < end);
        Some(self.stays.get(&key)?.iter().find(holds)?.owner)
    }

    /// Who holds every token at the end of `block`.
    pub(crate) fn owners_at(&self, block: u64) -> BTreeMap<Key, Address> {
        let held = self.stays.keys().map(|key| Some((*key, self.owner_at(*key, block)?)));
        held.flatten().collect()
    }

    /// What a wallet holds at the end of `block`.
    pub(crate) fn tokens_of(&self, wallet: Address, block: u64) -> BTreeSet<Key> {
        let held = self.owners_at(block).into_iter();
        held.filter(|(_, owner)| *owner == wallet).map(|(key, _)| key).collect()
    }

    /// Tokens of a contract that somebody holds, their different holders, and its transfers.
    pub(crate) fn counts(&self, contract: Address) -> (usize, usize, usize) {
        let owners = self.owners();
        let held = || owners.iter().filter(|((address, _), _)| *address == contract);
        let holders: BTreeSet<_> = held().map(|(_, (owner, _))| owner).collect();
        let transfers = self.transfers.iter().filter(|moved| moved.key.0 == contract);
        (held().count(), holders.len(), transfers.count())
    }
}

/// Token, giver and receiver of an ERC-721 transfer: exactly four topics and no data.
fn read(log: &Log) -> Option<(Key, Address, Address)> {
    match log.data.topics() {
        [TRANSFER, from, to, token] if log.data.data.is_empty() => {
            let key = (log.address, U256::from_be_bytes(token.0));
            Some((key, Address::from_word(*from), Address::from_word(*to)))
        }
        _ => None,
    }
}
