//! Logs as contracts emit them: transfers that count, and those that only look alike.

use alloy::primitives::{Address, B256, Bytes, Log, LogData, U256};
use alloy::sol_types::SolEvent;

alloy::sol! {
    event Transfer(address indexed from, address indexed to, uint256 indexed token);
    event Approval(address indexed owner, address indexed to, uint256 indexed token);
}

/// `Transfer(address indexed, address indexed, uint256 indexed)` of ERC-721.
pub(crate) fn erc721_transfer(contract: Address, from: Address, to: Address, token: U256) -> Log {
    let topics = vec![Transfer::SIGNATURE_HASH, from.into_word(), to.into_word(), token.into()];
    log(contract, topics, Bytes::new())
}

/// `Transfer(address indexed, address indexed, uint256)` of ERC-20: the same first topic, the
/// amount in the data.
pub(crate) fn erc20_transfer(contract: Address, from: Address, to: Address, amount: U256) -> Log {
    let topics = vec![Transfer::SIGNATURE_HASH, from.into_word(), to.into_word()];
    log(contract, topics, B256::from(amount).into())
}

/// Four topics of an ERC-721 transfer with data behind them, which no ERC-721 contract emits.
pub(crate) fn transfer_with_data(contract: Address, to: Address, token: U256) -> Log {
    let mut odd = erc721_transfer(contract, Address::ZERO, to, token);
    odd.data.data = B256::from(token).into();
    odd
}

/// `Approval` of ERC-721: four topics of another event.
pub(crate) fn approval(contract: Address, owner: Address, to: Address, token: U256) -> Log {
    log(
        contract,
        vec![Approval::SIGNATURE_HASH, owner.into_word(), to.into_word(), token.into()],
        Bytes::new(),
    )
}

/// A log without any topic.
pub(crate) fn anonymous(contract: Address) -> Log {
    log(contract, Vec::new(), Bytes::from_static(b"anonymous"))
}

fn log(address: Address, topics: Vec<B256>, data: Bytes) -> Log {
    Log { address, data: LogData::new_unchecked(topics, data) }
}
