//! The only speaker of JSON-RPC.
//!
//! Reading order, from the wire up: `wire` is what a node's answers look like and `packet` how
//! they are wrapped; `http` and `line` carry them within `limits` and, all together, a `budget`;
//! `secret` keeps the URL out of every text; `error` is what callers branch on, `phrases` and
//! `classify` find it in the words of providers, `verdict` what they say of the request, `failure`
//! adds what the book-keeping needs. `pace`, `mark`, `width` and `record` keep the books of an
//! `endpoint`; `question` asks it, `sift` checks the logs it answers, and where their `numbering`
//! is wrong `receipts` reads the block, `code` whether there is a contract; `pool` is all nodes of a chain, and `answers` puts them
//! behind the one trait that the rest of Herald knows: [`Chain`]. `rpc` is a single node for tools.
//!
//! Nothing here knows transfers or tables. The simulated chain of the tests implements the same
//! trait.

pub mod error;
pub mod limits;
mod budget;
mod wire;
mod packet;
mod http;
mod secret;
mod line;
mod phrases;
mod classify;
mod verdict;
mod failure;
mod pace;
mod mark;
mod width;
mod record;
mod endpoint;
mod question;
mod sift;
mod receipts;
mod code;
mod numbering;
pub mod pool;
mod answers;
pub mod rpc;

use alloy::primitives::{Address, B256, Bloom, Bytes};
use async_trait::async_trait;

pub use error::ChainError;
pub use http::install_tls;
pub use limits::Limits;
pub use pool::{Pool, connect, connect_with};
pub use rpc::Rpc;

use crate::types::BlockRef;
pub use crate::types::RawLog;

/// A header, as far as Herald reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number, hash, parent and time.
    pub block: BlockRef,
    /// Bloom filter over addresses and topics of the block's logs (yellow paper 4.3.1).
    pub logs_bloom: Bloom,
    /// Root of the receipts trie.
    pub receipts_root: B256,
}

/// Which logs to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    /// Emitting contracts; empty means all.
    pub addresses: Vec<Address>,
    /// Accepted first topics; never empty.
    pub topics: Vec<B256>,
}

/// Where the logs are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogScope {
    /// Blocks `from..=to` by number.
    Range(u64, u64),
    /// The block of this hash; a node that does not know it must fail, not answer nothing.
    Hash(B256),
}

impl LogScope {
    /// How many blocks it spans.
    fn blocks(&self) -> u64 {
        match self {
            Self::Range(from, to) => to.saturating_sub(*from).saturating_add(1),
            Self::Hash(_) => 1,
        }
    }
}

/// The newest block and the node's finality tags, from one endpoint at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest block.
    pub latest: BlockRef,
    /// Height of the `safe` tag, where the node has one.
    pub safe: Option<u64>,
    /// Number and hash of the `finalized` tag, where the node has one.
    pub finalized: Option<(u64, B256)>,
}

/// How one endpoint has done since this process started.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointReport {
    /// Configured name; the URL is a secret.
    pub name: String,
    /// Newest block it has shown.
    pub head: Option<u64>,
    /// Requests sent.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Smoothed latency in milliseconds.
    pub latency_ms: Option<f64>,
    /// `ok`, `failing`, `misconfigured` or `unknown`.
    pub status: &'static str,
    /// Why it is not `ok`, or what was odd about its answers lately.
    pub detail: Option<String>,
    /// Blocks in which it gave two different logs one index.
    pub doubled: u64,
    /// Most blocks of one query for logs, where it has said such a bound or was remembered to have.
    pub range_max: Option<u64>,
}

/// Whether an address has code at a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It is a contract.
    Present,
    /// It is not: there is no code, or one that only points to that of another account (EIP-7702).
    Absent,
    /// The endpoints keep no state of that block, or none of them answers such questions.
    Unknown,
}

/// What Herald asks of a chain.
#[async_trait]
pub trait Chain: Send + Sync {
    /// Newest block and finality tags.
    async fn head(&self) -> Result<Head, ChainError>;

    /// Headers of these heights, in their order; `None` where the chain has no such block yet.
    /// At most [`HEADERS_MAX`] at once.
    async fn headers(&self, numbers: &[u64]) -> Result<Vec<Option<Header>>, ChainError>;

    /// Logs in `scope` that pass `filter`, ordered by position. A range that reaches beyond what
    /// the answering endpoint has is [`ChainError::Behind`], never an empty answer.
    async fn logs(&self, scope: LogScope, filter: &LogFilter) -> Result<Vec<RawLog>, ChainError>;

    /// Hash of block 0: with the chain id the identity of a chain. [`ChainError::Behind`] where no
    /// endpoint shows that block.
    async fn genesis(&self) -> Result<B256, ChainError>;

    /// Answer of a read-only call (`eth_call`) at the newest block; `None` where the contract
    /// reverts, there is none, or no endpoint can call. The default is a chain that cannot.
    async fn call(&self, to: Address, data: Bytes) -> Result<Option<Bytes>, ChainError> {
        let _ = (to, data);
        Ok(None)
    }

    /// Whether `address` has code at `block`, or at the newest one: [`Code::Unknown`] where every
    /// endpoint says that it keeps no such state. Some nodes answer for a state that they have
    /// forgotten that there is nothing, so an absence alone proves none. The default is a chain
    /// that cannot tell.
    async fn code(&self, address: Address, block: Option<u64>) -> Result<Code, ChainError> {
        let _ = (address, block);
        Ok(Code::Unknown)
    }

    /// Returns when a new head has been announced by a subscription; never returns where no
    /// endpoint can announce. Only hurries: polling carries correctness.
    async fn announced(&self);

    /// Most blocks of one query for logs that the endpoint to be asked first now takes, where it
    /// has set a bound; a wider query is answered [`ChainError::RangeTooWide`] without being sent.
    fn widest(&self) -> Option<u64> {
        None
    }

    /// What was answered does not fit what is known: every endpoint has to show again that it is
    /// on this chain before its next answer.
    fn doubt(&self) {}

    /// The record of every endpoint.
    fn endpoints(&self) -> Vec<EndpointReport>;
}

/// Most headers one call of [`Chain::headers`] takes: what common providers accept in a batch.
pub const HEADERS_MAX: usize = 64;
