//! A chain of any length that has contracts and no blocks: it says where there was code, what was
//! logged and what is answered, and keeps, refuses or denies old state.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{Address, B256, Bytes, keccak256};
use async_trait::async_trait;
use herald::chain::{
    Chain, ChainError, Code, EndpointReport, Head, Header, LogFilter, LogScope, RawLog,
};
use herald::types::BlockRef;

use super::nature::Contract;

/// How the node treats the state of old blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has all of it.
    Kept,
    /// Below this block it says that it has none.
    RefusedBelow(u64),
    /// Below this block it answers that there is nothing.
    DeniedBelow(u64),
}

/// The chain, as one node tells it.
pub(super) struct Land {
    /// Its newest block.
    pub(super) head: u64,
    /// Its contracts.
    pub(super) contracts: BTreeMap<Address, Contract>,
    /// Block and emitter of every transfer, in order.
    pub(super) logs: Vec<(u64, Address)>,
    /// What is kept of old state.
    pub(super) state: State,
    /// Widest range of blocks for logs.
    pub(super) width_max: u64,
    /// Whether it can be called.
    pub(super) calls: bool,
    /// Whether nothing at all is answered.
    pub(super) down: bool,
    /// Questions about code and calls of contracts.
    pub(super) asked: AtomicUsize,
    /// How many of them are under way, and were at most.
    pub(super) under_way: [AtomicUsize; 2],
}

impl Land {
    /// A chain with nothing on it, whose node is honest.
    pub(super) fn new(head: u64) -> Self {
        Self {
            head,
            contracts: BTreeMap::new(),
            logs: Vec::new(),
            state: State::Kept,
            width_max: u64::MAX,
            calls: true,
            down: false,
            asked: AtomicUsize::new(0),
            under_way: Default::default(),
        }
    }

    /// Adds a contract that lives from its first block on and logs each `every` blocks.
    pub(super) fn bustle(&mut self, address: Address, every: u64) {
        self.contracts.insert(address, Contract::from(0));
        let blocks = (0..=self.head).step_by(usize::try_from(every).expect("a small step"));
        self.logs.extend(blocks.map(|block| (block, address)));
        self.logs.sort();
    }

    /// The first block with code.
    pub(super) fn deployed(&self, address: Address) -> u64 {
        self.contracts[&address].lives[0].start
    }

    fn answer(&self, to: Address, data: &[u8]) -> Result<Option<Bytes>, ChainError> {
        if !self.calls {
            return Ok(None);
        }
        if to == Address::with_last_byte(4) {
            return Ok(Some(Bytes::copy_from_slice(data)));
        }
        self.contracts.get(&to).map_or(Ok(None), |contract| contract.answer(data))
    }

    fn admit(&self) -> Result<(), ChainError> {
        match self.down {
            true => Err(ChainError::Transient { text: "the node is down".into() }),
            false => Ok(()),
        }
    }

    /// Counts a question, and lets others be asked meanwhile.
    async fn count(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let [now, most] = &self.under_way;
        most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Chain for Land {
    async fn head(&self) -> Result<Head, ChainError> {
        self.admit()?;
        let latest =
            BlockRef { number: self.head, hash: B256::ZERO, parent: B256::ZERO, time: self.head };
        Ok(Head { latest, safe: None, finalized: None })
    }

    async fn headers(&self, _: &[u64]) -> Result<Vec<Option<Header>>, ChainError> {
        unreachable!("the probe needs no headers")
    }

    async fn logs(&self, scope: LogScope, filter: &LogFilter) -> Result<Vec<RawLog>, ChainError> {
        self.admit()?;
        let LogScope::Range(from, to) = scope else { panic!("only ranges are asked") };
        assert!(from <= to && to <= self.head, "{from} to {to} of {}", self.head);
        if to - from >= self.width_max {
            let text = "too wide".to_owned();
            return Err(ChainError::RangeTooWide { at_most: Some(self.width_max), text });
        }
        let transfer = keccak256("Transfer(address,address,uint256)");
        assert!(filter.topics.contains(&transfer));
        let wanted =
            |address: &Address| filter.addresses.is_empty() || filter.addresses.contains(address);
        let logs = self.logs.iter().filter(|(block, _)| (from..=to).contains(block));
        Ok(logs.filter(|(_, address)| wanted(address)).map(|it| log(*it, transfer)).collect())
    }

    async fn genesis(&self) -> Result<B256, ChainError> {
        unreachable!("the probe needs no genesis")
    }

    async fn call(&self, to: Address, data: Bytes) -> Result<Option<Bytes>, ChainError> {
        self.admit()?;
        self.count().await;
        self.answer(to, &data)
    }

    async fn code(&self, address: Address, block: Option<u64>) -> Result<Code, ChainError> {
        self.admit()?;
        self.count().await;
        let at = block.unwrap_or(self.head);
        assert!(at <= self.head, "block {at} of {}", self.head);
        match self.state {
            State::RefusedBelow(horizon) if at < horizon => return Ok(Code::Unknown),
            State::DeniedBelow(horizon) if at < horizon => return Ok(Code::Absent),
            _ => {}
        }
        let lives = self.contracts.get(&address).map_or(&[][..], |contract| &contract.lives);
        let is_there = lives.iter().any(|life| life.contains(&at));
        Ok(if is_there { Code::Present } else { Code::Absent })
    }

    async fn announced(&self) {
        std::future::pending().await
    }

    fn endpoints(&self) -> Vec<EndpointReport> {
        Vec::new()
    }
}

fn log((block, address): (u64, Address), topic: B256) -> RawLog {
    RawLog {
        address,
        topics: vec![topic],
        data: Bytes::new(),
        block,
        block_hash: B256::ZERO,
        block_time: None,
        tx_hash: B256::ZERO,
        log_index: 0,
    }
}
