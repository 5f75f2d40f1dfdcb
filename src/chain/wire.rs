//! JSON shapes of the node API, reduced to what Herald reads (execution-apis, `eth` namespace).
//!
//! Tolerant in what nodes add or leave out, strict in what Herald relies on. Whether an answer
//! fits its question is not decided here.

use alloy::primitives::{Address, B256, Bloom, Bytes};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::{Header, RawLog};
use crate::types::BlockRef;

/// Most topics of a log (yellow paper 9.4.1, `LOG0` to `LOG4`).
pub(super) const TOPICS_MAX: usize = 4;

/// Largest height and chain-wide number: what the tables' `int8` holds.
const NUMBER_MAX: u64 = i64::MAX as u64;

/// Largest index of a log in its block: what the tables' `int4` holds.
pub(super) const LOG_INDEX_MAX: u64 = i32::MAX as u64;

/// Last second of the year 9999, the end of what RFC 3339 can write.
const TIME_MAX: u64 = 253_402_300_799;

/// A block without its transactions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireBlock {
    #[serde(deserialize_with = "number")]
    number: u64,
    hash: B256,
    parent_hash: B256,
    #[serde(deserialize_with = "time")]
    timestamp: u64,
    #[serde(default, deserialize_with = "bloom")]
    logs_bloom: Option<Bloom>,
    #[serde(default)]
    receipts_root: Option<B256>,
}

impl From<WireBlock> for Header {
    /// A missing bloom becomes all ones, because a filter that is not there excludes nothing; a
    /// missing receipts root becomes zero, which no trie has.
    fn from(wire: WireBlock) -> Self {
        Self {
            block: BlockRef {
                number: wire.number,
                hash: wire.hash,
                parent: wire.parent_hash,
                time: wire.timestamp,
            },
            logs_bloom: wire.logs_bloom.unwrap_or(Bloom::repeat_byte(0xff)),
            receipts_root: wire.receipts_root.unwrap_or_default(),
        }
    }
}

/// A log of `eth_getLogs` or of a receipt.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    #[serde(deserialize_with = "number")]
    block_number: u64,
    block_hash: B256,
    #[serde(default, deserialize_with = "lenient_time")]
    block_timestamp: Option<u64>,
    transaction_hash: B256,
    #[serde(deserialize_with = "log_index")]
    log_index: u32,
    #[serde(default)]
    removed: Option<bool>,
}

/// Why a well-formed log cannot be one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotALog {
    /// Only subscriptions may send logs of blocks that were taken back.
    #[error("a log marked as removed")]
    Removed,
    /// More topics than the EVM has.
    #[error("a log of {0} topics")]
    Topics(usize),
}

impl TryFrom<WireLog> for RawLog {
    type Error = NotALog;

    fn try_from(wire: WireLog) -> Result<Self, NotALog> {
        if wire.removed == Some(true) {
            return Err(NotALog::Removed);
        }
        if wire.topics.len() > TOPICS_MAX {
            return Err(NotALog::Topics(wire.topics.len()));
        }
        Ok(Self {
            address: wire.address,
            topics: wire.topics,
            data: wire.data,
            block: wire.block_number,
            block_hash: wire.block_hash,
            block_time: wire.block_timestamp,
            tx_hash: wire.transaction_hash,
            log_index: wire.log_index,
        })
    }
}

/// A quantity: `0x` and at most 64 bits of hexadecimal digits. Leading zeros, which the
/// specification forbids, are accepted because some nodes write them.
pub(super) fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

/// The quantity `number` as nodes read it.
pub(super) fn hex(number: u64) -> String {
    format!("{number:#x}")
}

fn bounded<'de, D: Deserializer<'de>>(de: D, max: u64) -> Result<u64, D::Error> {
    let text = String::deserialize(de)?;
    match quantity(&text) {
        Some(value) if value <= max => Ok(value),
        _ => Err(D::Error::custom(format_args!("not a quantity up to {max:#x}"))),
    }
}

pub(super) fn number<'de, D: Deserializer<'de>>(de: D) -> Result<u64, D::Error> {
    bounded(de, NUMBER_MAX)
}

fn time<'de, D: Deserializer<'de>>(de: D) -> Result<u64, D::Error> {
    bounded(de, TIME_MAX)
}

