//! What the logs of a contract name, read with the contract's own ABI and with nothing of
//! Herald's: only what there is to ask the contract for, and how much was transferred.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::SolEvent;
use anyhow::{Result, ensure};

use super::contracts::{HeraldConsecutive as Consecutive, HeraldItems as Items};
use super::node::NodeLog;
use super::truth::Range;

/// What was named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Every token, those of the ranges included.
    pub(super) tokens: BTreeSet<U256>,
    /// Every account that ever received something.
    pub(super) holders: BTreeSet<Address>,
    /// The ranges.
    pub(super) ranges: BTreeSet<Range>,
    /// Transfers: each element of a batch is one, and so is each range.
    pub(super) transfers: u64,
    /// How many of them burnt something.
    pub(super) burns: u64,
}

impl Seen {
    /// Reads the logs of a contract; those of other events are passed over.
    pub(super) fn of(logs: &[NodeLog]) -> Result<Self> {
        let mut seen = Self::default();
        for log in logs {
            seen.read(log)?;
        }
        Ok(seen)
    }

    fn read(&mut self, log: &NodeLog) -> Result<()> {
        match log.topics.first().copied().unwrap_or_default() {
            Consecutive::Transfer::SIGNATURE_HASH => {
                let event = decoded::<Consecutive::Transfer>(log)?;
                self.moved(event.to, event.tokenId);
            }
            Consecutive::ConsecutiveTransfer::SIGNATURE_HASH => {
                let event = decoded::<Consecutive::ConsecutiveTransfer>(log)?;
                let (first, last) = (event.fromTokenId, event.toTokenId);
                self.ranges.insert((first, last, event.toAddress));
                self.moved(event.toAddress, first);
                let (first, last): (u64, u64) = (u64::try_from(first)?, u64::try_from(last)?);
                self.tokens.extend((first..=last).map(U256::from));
            }
            Items::TransferSingle::SIGNATURE_HASH => {
                let event = decoded::<Items::TransferSingle>(log)?;
                self.moved(event.to, event.id);
            }
            Items::TransferBatch::SIGNATURE_HASH => {
                let event = decoded::<Items::TransferBatch>(log)?;
                ensure!(event.ids.len() == event.values.len(), "a batch of unequal lists");
                event.ids.into_iter().for_each(|id| self.moved(event.to, id));
            }
            _ => {}
        }
        Ok(())
    }

    fn moved(&mut self, to: Address, token: U256) {
        self.tokens.insert(token);
        self.transfers += 1;
        if to.is_zero() {
            self.burns += 1;
        } else {
            self.holders.insert(to);
        }
    }
}

fn decoded<E: SolEvent>(log: &NodeLog) -> Result<E> {
    let topics: &[B256] = &log.topics;
    Ok(E::decode_raw_log_validate(topics.iter().copied(), &log.data)?)
}
