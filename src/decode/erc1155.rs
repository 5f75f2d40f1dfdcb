//! ERC-1155 `TransferSingle` and `TransferBatch` (EIP-1155): units of a token, or of several.

use alloy::primitives::{Address, B256, b256};

use super::Skip;
use super::words::{address, arguments, array, exact, number, transfer};
use crate::types::{RawLog, Transfer};

/// keccak256("TransferSingle(address,address,address,uint256,uint256)").
pub(super) const SINGLE: B256 =
    b256!("c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62");

/// keccak256("TransferBatch(address,address,address,uint256[],uint256[])").
pub(super) const BATCH: B256 =
    b256!("4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb");

/// Reads `TransferSingle(address indexed operator, address indexed from, address indexed to,
/// uint256 id, uint256 value)`.
pub(super) fn single(log: &RawLog) -> Result<Vec<Transfer>, Skip> {
    let [operator, from, to, id, value] = exact(log)?;
    let holders = holders([operator, from, to])?;
    Ok(vec![Transfer { amount: Some(number(value)), ..transfer(log, 0, number(id), holders) }])
}

/// Reads `TransferBatch(address indexed operator, address indexed from, address indexed to,
/// uint256[] ids, uint256[] values)`: a transfer for each element, also where an id comes twice or
/// an amount is zero. The arrays may stand anywhere in the data, as decoders of the ABI have it.
pub(super) fn batch(log: &RawLog) -> Result<Vec<Transfer>, Skip> {
    let [operator, from, to, ids, values] = arguments(log)?;
    let holders = holders([operator, from, to])?;
    let (ids, values) = (array(&log.data, ids)?, array(&log.data, values)?);
    if ids.len() != values.len() {
        return Err(Skip::Unequal);
    }
    if ids.is_empty() {
        return Err(Skip::Empty);
    }
    let elements = (0..).zip(ids.iter().zip(values));
    let moved = elements.map(|(batch_index, (id, value))| Transfer {
        amount: Some(number(B256::from(*value))),
        ..transfer(log, batch_index, number(B256::from(*id)), holders)
    });
    Ok(moved.collect())
}

