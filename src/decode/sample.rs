//! Logs made up for the tests of this folder.

use alloy::primitives::{Address, B256, Bytes};

use super::{Decoded, Reading, Skip, decode};
use crate::types::{RawLog, Standard, Transfer};

/// A log of one contract with this first topic, these others and this data.
pub(super) fn log(topic: B256, indexed: &[B256], data: Vec<u8>) -> RawLog {
    RawLog {
        address: Address::repeat_byte(0xAA),
        topics: [&[topic], indexed].concat(),
        data: Bytes::from(data),
        block: 7,
        block_hash: B256::repeat_byte(1),
        block_time: None,
        tx_hash: B256::repeat_byte(2),
        log_index: 3,
    }
}

/// A word of zeros with this last byte.
pub(super) fn word(last: u8) -> B256 {
    B256::left_padding_from(&[last])
}

/// Words one behind the other.
pub(super) fn words(words: &[B256]) -> Vec<u8> {
    words.iter().flat_map(|word| word.0).collect()
}

/// The transfers of a log that has some.
pub(super) fn moved(reading: Reading, log: &RawLog) -> Vec<Transfer> {
    match decode(reading, log) {
        Decoded::Transfers(transfers) => transfers,
        Decoded::Skipped(reason) => panic!("skipped for {reason:?}: {log:?}"),
    }
}

/// Asserts that a log is skipped for this reason, wherever token ids of ERC-721 are expected.
pub(super) fn skipped(standard: Standard, log: &RawLog, expected: Skip) {
    for id_in_data in [false, true] {
        let decoded = decode(Reading { standard, id_in_data }, log);
        let (count, size) = (log.topics.len(), log.data.len());
        assert_eq!(decoded, Decoded::Skipped(expected), "{count} topics, {size} bytes");
    }
}
