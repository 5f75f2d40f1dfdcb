//! Pure: a log in, transfers out, or the reason why it is none.
//!
//! One file a standard. What a stranger's contract logs is never trusted: a log that does not fit
//! its standard to the byte is skipped and counted by reason, and nothing here can panic.

mod erc721;

use alloy::primitives::B256;

use crate::types::{RawLog, Standard, Transfer};

/// Kind of log read for ERC-721 ownership; spans name what they load by it.
pub const ERC721_TRANSFER: &str = "erc721.transfer";
/// Kind of log read for ranges of ERC-721 tokens (ERC-2309).
pub const ERC2309_TRANSFER: &str = "erc2309.transfer";
/// Kind of log read for ERC-1155 balances.
pub const ERC1155_TRANSFER: &str = "erc1155.transfer";
/// Every kind that is read.
pub const KINDS: &[&str] = &[ERC721_TRANSFER, ERC2309_TRANSFER, ERC1155_TRANSFER];

/// What a log turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// The transfers it states, in their order; never empty.
    Transfers(Vec<Transfer>),
    /// Not a transfer of the expected standard.
    Skipped(Skip),
}

/// Why a log is no transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// Another event.
    Topic,
    /// Three topics and a word of data: an ERC-20 transfer, which shares the first topic.
    Erc20,
    /// A number of topics that no transfer has.
    TopicCount,
    /// An address topic whose upper twelve bytes are not zero.
    Address,
    /// Data where the standard has none.
    Data,
    /// A contract of which no log has shown a standard yet.
    Unknown,
}

impl Skip {
    /// The word of the metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Erc20 => "erc20",
            Self::TopicCount => "topic_count",
            Self::Address => "address",
            Self::Data => "data",
            Self::Unknown => "unknown",
        }
    }
}

/// First topics of all logs that can state a transfer.
pub fn topics() -> Vec<B256> {
    vec![erc721::TRANSFER]
}

/// How the logs of one contract are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The contract's standard.
    pub standard: Standard,
    /// A `Transfer` with three topics and one word of data moves the token of that word. ERC-20 logs
    /// the same shape, so the shape alone never says it.
    pub id_in_data: bool,
}

/// Reads `log` as the contract's standard has it.
pub fn decode(reading: Reading, log: &RawLog) -> Decoded {
    match reading.standard {
        Standard::Erc721 => erc721::decode(log),
        Standard::Erc1155 => Decoded::Skipped(Skip::Topic),
    }
}
