//! The naive replay: who owns what, worked out from raw logs without any code of Herald.
//!
//! It walks the canonical blocks once, keeps everything in maps and is the truth that tables,
//! answers and folded events are compared with. `read` makes transfers of logs, `tokens` follows
//! those of ERC-721, one by one and in ranges, `balances` those of ERC-1155, and `ask` answers.

mod read;
mod tokens;
mod balances;
mod ask;

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::{Address, B256, U256};

use super::sim::SimBlock;

pub(crate) use balances::{Balance, signed};
pub(crate) use tokens::{LISTED_MAX, Piece, Stay};

/// A token: its contract and its id.
pub(crate) type Key = (Address, U256);

/// A token standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Each token has one owner; ranges are part of it.
    Erc721,
    /// Each token has any number of owners with a balance each.
    Erc1155,
}

/// A contract and the block from which it is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracked {
    /// The contract.
    pub(crate) contract: Address,
    /// First block that counts.
    pub(crate) start: u64,
    /// Its standard; where none is stated, the one of the first log that states a transfer.
    pub(crate) kind: Option<Kind>,
    /// Whether its `Transfer` of three topics has a token in the data, and not an amount.
    pub(crate) id_in_data: bool,
}

impl Tracked {
    /// A contract whose logs of three topics are not of tokens.
    pub(crate) fn new(contract: Address, start: u64, kind: Option<Kind>) -> Self {
        Self { contract, start, kind, id_in_data: false }
    }

    /// A contract that is said to follow ERC-721.
    pub(crate) fn erc721(contract: Address, start: u64) -> Self {
        Self::new(contract, start, Some(Kind::Erc721))
    }
}

/// One transfer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moved {
    /// Height of its block.
    pub(crate) block: u64,
    /// Index of its log in the block.
    pub(crate) log_index: u32,
    /// Index of the element in its log.
    pub(crate) batch_index: u32,
    /// Contract and token, or the first token of a range.
    pub(crate) key: Key,
    /// The last token of a range.
    pub(crate) last: Option<U256>,
    /// How much of an ERC-1155 token.
    pub(crate) amount: Option<U256>,
    /// Who gave; zero on a mint.
    pub(crate) from: Address,
    /// Who received; zero on a burn.
    pub(crate) to: Address,
    /// Its transaction.
    pub(crate) tx: B256,
}

/// All transfers of the tracked contracts and what follows from them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Replay {
    /// Every transfer, in the order of the chain.
    pub(crate) transfers: Vec<Moved>,
    /// The tokens of ERC-721 by the first of each piece, with their holders.
    pub(crate) pieces: BTreeMap<Key, Piece>,
    /// The balances of ERC-1155 that were not zero, oldest first.
    pub(crate) balances: BTreeMap<(Key, Address), Vec<Balance>>,
    /// The standards that were stated or found.
    pub(crate) kinds: BTreeMap<Address, Kind>,
    irregular: BTreeMap<Address, usize>,
}

impl Replay {
    /// Replays these blocks, which are in order.
    pub(crate) fn of(blocks: &[Arc<SimBlock>], tracked: &[Tracked]) -> Self {
        let stated = tracked.iter().filter_map(|it| Some((it.contract, it.kind?)));
        let mut replay = Self { kinds: stated.collect(), ..Self::default() };
        let tracked: BTreeMap<Address, &Tracked> =
            tracked.iter().map(|it| (it.contract, it)).collect();
        for block in blocks {
            let number = block.header.number;
            let logs = block.txs.iter().flat_map(|tx| tx.logs.iter().map(|log| (tx.hash, log)));
            for (log_index, (tx, log)) in (0..).zip(logs) {
                let followed = tracked.get(&log.address).filter(|it| it.start <= number);
                let read = followed.and_then(|it| read::read(log, it.id_in_data));
                if let Some((kind, said)) = read {
                    replay.take((number, log_index, tx), log.address, kind, &said);
                }
            }
        }
        let of = |kind| {
            let all = replay.transfers.iter();
            all.filter(|moved| replay.kinds[&moved.key.0] == kind).collect::<Vec<_>>()
        };
        let (pieces, irregular) = tokens::follow(&of(Kind::Erc721));
        let balances = balances::follow(&of(Kind::Erc1155));
        Self { pieces, irregular, balances, ..replay }
    }

    /// Takes the elements of a log, unless its standard is not the contract's.
    fn take(
        &mut self,
        (block, log_index, tx): (u64, u32, B256),
        contract: Address,
        kind: Kind,
        said: &[read::Said],
    ) {
        if said.is_empty() || *self.kinds.entry(contract).or_insert(kind) != kind {
            return;
        }
        let moved = |(batch_index, said): (u32, &read::Said)| Moved {
            block,
            log_index,
            batch_index,
            key: (contract, said.token),
            last: said.last,
            amount: said.amount,
            from: said.from,
            to: said.to,
            tx,
        };
        self.transfers.extend((0..).zip(said).map(moved));
    }
}
