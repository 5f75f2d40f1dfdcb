//! ERC-721 `Transfer(address indexed from, address indexed to, uint256 indexed tokenId)` (EIP-721).

use alloy::primitives::{Address, B256, U256, b256};

use super::{Decoded, Skip};
use crate::types::{Position, RawLog, Transfer};

/// keccak256("Transfer(address,address,uint256)"); ERC-20 shares it.
pub(super) const TRANSFER: B256 =
    b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// Reads the log; the token id is the third indexed argument, so there is no data.
pub(super) fn decode(log: &RawLog) -> Decoded {
    let (from, to, token_id) = match log.topics[..] {
        [topic, ..] if topic != TRANSFER => return Decoded::Skipped(Skip::Topic),
        [_, from, to, token_id] => (from, to, token_id),
        [_, _, _] if log.data.len() == 32 => return Decoded::Skipped(Skip::Erc20),
        _ => return Decoded::Skipped(Skip::TopicCount),
    };
    if !log.data.is_empty() {
        return Decoded::Skipped(Skip::Data);
    }
    let (Some(from), Some(to)) = (address(from), address(to)) else {
        return Decoded::Skipped(Skip::Address);
    };
    Decoded::Transfers(vec![Transfer {
        contract: log.address,
        position: Position { block: log.block, log_index: log.log_index, batch_index: 0 },
        tx_hash: log.tx_hash,
        token_id: U256::from_be_bytes(token_id.0),
        token_id_to: None,
        amount: None,
        from,
        to,
    }])
}

/// The address in a topic: the ABI pads it with zeros on the left.
fn address(topic: B256) -> Option<Address> {
    topic[..12].iter().all(|byte| *byte == 0).then(|| Address::from_word(topic))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Bytes, keccak256};

    use super::*;

    fn log(topics: Vec<B256>, data: &[u8]) -> RawLog {
        RawLog {
            address: Address::repeat_byte(0xAA),
            topics,
            data: Bytes::copy_from_slice(data),
            block: 7,
            block_hash: B256::repeat_byte(1),
            block_time: None,
            tx_hash: B256::repeat_byte(2),
            log_index: 3,
        }
    }

    fn word(last: u8) -> B256 {
        B256::left_padding_from(&[last])
    }

    fn check(topics: Vec<B256>, data: &[u8], expected: Skip) {
        assert_eq!(decode(&log(topics, data)), Decoded::Skipped(expected));
    }

    #[test]
    fn the_topic_is_the_hash_of_the_signature() {
        assert_eq!(TRANSFER, keccak256("Transfer(address,address,uint256)"));
    }

    #[test]
    fn a_transfer_is_read_to_the_last_bit() {
        let id = B256::repeat_byte(0xFF);
        let decoded = decode(&log(vec![TRANSFER, word(1), word(2), id], &[]));
        let Decoded::Transfers(transfers) = decoded else { panic!("skipped: {decoded:?}") };
        assert_eq!(transfers.len(), 1);
        let transfer = &transfers[0];
        assert_eq!(transfer.from, Address::with_last_byte(1));
        assert_eq!(transfer.to, Address::with_last_byte(2));
        assert_eq!(transfer.token_id, U256::MAX);
        assert_eq!(transfer.position, Position { block: 7, log_index: 3, batch_index: 0 });
        assert_eq!(transfer.contract, Address::repeat_byte(0xAA));
        assert_eq!(transfer.tx_hash, B256::repeat_byte(2));
        assert_eq!((transfer.amount, transfer.token_id_to), (None, None));
    }

    #[test]
    fn what_only_looks_like_a_transfer_is_skipped_with_its_reason() {
        let dirty = B256::repeat_byte(1);
        check(vec![], &[], Skip::TopicCount);
        check(vec![word(9), word(1), word(2), word(3)], &[], Skip::Topic);
        check(vec![TRANSFER], &[0; 96], Skip::TopicCount);
        check(vec![TRANSFER, word(1)], &[0; 64], Skip::TopicCount);
        check(vec![TRANSFER, word(1), word(2)], &[0; 32], Skip::Erc20);
        check(vec![TRANSFER, word(1), word(2)], &[], Skip::TopicCount);
        check(vec![TRANSFER, word(1), word(2), word(3)], &[0; 32], Skip::Data);
        check(vec![TRANSFER, dirty, word(2), word(3)], &[], Skip::Address);
        check(vec![TRANSFER, word(1), dirty, word(3)], &[], Skip::Address);
        check(vec![TRANSFER, word(1), word(2), word(3), word(4)], &[], Skip::TopicCount);
    }
}