fn log_index<'de, D: Deserializer<'de>>(de: D) -> Result<u32, D::Error> {
    let value = bounded(de, LOG_INDEX_MAX)?;
    u32::try_from(value).map_err(D::Error::custom)
}

/// Text where there is some; any other kind of value counts as nothing.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient {
    Text(String),
    Other(IgnoredAny),
}

impl Lenient {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

/// A log's time is a convenience: zero, nonsense or another type is the same as no time.
pub(super) fn lenient_time<'de, D: Deserializer<'de>>(de: D) -> Result<Option<u64>, D::Error> {
    let text = Lenient::deserialize(de)?.text();
    Ok(text.as_deref().and_then(quantity).filter(|time| (1..=TIME_MAX).contains(time)))
}

/// Null and `0x` are how chains without blooms say so; anything else has to be one.
fn bloom<'de, D: Deserializer<'de>>(de: D) -> Result<Option<Bloom>, D::Error> {
    match Option::<String>::deserialize(de)?.as_deref() {
        None | Some("" | "0x") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(D::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(change: &str) -> Result<RawLog, String> {
        let mut value = serde_json::json!({
            "address": "0x7dcd17433742f4c0ca53122ab541d0ba67fc27df",
            "topics": [B256::repeat_byte(1)], "data": "0x", "blockNumber": "0x2",
            "transactionHash": B256::ZERO, "transactionIndex": "0x2",
            "blockHash": B256::repeat_byte(2), "logIndex": "0xa", "novelty": {"deep": [1]},
        });
        let change: serde_json::Value = serde_json::from_str(change).unwrap();
        for (key, new) in change.as_object().unwrap() {
            value[key] = new.clone();
        }
        let wire: WireLog = serde_json::from_value(value).map_err(|err| err.to_string())?;
        RawLog::try_from(wire).map_err(|err| err.to_string())
    }

    #[test]
    fn a_log_time_is_taken_where_it_makes_sense() {
        for (change, expected) in [
            ("{}", None),
            (r#"{"blockTimestamp":"0x14"}"#, Some(20)),
            (r#"{"blockTimestamp":null}"#, None),
            (r#"{"blockTimestamp":"0x0"}"#, None),
            (r#"{"blockTimestamp":20}"#, None),
            (r#"{"blockTimestamp":"0xffffffffffffffff"}"#, None),
            (r#"{"removed":false}"#, None),
            (r#"{"removed":null}"#, None),
        ] {
            assert_eq!(log(change).map(|log| log.block_time), Ok(expected), "{change}");
        }
    }

    #[test]
    fn what_cannot_be_a_log_is_refused() {
        let topics = format!(r#"{{"topics":{:?}}}"#, vec![B256::ZERO.to_string(); 5]);
        for change in [
            r#"{"removed":true}"#,
            r#"{"blockNumber":null}"#,
            r#"{"blockNumber":"0x"}"#,
            r#"{"blockNumber":"12"}"#,
            r#"{"blockNumber":"0x8000000000000000"}"#,
            r#"{"logIndex":"0x80000000"}"#,
            r#"{"blockHash":"0x00"}"#,
            r#"{"data":"0xzz"}"#,
            &topics,
        ] {
            assert!(log(change).is_err(), "{change}");
        }
    }

    #[test]
    fn a_chain_without_blooms_excludes_nothing() {
        let block = |bloom: &str| {
            let text = format!(
                r#"{{"number":"0x01","hash":"{0}","parentHash":"{0}","timestamp":"0x5"{bloom}}}"#,
                B256::ZERO
            );
            serde_json::from_str::<WireBlock>(&text).map(Header::from).ok()
        };
        for missing in ["", r#","logsBloom":null"#, r#","logsBloom":"0x""#] {
            let header = block(missing).expect("a header");
            assert_eq!(header.logs_bloom, Bloom::repeat_byte(0xff));
            assert_eq!(header.receipts_root, B256::ZERO);
            assert_eq!((header.block.number, header.block.time), (1, 5));
        }
        let zero = format!(r#","logsBloom":"{}""#, Bloom::ZERO);
        assert_eq!(block(&zero).map(|header| header.logs_bloom), Some(Bloom::ZERO));
        assert_eq!(block(r#","logsBloom":"0x00""#), None);
    }
}
