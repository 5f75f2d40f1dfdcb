//! ERC-721 `Transfer(address indexed from, address indexed to, uint256 indexed tokenId)` (EIP-721),
//! and contracts that index less of it: CryptoKitties nothing, others only the first arguments.

use alloy::primitives::{B256, b256};

use super::Skip;
use super::words::{address, exact, number, transfer};
use crate::types::{RawLog, Transfer};

/// keccak256("Transfer(address,address,uint256)"); ERC-20 shares it.
pub(super) const TRANSFER: B256 =
    b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// Reads the log; three topics only where the contract is known to leave the token in the data.
pub(super) fn read(id_in_data: bool, log: &RawLog) -> Result<Vec<Transfer>, Skip> {
    let [from, to, token_id] = exact(log)?;
    if log.topics.len() == 3 && !id_in_data {
        return Err(Skip::Erc20);
    }
    Ok(vec![transfer(log, 0, number(token_id), (address(from)?, address(to)?))])
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, U256, keccak256};

    use super::super::sample::{log, moved, skipped, word, words};
    use super::super::{Decoded, Reading, decode};
    use super::*;
    use crate::types::{Position, Standard};

    const PLAIN: Reading = Reading { standard: Standard::Erc721, id_in_data: false };
    const IN_DATA: Reading = Reading { standard: Standard::Erc721, id_in_data: true };

    fn check(indexed: &[B256], data: &[B256], expected: Skip) {
        skipped(Standard::Erc721, &log(TRANSFER, indexed, words(data)), expected);
    }

    #[test]
    fn the_topic_is_the_hash_of_the_signature() {
        assert_eq!(TRANSFER, keccak256("Transfer(address,address,uint256)"));
    }

    #[test]
    fn a_transfer_is_read_to_the_last_bit_wherever_its_arguments_stand() {
        let arguments = [word(1), word(2), B256::repeat_byte(0xFF)];
        for indexed in 0..=3 {
            let (topics, data) = arguments.split_at(indexed);
            let transfers = moved(IN_DATA, &log(TRANSFER, topics, words(data)));
            let expected = Transfer {
                contract: Address::repeat_byte(0xAA),
                position: Position { block: 7, log_index: 3, batch_index: 0 },
                tx_hash: B256::repeat_byte(2),
                token_id: U256::MAX,
                token_id_to: None,
                amount: None,
                from: Address::with_last_byte(1),
                to: Address::with_last_byte(2),
            };
            assert_eq!(transfers, [expected], "{indexed} indexed");
        }
    }

    #[test]
    fn three_topics_are_of_erc20_unless_the_contract_is_known_to_log_so() {
        let shape = log(TRANSFER, &[word(1), word(2)], words(&[word(3)]));
        assert_eq!(decode(PLAIN, &shape), Decoded::Skipped(Skip::Erc20));
        assert_eq!(moved(IN_DATA, &shape).len(), 1);
        for indexed in [0, 1, 3] {
            let arguments = [word(1), word(2), word(3)];
            let (topics, data) = arguments.split_at(indexed);
            assert_eq!(moved(PLAIN, &log(TRANSFER, topics, words(data))).len(), 1);
        }
    }

    #[test]
    fn what_only_looks_like_a_transfer_is_skipped_with_its_reason() {
        let dirty = B256::repeat_byte(1);
        let [a, b, c] = [word(1), word(2), word(3)];
        check(&[a, b, c], &[a], Skip::Data);
        check(&[a, b], &[], Skip::Data);
        check(&[a, b], &[a, b], Skip::Data);
        check(&[a], &[a], Skip::Data);
        check(&[a], &[a, b, c], Skip::Data);
        check(&[], &[], Skip::Data);
        check(&[], &[a, b], Skip::Data);
        check(&[], &[a, b, c, a], Skip::Data);
        check(&[dirty, b, c], &[], Skip::Address);
        check(&[a, dirty, c], &[], Skip::Address);
        check(&[dirty], &[b, c], Skip::Address);
        check(&[a], &[dirty, c], Skip::Address);
        check(&[], &[dirty, b, c], Skip::Address);
        check(&[], &[a, dirty, c], Skip::Address);
        for indexed in 0..=3 {
            let fits = 32 * (3 - indexed);
            for size in [0, 1, 31, 33, 63, 65, 95, 97, 10_000_000] {
                let odd = log(TRANSFER, &[a, b, c][..indexed], vec![0; size]);
                if size != fits {
                    skipped(Standard::Erc721, &odd, Skip::Data);
                }
            }
        }
    }
}
