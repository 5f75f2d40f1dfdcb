//! Logs as contracts emit them, put together word by word: transfers that count.

use alloy::primitives::{Address, B256, Bytes, Log, LogData, U256, keccak256};

use super::block::Move;
use super::cast::Sort;

/// First topic of every ERC-721 transfer; ERC-20 shares it.
pub(super) const TRANSFER: &str = "Transfer(address,address,uint256)";
/// First topic of EIP-2309.
pub(super) const CONSECUTIVE: &str = "ConsecutiveTransfer(uint256,uint256,address,address)";
/// First topic of a single transfer of EIP-1155.
pub(super) const SINGLE: &str = "TransferSingle(address,address,address,uint256,uint256)";
/// First topic of a batch of EIP-1155.
pub(super) const BATCH: &str = "TransferBatch(address,address,address,uint256[],uint256[])";

/// What a contract of this sort logs for a move of its own.
pub(super) fn of_move(sort: Sort, it: &Move) -> Log {
    match (it.last, it.amount, sort) {
        (Some(last), ..) => consecutive_transfer(it.contract, (it.token, last), it.from, it.to),
        (_, Some(amount), Sort::Sprawling) => {
            sprawling_single(it.contract, it.from, it.to, (it.token, amount))
        }
        (_, Some(amount), _) => transfer_single(it.contract, it.from, it.to, (it.token, amount)),
        (.., Sort::InData) => in_data_transfer(it.contract, it.from, it.to, it.token),
        (.., Sort::Bare) => bare_transfer(it.contract, it.from, it.to, it.token),
        (.., Sort::FromOnly) => from_only_transfer(it.contract, it.from, it.to, it.token),
        _ => erc721_transfer(it.contract, it.from, it.to, it.token),
    }
}

/// `Transfer(address indexed, address indexed, uint256 indexed)` of ERC-721.
pub(crate) fn erc721_transfer(contract: Address, from: Address, to: Address, token: U256) -> Log {
    log(contract, TRANSFER, &[from.into_word(), to.into_word(), token.into()], &[])
}

/// `Transfer` with nothing indexed, as CryptoKitties has it.
pub(crate) fn bare_transfer(contract: Address, from: Address, to: Address, token: U256) -> Log {
    log(contract, TRANSFER, &[], &[from.into_word(), to.into_word(), token.into()])
}

/// `Transfer` with the giver indexed only.
pub(crate) fn from_only_transfer(
    contract: Address,
    from: Address,
    to: Address,
    token: U256,
) -> Log {
    log(contract, TRANSFER, &[from.into_word()], &[to.into_word(), token.into()])
}

/// `Transfer` with the token in the data. ERC-20 has the amount there.
pub(crate) fn in_data_transfer(contract: Address, from: Address, to: Address, token: U256) -> Log {
    log(contract, TRANSFER, &[from.into_word(), to.into_word()], &[token.into()])
}

/// `ConsecutiveTransfer(uint256 indexed, uint256, address indexed, address indexed)` of EIP-2309:
/// every token from the first to the last, the last one included.
pub(crate) fn consecutive_transfer(
    contract: Address,
    (first, last): (U256, U256),
    from: Address,
    to: Address,
) -> Log {
    let indexed = [first.into(), from.into_word(), to.into_word()];
    log(contract, CONSECUTIVE, &indexed, &[last.into()])
}

/// `TransferSingle` of EIP-1155: an amount of one token. The operator is the giver.
pub(crate) fn transfer_single(
    contract: Address,
    from: Address,
    to: Address,
    (token, amount): (U256, U256),
) -> Log {
    let indexed = [from.into_word(), from.into_word(), to.into_word()];
    log(contract, SINGLE, &indexed, &[token.into(), amount.into()])
}

/// `TransferBatch` of EIP-1155: amounts of these tokens, in this order.
pub(crate) fn transfer_batch(
    contract: Address,
    from: Address,
    to: Address,
    elements: &[(U256, U256)],
) -> Log {
    let count = U256::from(elements.len());
    let tokens_at = U256::from(64);
    let amounts_at = tokens_at + U256::from(32) * (count + U256::ONE);
    let tokens = elements.iter().map(|(token, _)| *token);
    let amounts = elements.iter().map(|(_, amount)| *amount);
    let words = [tokens_at, amounts_at, count].into_iter().chain(tokens).chain([count]);
    let words: Vec<B256> = words.chain(amounts).map(B256::from).collect();
    log(contract, BATCH, &[from.into_word(), from.into_word(), to.into_word()], &words)
}

/// `TransferSingle` with operator and giver indexed only.
pub(crate) fn sprawling_single(
    contract: Address,
    from: Address,
    to: Address,
    (token, amount): (U256, U256),
) -> Log {
    let words = [to.into_word(), token.into(), amount.into()];
    log(contract, SINGLE, &[from.into_word(), from.into_word()], &words)
}

/// How the arrays of a batch lie in its data; the ABI leaves it to whoever encodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// The amounts stand before the tokens.
    pub(crate) swapped: bool,
    /// Words that belong to nobody before the first array, between both, and behind.
    pub(crate) gaps: [usize; 3],
}

/// `TransferBatch` with operator and giver indexed only, its arrays as the layout has them.
pub(crate) fn sprawling_batch(
    contract: Address,
    (from, to): (Address, Address),
    elements: &[(U256, U256)],
    layout: Layout,
) -> Log {
    let array = |values: Vec<U256>| [vec![U256::from(values.len())], values].concat();
    let tokens = array(elements.iter().map(|(token, _)| *token).collect());
    let amounts = array(elements.iter().map(|(_, amount)| *amount).collect());
    let (first, second) = if layout.swapped { (amounts, tokens) } else { (tokens, amounts) };
    let gap = |at: usize| vec![U256::MAX; layout.gaps[at]];
    let first_at = 3 + layout.gaps[0];
    let second_at = first_at + first.len() + layout.gaps[1];
    let offsets = match layout.swapped {
        true => [second_at, first_at],
        false => [first_at, second_at],
    };
    let offsets = offsets.map(|word| U256::from(32 * word)).to_vec();
    let rest = [offsets, gap(0), first, gap(1), second, gap(2)].concat();
    let words = std::iter::once(to.into_word()).chain(rest.into_iter().map(B256::from));
    log(contract, BATCH, &[from.into_word(), from.into_word()], &words.collect::<Vec<_>>())
}

/// A log of the event of this signature, of these further topics, and of these words of data.
pub(super) fn log(contract: Address, event: &str, indexed: &[B256], words: &[B256]) -> Log {
    let topics = [&[keccak256(event)], indexed].concat();
    Log { address: contract, data: LogData::new_unchecked(topics, Bytes::from(words.concat())) }
}
