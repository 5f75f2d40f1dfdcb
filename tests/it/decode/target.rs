//! What the fuzzer calls: bytes to a log, and all that must hold of its decoding. It must compile
//! with the decoder's own few crates, because the fuzz target includes it.

use alloy::primitives::{Address, B256, Bytes, U256};
use herald::decode::{Decoded, Reading, decode};
use herald::types::{Position, RawLog, Standard, Transfer};

use super::reference::{Moved, Rules, SIGNATURES, Word, read};

/// Decodes the log that these bytes stand for, and panics where the answer is wrong.
pub(crate) fn run(input: &[u8]) {
    let (rules, topics, data) = log(input);
    check(rules, &topics, &data);
}

/// Panics unless the decoder reads this log as the reference does.
pub(crate) fn check(rules: Rules, topics: &[Word], data: &[u8]) {
    let expected = read(rules, topics, data);
    let raw = RawLog {
        address: Address::repeat_byte(0xC0),
        topics: topics.iter().map(B256::from).collect(),
        data: Bytes::copy_from_slice(data),
        block: u64::MAX,
        block_hash: B256::repeat_byte(0xB0),
        block_time: None,
        tx_hash: B256::repeat_byte(0x70),
        log_index: u32::MAX,
    };
    let standard = if rules.erc1155 { Standard::Erc1155 } else { Standard::Erc721 };
    match decode(Reading { standard, id_in_data: rules.id_in_data }, &raw) {
        Decoded::Transfers(transfers) => {
            hold(standard, &raw, &transfers);
            let moved: Vec<Moved> = transfers.iter().map(moved).collect();
            assert_eq!(Some(moved), expected, "read otherwise: {raw:?}");
        }
        Decoded::Skipped(reason) => {
            assert_eq!(None, expected, "skipped for {reason:?}: {raw:?}");
        }
    }
}

/// What every transfer of a log has in common, without knowing how it is read.
fn hold(standard: Standard, raw: &RawLog, transfers: &[Transfer]) {
    assert!(!transfers.is_empty(), "transfers of nothing: {raw:?}");
    assert!(transfers.len() <= 1 + raw.data.len() / 32, "more than the data holds: {raw:?}");
    for (batch_index, transfer) in (0..).zip(transfers) {
        let position = Position { block: raw.block, log_index: raw.log_index, batch_index };
        assert_eq!(transfer.position, position, "{raw:?}");
        assert_eq!((transfer.contract, transfer.tx_hash), (raw.address, raw.tx_hash));
        assert_eq!(transfer.standard(), standard, "{raw:?}");
        assert!(transfer.tokens().0 <= transfer.tokens().1, "a range backwards: {raw:?}");
    }
    // The words of the last one are words of the log; a batch of many would be looked for too long.
    let Some(last) = transfers.last().map(moved) else { return };
    for word in [Some(last.id), last.last, last.amount, Some(last.from), Some(last.to)] {
        let Some(word) = word else { continue };
        let found = raw.topics.iter().any(|topic| topic.0 == word)
            || raw.data.as_chunks::<32>().0.contains(&word);
        assert!(found, "{} stands nowhere: {raw:?}", B256::from(word));
    }
}

fn moved(transfer: &Transfer) -> Moved {
    Moved {
        id: transfer.token_id.to_be_bytes(),
        last: transfer.token_id_to.map(|last| last.to_be_bytes()),
        amount: transfer.amount.map(|amount| amount.to_be_bytes()),
        from: transfer.from.into_word().0,
        to: transfer.to.into_word().0,
    }
}

/// Bytes to a log, so that few bytes make one that nearly fits: a byte of flags (bit 0 ERC-1155,
/// bit 1 token in data, bits 2 to 4 the number of topics), one that chooses the first topic, then
/// words by a tag each, first those of the topics, then those of the data.
pub(crate) fn log(input: &[u8]) -> (Rules, Vec<Word>, Vec<u8>) {
    let mut rest = input;
    let flags = take(&mut rest, 1)[31];
    let rules = Rules { erc1155: flags & 1 != 0, id_in_data: flags & 2 != 0 };
    let mut topics = Vec::new();
    for place in 0..flags >> 2 & 7 {
        let known = if place == 0 { usize::from(take(&mut rest, 1)[31]) } else { usize::MAX };
        topics.push(SIGNATURES.get(known).copied().unwrap_or_else(|| word(&mut rest)));
    }
    let mut data = Vec::new();
    while let Some((tag, behind)) = rest.split_first() {
        if *tag == RAW {
            data.extend_from_slice(behind);
            break;
        }
        data.extend_from_slice(&word(&mut rest));
    }
    (rules, topics, data)
}

/// The tag behind which all that is left is data as it stands.
const RAW: u8 = 255;

/// One word: by its tag 32 bytes as they stand, an address, ones, a number where integers and
/// lengths end, or a small one, as offsets and lengths are.
fn word(rest: &mut &[u8]) -> Word {
    match take(rest, 1)[31] {
        RAW | 254 => take(rest, 32),
        253 => take(rest, 20),
        252 => [0xFF; 32],
        edge @ 240..=251 => {
            let edge = usize::from(edge - 240);
            let (power, below) = ([32_usize, 63, 64, 255][edge / 3], [0_u8, 1, 32][edge % 3]);
            ((U256::ONE << power) - U256::from(below)).to_be_bytes()
        }
        number => {
            let mut word = [0; 32];
            word[31] = number;
            word
        }
    }
}

/// The next bytes at the end of a word; zeros where there are none left.
fn take(rest: &mut &[u8], count: usize) -> Word {
    let (taken, behind) = rest.split_at(count.min(rest.len()));
    *rest = behind;
    let mut word = [0; 32];
    word[32 - taken.len()..].copy_from_slice(taken);
    word
}
