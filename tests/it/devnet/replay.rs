//! What the logs of a contract alone say about its tokens: folded here, by events declared here.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolEvent;
use herald::devnet::node::{Node, NodeLog};

alloy::sol! {
    event Transfer(address indexed from, address indexed to, uint256 indexed id);
    event ConsecutiveTransfer(
        uint256 indexed first, uint256 last, address indexed from, address indexed to
    );
    event TransferSingle(
        address indexed by, address indexed from, address indexed to, uint256 id, uint256 amount
    );
    event TransferBatch(
        address indexed by, address indexed from, address indexed to, uint256[] ids, uint256[] amounts
    );
}

/// One line of a contract's history.
pub(super) enum Move {
    /// Each of the tokens from the first to the last, to an owner.
    Owned(U256, U256, Address),
    /// So much of a token, from one to another.
    Amount(U256, Address, Address, U256),
}

/// The history of a contract.
#[derive(Default)]
pub(super) struct Replay {
    /// Every token with what anybody has of it; nothing where it was burnt.
    pub(super) tokens: BTreeMap<U256, BTreeMap<Address, U256>>,
    /// First, last and owner of what moved at once.
    pub(super) ranges: BTreeSet<(U256, U256, Address)>,
    /// Elements of batches, ranges and all others.
    pub(super) transfers: u64,
}

impl Replay {
    /// Of the contract's logs up to a block, or of all.
    pub(super) async fn of(node: &Node, contract: Address, to_block: Option<u64>) -> Self {
        let mut replay = Self::default();
        let logs = node.logs(contract).await.unwrap();
        for log in logs.iter().filter(|log| to_block.is_none_or(|block| log.block() <= block)) {
            for step in moves(log) {
                replay.apply(step);
            }
        }
        replay
    }

    fn apply(&mut self, step: Move) {
        self.transfers += 1;
        match step {
            Move::Owned(first, last, to) => {
                if first != last {
                    self.ranges.insert((first, last, to));
                }
                let mut id = first;
                while id <= last {
                    let owner = (!to.is_zero()).then_some((to, U256::ONE));
                    self.tokens.insert(id, owner.into_iter().collect());
                    if id == U256::MAX {
                        break;
                    }
                    id += U256::ONE;
                }
            }
            Move::Amount(id, from, to, amount) => {
                let holders = self.tokens.entry(id).or_default();
                if !from.is_zero() {
                    let left = holders.remove(&from).unwrap_or_default();
                    holders.insert(from, left.checked_sub(amount).expect("no more than there is"));
                }
                if !to.is_zero() {
                    let had = holders.remove(&to).unwrap_or_default();
                    holders.insert(to, had.checked_add(amount).expect("it fits 256 bits"));
                }
                holders.retain(|_, balance| !balance.is_zero());
            }
        }
    }
}

/// What one log moves, in order.
pub(super) fn moves(log: &NodeLog) -> Vec<Move> {
    let read = (log.topics.iter().copied(), &log.data);
    if let Ok(event) = Transfer::decode_raw_log(read.0.clone(), read.1) {
        return vec![Move::Owned(event.id, event.id, event.to)];
    }
    if let Ok(event) = ConsecutiveTransfer::decode_raw_log(read.0.clone(), read.1) {
        return vec![Move::Owned(event.first, event.last, event.to)];
    }
    if let Ok(event) = TransferSingle::decode_raw_log(read.0.clone(), read.1) {
        return vec![Move::Amount(event.id, event.from, event.to, event.amount)];
    }
    let event = TransferBatch::decode_raw_log(read.0, read.1).expect("no other logs are known");
    let elements = event.ids.into_iter().zip(event.amounts);
    elements.map(|(id, amount)| Move::Amount(id, event.from, event.to, amount)).collect()
}
