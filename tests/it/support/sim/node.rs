//! One node of the simulated chain behind `trait Chain`, with its own faults.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use alloy::primitives::{Address, B256, Bloom, Bytes};
use async_trait::async_trait;
use herald::chain::{
    Chain, ChainError, Code, EndpointReport, Head, Header, LogFilter, LogScope, RawLog,
};
use tokio::sync::watch;

use super::chain::SimChain;
use super::faults::Faults;
use super::view::{Refusal, View};

/// A handle onto a node; clones are the same node, siblings other nodes of the same chain.
#[derive(Clone)]
pub(crate) struct SimNode {
    chain: Arc<Mutex<SimChain>>,
    own: Arc<Own>,
}

struct Own {
    faults: Mutex<Faults>,
    requests: AtomicU64,
    failures: AtomicU64,
    /// The least width it has named in a refusal.
    widest: AtomicU64,
    /// How many heads the test has announced.
    heads: watch::Sender<u64>,
    /// How many of them `announced` has told.
    told: AtomicU64,
}

impl SimNode {
    /// A faultless node of this chain.
    pub(crate) fn new(chain: SimChain) -> Self {
        Self::of(Arc::new(Mutex::new(chain)))
    }

    /// Another faultless node of the same chain.
    pub(crate) fn sibling(&self) -> Self {
        Self::of(self.chain.clone())
    }

    fn of(chain: Arc<Mutex<SimChain>>) -> Self {
        let own = Own {
            faults: Mutex::default(),
            requests: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            widest: AtomicU64::new(u64::MAX),
            heads: watch::Sender::new(0),
            told: AtomicU64::new(0),
        };
        Self { chain, own: Arc::new(own) }
    }

    /// The chain, to move it. Not to be held across a call to a node.
    pub(crate) fn chain(&self) -> MutexGuard<'_, SimChain> {
        self.chain.lock().expect("no test panics while it moves the chain")
    }

    /// The faults, to switch them. Not to be held across a call to the node.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.own.faults.lock().expect("no test panics while it switches faults")
    }

    /// Tells whoever waits for a new head that there is one.
    pub(crate) fn announce(&self) {
        self.own.heads.send_modify(|heads| *heads += 1);
    }

    /// Counts of announced heads, for subscriptions.
    pub(crate) fn heads(&self) -> watch::Receiver<u64> {
        self.own.heads.subscribe()
    }

    /// Calls that came in so far.
    pub(crate) fn requests(&self) -> u64 {
        self.own.requests.load(Ordering::Relaxed)
    }

    /// Counts a call that comes in, and says whether it fails.
    pub(crate) fn strike(&self) -> bool {
        self.own.requests.fetch_add(1, Ordering::Relaxed);
        let failed = self.faults().strike();
        self.own.failures.fetch_add(u64::from(failed), Ordering::Relaxed);
        failed
    }

    /// Runs the hook that waits for a call for logs.
    pub(crate) fn before_logs(&self) {
        let hook = self.faults().before_logs.take();
        if let Some(hook) = hook {
            hook(&mut self.chain());
        }
    }

    /// Looks at the chain as this node shows it.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        let faults = self.faults();
        look(&View { chain: &self.chain(), faults: &faults })
    }

    fn admit(&self) -> Result<(), ChainError> {
        match self.strike() {
            true => Err(ChainError::Transient { text: "simulated failure".into() }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Chain for SimNode {
    async fn head(&self) -> Result<Head, ChainError> {
        self.admit()?;
        Ok(self.look(|view| {
            let tags = view.chain.tags;
            let finalized = view.tagged(tags.finalized);
            Head {
                latest: view.head().block_ref(),
                safe: view.tagged(tags.safe).map(|block| block.header.number),
                finalized: finalized.map(|block| (block.header.number, block.hash)),
            }
        }))
    }

    async fn headers(&self, numbers: &[u64]) -> Result<Vec<Option<Header>>, ChainError> {
        self.admit()?;
        assert!(numbers.len() <= herald::chain::HEADERS_MAX, "more headers than one call takes");
        let header = |view: &View<'_>, number: &u64| {
            let mut header = view.at(*number)?.chain_header();
            if view.faults.hides_blooms {
                header.logs_bloom = Bloom::ZERO;
            }
            Some(header)
        };
        Ok(self.look(|view| numbers.iter().map(|number| header(view, number)).collect()))
    }

    async fn logs(&self, scope: LogScope, filter: &LogFilter) -> Result<Vec<RawLog>, ChainError> {
        self.admit()?;
        self.before_logs();
        let wanted = |log: &RawLog| {
            let of_contract =
                filter.addresses.is_empty() || filter.addresses.contains(&log.address);
            of_contract && log.topics.first().is_some_and(|topic| filter.topics.contains(topic))
        };
        let answer = self.look(|view| view.logs(scope, wanted));
        if let Err(Refusal::TooWide { max }) = answer {
            self.own.widest.fetch_min(max, Ordering::Relaxed);
        }
        answer.map_err(ChainError::from)
    }

    async fn genesis(&self) -> Result<B256, ChainError> {
        self.admit()?;
        Ok(self.look(|view| view.chain.canonical()[0].hash))
    }

    async fn call(&self, to: Address, data: Bytes) -> Result<Option<Bytes>, ChainError> {
        self.admit()?;
        Ok(self.look(|view| view.answer(to, &data)).map(|word| word.0.into()))
    }

    async fn code(&self, address: Address, block: Option<u64>) -> Result<Code, ChainError> {
        self.admit()?;
        match self.look(|view| view.has_code(address, block)) {
            Ok(true) => Ok(Code::Present),
            Ok(false) => Ok(Code::Absent),
            Err(Refusal::NoState(_)) => Ok(Code::Unknown),
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn announced(&self) {
        let told = self.own.told.load(Ordering::Relaxed);
        let mut heads = self.heads();
        let now = *heads.wait_for(|heads| *heads > told).await.expect("the node keeps the sender");
        self.own.told.store(now, Ordering::Relaxed);
    }

    fn widest(&self) -> Option<u64> {
        Some(self.own.widest.load(Ordering::Relaxed)).filter(|blocks| *blocks < u64::MAX)
    }

    fn endpoints(&self) -> Vec<EndpointReport> {
        vec![EndpointReport {
            name: "sim".into(),
            head: Some(self.look(|view| view.head().header.number)),
            requests: self.requests(),
            failures: self.own.failures.load(Ordering::Relaxed),
            latency_ms: None,
            status: "ok",
            detail: None,
            doubled: 0,
            range_max: self.widest(),
        }]
    }
}

impl From<Refusal> for ChainError {
    fn from(refusal: Refusal) -> Self {
        let text = format!("simulated: {refusal:?}");
        match refusal {
            Refusal::TooWide { max } => Self::RangeTooWide { at_most: Some(max), text },
            Refusal::TooMany { .. } => Self::TooManyLogs { text },
            Refusal::PastHead { .. } | Refusal::Unknown | Refusal::NoState(_) => {
                Self::Behind { text }
            }
        }
    }
}
