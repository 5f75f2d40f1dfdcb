//! Pure: a log in, transfers out, or the reason why it is none.
//!
//! One file a standard over `words`, which reads the ABI. What a stranger's contract logs is never
//! trusted: a log that does not fit its standard is skipped and counted by reason, nothing is
//! allocated by a length that it only states, and nothing here can panic.
//!
//! Contracts that index fewer arguments than their standard says are read too: the missing topics
//! stand in the data, in order, and the arguments that are indexed are taken to be the first ones.

mod words;
mod erc721;
mod erc2309;
mod erc1155;
#[cfg(test)]
mod sample;

use alloy::primitives::B256;

use crate::types::{RawLog, Standard, Transfer};

/// A kind of log that is read: what spans and the live edge are for. A later release that reads one
/// more adds it here, and the past is read once more for that kind alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogKind {
    /// Name in the tables; never changes its meaning.
    pub name: &'static str,
    /// First topics of its logs.
    pub topics: &'static [B256],
    /// Whether its logs are transfers, which ownership is made of.
    pub moves_tokens: bool,
}

/// ERC-721 transfers.
pub const ERC721_TRANSFER: LogKind =
    LogKind { name: "erc721.transfer", topics: &[erc721::TRANSFER], moves_tokens: true };
/// Ranges of ERC-721 tokens (ERC-2309).
pub const ERC2309_TRANSFER: LogKind =
    LogKind { name: "erc2309.transfer", topics: &[erc2309::CONSECUTIVE], moves_tokens: true };
/// ERC-1155 transfers.
pub const ERC1155_TRANSFER: LogKind = LogKind {
    name: "erc1155.transfer",
    topics: &[erc1155::SINGLE, erc1155::BATCH],
    moves_tokens: true,
};
/// Every kind that is read.
pub const KINDS: &[LogKind] = &[ERC721_TRANSFER, ERC2309_TRANSFER, ERC1155_TRANSFER];

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
    /// A transfer of another standard than the contract's.
    Standard,
    /// Three topics and a word of data: an ERC-20 transfer, which shares the first topic.
    Erc20,
    /// A number of topics that no transfer has.
    TopicCount,
    /// An address whose word does not begin with twelve zero bytes.
    Address,
    /// Data of another length than the arguments that are not indexed.
    Data,
    /// A range whose last token is below its first.
    Range,
    /// An array that begins outside the data, or not at a word.
    Offset,
    /// An array that states more elements than the data has.
    Length,
    /// As many amounts as tokens were expected.
    Unequal,
    /// A batch of no token.
    Empty,
    /// The contract's standard is not known, and this log does not show it.
    Unknown,
}

impl Skip {
    /// Every reason, for documents.
    pub const ALL: [Self; 12] = [
        Self::Topic,
        Self::Standard,
        Self::Erc20,
        Self::TopicCount,
        Self::Address,
        Self::Data,
        Self::Range,
        Self::Offset,
        Self::Length,
        Self::Unequal,
        Self::Empty,
        Self::Unknown,
    ];

    /// The word of the metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Standard => "standard",
            Self::Erc20 => "erc20",
            Self::TopicCount => "topic_count",
            Self::Address => "address",
            Self::Data => "data",
            Self::Range => "range",
            Self::Offset => "offset",
            Self::Length => "length",
            Self::Unequal => "unequal",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether logs of this first topic can state a transfer.
pub fn is_transfer(topic: B256) -> bool {
    KINDS.iter().any(|kind| kind.moves_tokens && kind.topics.contains(&topic))
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
    let read = match log.topics.first() {
        None => Err(Skip::TopicCount),
        Some(topic) => match (reading.standard, *topic) {
            (Standard::Erc721, erc721::TRANSFER) => erc721::read(reading.id_in_data, log),
            (Standard::Erc721, erc2309::CONSECUTIVE) => erc2309::read(log),
            (Standard::Erc1155, erc1155::SINGLE) => erc1155::single(log),
            (Standard::Erc1155, erc1155::BATCH) => erc1155::batch(log),
            (_, topic) if is_transfer(topic) => Err(Skip::Standard),
            _ => Err(Skip::Topic),
        },
    };
    match read {
        Ok(transfers) => Decoded::Transfers(transfers),
        Err(reason) => Decoded::Skipped(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::{log, skipped, word};

    #[test]
    fn all_four_events_are_asked_for() {
        let first: Vec<_> = KINDS.iter().flat_map(|kind| kind.topics).collect();
        for topic in [erc721::TRANSFER, erc2309::CONSECUTIVE, erc1155::SINGLE, erc1155::BATCH] {
            assert!(first.contains(&&topic) && is_transfer(topic), "{topic}");
        }
        assert_eq!(first.len(), 4);
    }

    #[test]
    fn a_log_of_another_event_or_standard_is_skipped_with_its_reason() {
        let address = [word(1), word(2), word(3)];
        for (standard, topic, expected) in [
            (Standard::Erc721, word(9), Skip::Topic),
            (Standard::Erc1155, word(9), Skip::Topic),
            (Standard::Erc721, erc1155::SINGLE, Skip::Standard),
            (Standard::Erc721, erc1155::BATCH, Skip::Standard),
            (Standard::Erc1155, erc721::TRANSFER, Skip::Standard),
            (Standard::Erc1155, erc2309::CONSECUTIVE, Skip::Standard),
        ] {
            for data in [0, 32, 64, 96] {
                let odd = log(topic, &address, vec![0; data]);
                skipped(standard, &odd, expected);
            }
        }
    }

    #[test]
    fn no_topics_or_five_are_no_transfer() {
        for standard in [Standard::Erc721, Standard::Erc1155] {
            let mut none = log(word(9), &[], vec![0; 96]);
            none.topics.clear();
            skipped(standard, &none, Skip::TopicCount);
        }
        for (standard, topic) in [
            (Standard::Erc721, erc721::TRANSFER),
            (Standard::Erc721, erc2309::CONSECUTIVE),
            (Standard::Erc1155, erc1155::SINGLE),
            (Standard::Erc1155, erc1155::BATCH),
        ] {
            for data in [0, 32, 64, 128, 10_000_000] {
                let five = log(topic, &[word(1), word(2), word(3), word(4)], vec![0; data]);
                skipped(standard, &five, Skip::TopicCount);
            }
        }
    }

    #[test]
    fn no_two_reasons_share_a_word() {
        let words: std::collections::HashSet<&str> =
            Skip::ALL.map(Skip::as_str).into_iter().collect();
        assert_eq!(words.len(), Skip::ALL.len());
    }
}
