//! What one node knows of the chain and answers, its faults included.

use std::sync::Arc;

use alloy::primitives::B256;
use herald::chain::{LogScope, RawLog};

use super::block::SimBlock;
use super::chain::SimChain;
use super::faults::Faults;
use super::tags::Tag;

/// Why a node refuses to answer for logs or code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// More blocks than `max` were asked.
    TooWide { max: u64 },
    /// More than `max` logs are there.
    TooMany { max: usize },
    /// The block `asked` is above the node's head.
    PastHead { asked: u64, head: u64 },
    /// The node has no such block.
    Unknown,
    /// The node does not keep the state of this block.
    NoState(u64),
}

/// The chain as a node with these faults shows it.
pub(crate) struct View<'a> {
    /// The whole truth.
    pub(crate) chain: &'a SimChain,
    /// How it is bent.
    pub(crate) faults: &'a Faults,
}

impl View<'_> {
    /// The chain id the node claims.
    pub(crate) fn chain_id(&self) -> u64 {
        self.faults.chain_id.unwrap_or(self.chain.chain_id)
    }

    /// The newest block the node shows.
    pub(crate) fn head(&self) -> &Arc<SimBlock> {
        let lag = usize::try_from(self.faults.lag).expect("lags are small");
        let blocks = self.chain.canonical();
        &blocks[(blocks.len() - 1).saturating_sub(lag)]
    }

    /// The canonical block of this height.
    pub(crate) fn at(&self, number: u64) -> Option<&Arc<SimBlock>> {
        let index = usize::try_from(number).ok()?;
        self.chain.canonical().get(index).filter(|_| number <= self.head().header.number)
    }

    /// The block of a tag.
    pub(crate) fn tagged(&self, tag: Tag) -> Option<&Arc<SimBlock>> {
        self.at(tag.height(self.head().header.number)?)
    }

    /// A block of any branch the node has seen and not forgotten.
    pub(crate) fn by_hash(&self, hash: B256) -> Option<&Arc<SimBlock>> {
        let block = self.chain.by_hash(hash)?;
        let seen = match self.chain.is_canonical(block) {
            true => block.header.number <= self.head().header.number,
            false => !self.faults.forgets_forks,
        };
        seen.then_some(block)
    }

    /// Logs in `scope` that `wanted` accepts.
    pub(crate) fn logs(
        &self,
        scope: LogScope,
        wanted: impl Fn(&RawLog) -> bool,
    ) -> Result<Vec<RawLog>, Refusal> {
        let blocks = match scope {
            LogScope::Hash(hash) => {
                std::slice::from_ref(self.by_hash(hash).ok_or(Refusal::Unknown)?)
            }
            LogScope::Range(from, to) => self.range(from, to)?,
        };
        let all = blocks.iter().flat_map(|block| &block.logs);
        let kept = all.filter(|log| wanted(log) && !self.omits(log)).map(|log| self.shown(log));
        let logs: Vec<RawLog> = kept.collect();
        match self.faults.logs_max.filter(|max| logs.len() > *max) {
            Some(max) => Err(Refusal::TooMany { max }),
            None => Ok(logs),
        }
    }

    fn range(&self, from: u64, to: u64) -> Result<&[Arc<SimBlock>], Refusal> {
        let head = self.head().header.number;
        if let Some(max) = self.faults.width_max.filter(|max| to.saturating_sub(from) >= *max) {
            return Err(Refusal::TooWide { max });
        }
        if to > head {
            return Err(Refusal::PastHead { asked: to, head });
        }
        Ok(self.chain.canonical().get(from as usize..=to as usize).unwrap_or_default())
    }

    fn omits(&self, log: &RawLog) -> bool {
        self.faults.omits == Some((log.block, log.log_index))
    }

    fn shown(&self, log: &RawLog) -> RawLog {
        let block_time = log.block_time.filter(|_| !self.faults.hides_block_time);
        RawLog { block_time, ..log.clone() }
    }
}
