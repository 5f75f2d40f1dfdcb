//! Words of 32 bytes, as the ABI lays arguments out (Solidity, "Contract ABI specification").

use alloy::primitives::{Address, B256, U256};

use super::Skip;
use crate::types::{Position, RawLog, Transfer};

/// Most arguments that an event can index beside its signature.
const INDEXED_MAX: usize = 3;

/// The first `N` arguments as words: those of the topics, then those of the data. That is their
/// order wherever the indexed ones come first, because the others keep theirs.
pub(super) fn arguments<const N: usize>(log: &RawLog) -> Result<[B256; N], Skip> {
    let indexed = match log.topics[..] {
        [_, ref indexed @ ..] if indexed.len() <= INDEXED_MAX => indexed,
        _ => return Err(Skip::TopicCount),
    };
    let (words, _) = log.data.as_chunks::<32>();
    let mut all = indexed.iter().copied().chain(words.iter().map(B256::from));
    let mut arguments = [B256::ZERO; N];
    for argument in &mut arguments {
        *argument = all.next().ok_or(Skip::Data)?;
    }
    Ok(arguments)
}

/// As [`arguments`], where there is nothing behind them.
pub(super) fn exact<const N: usize>(log: &RawLog) -> Result<[B256; N], Skip> {
    let arguments = arguments(log)?;
    let in_data = (N + 1).saturating_sub(log.topics.len());
    if log.data.len() == 32 * in_data { Ok(arguments) } else { Err(Skip::Data) }
}

/// The address in a word: the ABI pads it with zeros on the left.
pub(super) fn address(word: B256) -> Result<Address, Skip> {
    if word[..12].iter().all(|byte| *byte == 0) {
        Ok(Address::from_word(word))
    } else {
        Err(Skip::Address)
    }
}

/// The number in a word.
pub(super) fn number(word: B256) -> U256 {
    U256::from_be_bytes(word.0)
}

/// The elements of a `uint256[]` that begins `offset` bytes into the data. Nothing is copied: an
/// array that states more elements than follow it is refused by the length of the data.
pub(super) fn array(data: &[u8], offset: B256) -> Result<&[[u8; 32]], Skip> {
    let offset = usize::try_from(number(offset)).map_err(|_| Skip::Offset)?;
    if offset % 32 != 0 {
        return Err(Skip::Offset);
    }
    let (words, _) = data.get(offset..).ok_or(Skip::Offset)?.as_chunks::<32>();
    let (length, elements) = words.split_first().ok_or(Skip::Offset)?;
    let length = usize::try_from(U256::from_be_bytes(*length)).map_err(|_| Skip::Length)?;
    elements.get(..length).ok_or(Skip::Length)
}

/// A transfer of one token that `log` states as its element `batch_index`.
pub(super) fn transfer(
    log: &RawLog,
    batch_index: u32,
    token_id: U256,
    (from, to): (Address, Address),
) -> Transfer {
    Transfer {
        contract: log.address,
        position: Position { block: log.block, log_index: log.log_index, batch_index },
        tx_hash: log.tx_hash,
        token_id,
        token_id_to: None,
        amount: None,
        from,
        to,
    }
}