/// Who gave and who received. The operator, who moved it, is an address too.
fn holders([operator, from, to]: [B256; 3]) -> Result<(Address, Address), Skip> {
    address(operator)?;
    Ok((address(from)?, address(to)?))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{U256, keccak256};

    use super::super::Reading;
    use super::super::sample::{log, moved, skipped, word, words};
    use super::*;
    use crate::types::{Position, Standard};

    const READING: Reading = Reading { standard: Standard::Erc1155, id_in_data: false };
    const ALL: B256 = B256::repeat_byte(0xFF);
    const PEOPLE: [u8; 3] = [9, 1, 2];

    fn expected(batch_index: u32, id: U256, value: U256) -> Transfer {
        Transfer {
            contract: Address::repeat_byte(0xAA),
            position: Position { block: 7, log_index: 3, batch_index },
            tx_hash: B256::repeat_byte(2),
            token_id: id,
            token_id_to: None,
            amount: Some(value),
            from: Address::with_last_byte(1),
            to: Address::with_last_byte(2),
        }
    }

    /// The log of a batch with three indexed addresses and these words of data.
    fn batch_of(data: &[B256]) -> RawLog {
        log(BATCH, &PEOPLE.map(word), words(data))
    }

    fn check(data: &[u8], reason: Skip) {
        let data: Vec<B256> = data.iter().copied().map(word).collect();
        skipped(Standard::Erc1155, &batch_of(&data), reason);
    }

    #[test]
    fn the_topics_are_the_hashes_of_the_signatures() {
        assert_eq!(SINGLE, keccak256("TransferSingle(address,address,address,uint256,uint256)"));
        assert_eq!(BATCH, keccak256("TransferBatch(address,address,address,uint256[],uint256[])"));
    }

    #[test]
    fn a_single_transfer_is_read_to_the_last_bit_wherever_its_arguments_stand() {
        for (id, value) in [(ALL, ALL), (word(0), word(0)), (word(5), word(1))] {
            let arguments = [word(9), word(1), word(2), id, value];
            for indexed in 0..=3 {
                let (topics, data) = arguments.split_at(indexed);
                let transfers = moved(READING, &log(SINGLE, topics, words(data)));
                assert_eq!(transfers, [expected(0, number(id), number(value))]);
            }
        }
    }

    #[test]
    fn each_element_of_a_batch_is_a_transfer_in_its_order() {
        // The same token twice, an amount of zero, and the greatest of both.
        let (ids, values) = ([word(7), word(7), ALL], [word(4), word(0), ALL]);
        for indexed in 0..=3 {
            let people = PEOPLE.map(word);
            let (topics, rest) = people.split_at(indexed);
            let head = 32 * (rest.len() + 2);
            let offsets = [head, head + 128].map(|offset| B256::from(U256::from(offset)));
            let arrays = [[word(3)].as_slice(), &ids, &[word(3)], &values].concat();
            let data = [rest, &offsets, &arrays].concat();
            let transfers = moved(READING, &log(BATCH, topics, words(&data)));
            let all = (0..).zip(ids.into_iter().zip(values));
            let all = all.map(|(index, (id, value))| expected(index, number(id), number(value)));
            assert_eq!(transfers, all.collect::<Vec<_>>(), "{indexed} indexed");
        }
    }

    #[test]
    fn arrays_are_read_wherever_they_stand() {
        let one = [expected(0, U256::from(5), U256::from(6))];
        let swapped = [128, 64, 1, 6, 1, 5].map(word);
        assert_eq!(moved(READING, &batch_of(&swapped)), one);
        let gaps = [96, 192, 77, 1, 5, 77, 1, 6, 77].map(word);
        assert_eq!(moved(READING, &batch_of(&gaps)), one);
        let same = [64, 64, 1, 5].map(word);
        assert_eq!(moved(READING, &batch_of(&same)), [expected(0, U256::from(5), U256::from(5))]);
        let mut behind = batch_of(&[64, 128, 1, 5, 1, 6].map(word));
        behind.data = [&behind.data[..], &[1; 31]].concat().into();
        assert_eq!(moved(READING, &behind), one);
    }

    #[test]
    fn what_only_looks_like_a_batch_is_skipped_with_its_reason() {
        check(&[], Skip::Data);
        check(&[64], Skip::Data);
        check(&[64, 96], Skip::Offset);
        check(&[64, 96, 0, 0], Skip::Empty);
        check(&[64, 64, 0], Skip::Empty);
        check(&[64, 128, 1, 5, 0], Skip::Unequal);
        check(&[64, 96, 0, 1, 6], Skip::Unequal);
        check(&[64, 160, 2, 5, 5, 1, 6], Skip::Unequal);
        check(&[64, 128, 1, 5, 2, 6], Skip::Length);
        check(&[64, 128, 5, 5, 1, 6], Skip::Length);
        check(&[64, 192, 1, 5, 1, 6], Skip::Offset);
        check(&[255, 64, 1, 5, 1, 6], Skip::Offset);
        check(&[65, 128, 1, 5, 1, 6], Skip::Offset);
        let short = log(BATCH, &PEOPLE.map(word), vec![0; 63]);
        skipped(Standard::Erc1155, &short, Skip::Data);
    }

    #[test]
    fn numbers_beyond_any_data_are_refused_before_they_are_used() {
        let two_to = |bits: usize| U256::ONE << bits;
        let near = [31, 32, 63, 64, 65, 255].map(two_to);
        let aligned = near.iter().flat_map(|number| [*number, number - U256::from(32)]);
        for huge in aligned.chain([U256::MAX, U256::MAX - U256::from(31)]).map(B256::from) {
            let offset = batch_of(&[huge, word(96), word(0), word(1), word(6)]);
            skipped(Standard::Erc1155, &offset, Skip::Offset);
            let offset = batch_of(&[word(64), huge, word(0), word(1), word(6)]);
            skipped(Standard::Erc1155, &offset, Skip::Offset);
            let length = batch_of(&[word(64), word(128), huge, word(1), word(1), word(6)]);
            skipped(Standard::Erc1155, &length, Skip::Length);
        }
    }
}
