//! ERC-2309 `ConsecutiveTransfer(uint256 indexed fromTokenId, uint256 toTokenId, address indexed
//! fromAddress, address indexed toAddress)` (EIP-2309): a range of ERC-721 tokens moves at once.

use alloy::primitives::{B256, b256};

use super::Skip;
use super::words::{address, exact, number, transfer};
use crate::types::{RawLog, Transfer};

/// keccak256("ConsecutiveTransfer(uint256,uint256,address,address)").
pub(super) const CONSECUTIVE: B256 =
    b256!("deaa91b6123d068f5821d0fb0678463d1a8a6079fe8af5de3ce5e896dcf9133d");

/// Reads the log: one transfer whatever the length of its range, of which both ends are part.
pub(super) fn read(log: &RawLog) -> Result<Vec<Transfer>, Skip> {
    let [first, from, to, last] = exact(log)?;
    if log.topics.len() != 4 {
        return Err(Skip::TopicCount);
    }
    let (first, last) = (number(first), number(last));
    if last < first {
        return Err(Skip::Range);
    }
    let moved = transfer(log, 0, first, (address(from)?, address(to)?));
    Ok(vec![Transfer { token_id_to: Some(last), ..moved }])
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, U256, keccak256};

    use super::super::Reading;
    use super::super::sample::{log, moved, skipped, word, words};
    use super::*;
    use crate::types::{Position, Standard};

    const READING: Reading = Reading { standard: Standard::Erc721, id_in_data: false };
    const ALL: B256 = B256::repeat_byte(0xFF);

    fn check(indexed: &[B256], data: &[B256], expected: Skip) {
        skipped(Standard::Erc721, &log(CONSECUTIVE, indexed, words(data)), expected);
    }

    #[test]
    fn the_topic_is_the_hash_of_the_signature() {
        let signature = "ConsecutiveTransfer(uint256,uint256,address,address)";
        assert_eq!(CONSECUTIVE, keccak256(signature));
    }

    #[test]
    fn a_range_of_any_length_is_one_transfer() {
        for (first, last) in [(word(0), ALL), (word(5), word(9)), (word(7), word(7)), (ALL, ALL)] {
            let range = log(CONSECUTIVE, &[first, word(0), word(2)], words(&[last]));
            let expected = Transfer {
                contract: Address::repeat_byte(0xAA),
                position: Position { block: 7, log_index: 3, batch_index: 0 },
                tx_hash: B256::repeat_byte(2),
                token_id: U256::from_be_bytes(first.0),
                token_id_to: Some(U256::from_be_bytes(last.0)),
                amount: None,
                from: Address::ZERO,
                to: Address::with_last_byte(2),
            };
            assert_eq!(moved(READING, &range), [expected]);
        }
    }

    #[test]
    fn what_only_looks_like_a_range_is_skipped_with_its_reason() {
        let [a, b, c] = [word(1), word(2), word(3)];
        check(&[b, a, c], &[a], Skip::Range);
        check(&[ALL, a, c], &[word(0)], Skip::Range);
        check(&[a, ALL, c], &[b], Skip::Address);
        check(&[a, b, ALL], &[b], Skip::Address);
        check(&[a, b, c], &[], Skip::Data);
        check(&[a, b, c], &[c, c], Skip::Data);
        check(&[a, b], &[c, c], Skip::TopicCount);
        check(&[a], &[b, c, c], Skip::TopicCount);
        check(&[], &[a, b, c, c], Skip::TopicCount);
        for size in [31, 33, 10_000_000] {
            let odd = log(CONSECUTIVE, &[a, b, c], vec![0; size]);
            skipped(Standard::Erc721, &odd, Skip::Data);
        }
    }
}
