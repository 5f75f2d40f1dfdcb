//! Logs that look like transfers and are none, which no reader may count.

use alloy::primitives::{Address, B256, Bytes, Log, LogData, U256};

use super::cast::Sort;
use super::logs::{
    BATCH, CONSECUTIVE, SINGLE, TRANSFER, consecutive_transfer, erc721_transfer, log,
    transfer_batch, transfer_single,
};

/// `Transfer(address indexed, address indexed, uint256)` of ERC-20: the same first topic, the
/// amount in the data.
pub(crate) fn erc20_transfer(contract: Address, from: Address, to: Address, amount: U256) -> Log {
    log(contract, TRANSFER, &[from.into_word(), to.into_word()], &[amount.into()])
}

/// Four topics of an ERC-721 transfer with data behind them, which no ERC-721 contract emits.
pub(crate) fn transfer_with_data(contract: Address, to: Address, token: U256) -> Log {
    let indexed = [B256::ZERO, to.into_word(), token.into()];
    log(contract, TRANSFER, &indexed, &[token.into()])
}

/// `Approval` of ERC-721: four topics of another event.
pub(crate) fn approval(contract: Address, owner: Address, to: Address, token: U256) -> Log {
    let indexed = [owner.into_word(), to.into_word(), token.into()];
    log(contract, "Approval(address,address,uint256)", &indexed, &[])
}

/// A log without any topic.
pub(crate) fn anonymous(contract: Address) -> Log {
    let data = LogData::new_unchecked(Vec::new(), Bytes::from_static(b"anonymous"));
    Log { address: contract, data }
}

/// Every log that only looks like a transfer, whatever the contract is.
pub(crate) fn all(contract: Address, a: Address, b: Address, number: U256) -> Vec<Log> {
    let (from, to, id) = (a.into_word(), b.into_word(), B256::from(number));
    let dirty = B256::repeat_byte(1);
    let word = |value: u64| B256::from(U256::from(value));
    let ends = |words: &[u64]| words.iter().map(|value| word(*value)).collect::<Vec<_>>();
    let batch = |words: &[B256]| log(contract, BATCH, &[from, from, to], words);
    let short = |whole: Log, bytes: usize| {
        let data = whole.data.data.slice(..whole.data.data.len() - bytes);
        Log { address: contract, data: LogData::new_unchecked(whole.topics().to_vec(), data) }
    };
    vec![
        erc20_transfer(contract, a, b, number),
        transfer_with_data(contract, a, number),
        approval(contract, a, b, number),
        anonymous(contract),
        log(contract, TRANSFER, &[dirty, to, id], &[]),
        log(contract, TRANSFER, &[from, to], &[]),
        log(contract, TRANSFER, &[from], &[to]),
        log(contract, TRANSFER, &[], &[from, to]),
        short(log(contract, TRANSFER, &[], &[from, to, id]), 1),
        log(contract, TRANSFER, &[], &[from, dirty, id]),
        log(contract, CONSECUTIVE, &[id, from, to], &[]),
        log(contract, CONSECUTIVE, &[id, from, dirty], &[id]),
        short(consecutive_transfer(contract, (number, number), a, b), 31),
        consecutive_transfer(contract, (U256::from(9), U256::from(8)), a, b),
        log(contract, SINGLE, &[from, from, to], &[id]),
        log(contract, SINGLE, &[from, dirty, to], &[id, word(1)]),
        short(transfer_single(contract, a, b, (number, number)), 1),
        batch(&[]),
        batch(&ends(&[64, 128, 1, 7, 0])),
        batch(&ends(&[64, 128, 1, 7, 2, 1, 1])),
        batch(&ends(&[64, 128, 1, 7, 2, 1])),
        batch(&ends(&[64, 1 << 40, 1, 7, 1, 1])),
        batch(&[word(64), B256::repeat_byte(0xFF), word(1), word(7), word(1), word(1)]),
        batch(&[word(64), word(128), B256::repeat_byte(0xFF), word(7), word(1), word(1)]),
        transfer_batch(contract, a, b, &[]),
    ]
}

/// A transfer of the other standard, which a contract whose standard is stated does not emit.
pub(super) fn of_other_standard(
    (contract, sort): (Address, Sort),
    a: Address,
    b: Address,
    number: U256,
) -> Log {
    match sort {
        Sort::Erc1155 | Sort::Sprawling | Sort::Overdrawn => {
            erc721_transfer(contract, a, b, number)
        }
        _ => transfer_single(contract, a, b, (number, U256::ONE)),
    }
}
