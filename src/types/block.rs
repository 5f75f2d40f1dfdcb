//! Where something stands on a chain: a block, a position inside it, and how final it is.

use alloy::primitives::B256;

/// A block as far as linking blocks needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Height.
    pub number: u64,
    /// Hash that the node names for this block.
    pub hash: B256,
    /// Hash of the block below.
    pub parent: B256,
    /// Seconds since the Unix epoch, as the header says.
    pub time: u64,
}

impl BlockRef {
    /// Whether this block stands directly on `parent`.
    pub fn follows(&self, parent: &BlockRef) -> bool {
        self.number == parent.number + 1 && self.parent == parent.hash
    }
}

/// The total order of transfers on one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Height of the block.
    pub block: u64,
    /// Index of the log in its block.
    pub log_index: u32,
    /// Index of the element in its log: 0 but for batch transfers.
    pub batch_index: u32,
}

/// How final a fact is, as the node's block tags mean the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finality {
    /// In the newest blocks: a reorg may take it back.
    Latest,
    /// Justified: a reorg would need many validators to misbehave.
    Safe,
    /// Final: Herald never takes it back by itself.
    Finalized,
}

impl Finality {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Safe => "safe",
            Self::Finalized => "finalized",
        }
    }

    /// The finality of block `number` where the chain's marks are `safe` and `finalized`.
    pub fn of(number: u64, safe: Option<u64>, finalized: Option<u64>) -> Self {
        if finalized.is_some_and(|mark| number <= mark) {
            Self::Finalized
        } else if safe.is_some_and(|mark| number <= mark) {
            Self::Safe
        } else {
            Self::Latest
        }
    }
}
