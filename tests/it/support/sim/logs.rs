//! Logs as contracts emit them: transfers that count, and those that only look alike.

use alloy::primitives::{Address, B256, Bytes, Log, LogData, U256, keccak256};

/// `Transfer(address indexed, address indexed, uint256 indexed)` of ERC-721.
pub(crate) fn erc721_transfer(contract: Address, from: Address, to: Address, token: U256) -> Log {
    let topics = vec![transfer_topic(), from.into_word(), to.into_word(), token.into()];
    log(contract, topics, Bytes::new())
}

/// `Transfer(address indexed, address indexed, uint256)` of ERC-20: the same first topic, the
/// amount in the data.
pub(crate) fn erc20_transfer(contract: Address, from: Address, to: Address, amount: U256) -> Log {
    let topics = vec![transfer_topic(), from.into_word(), to.into_word()];
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
    let signature = keccak256("Approval(address,address,uint256)");
    log(contract, vec![signature, owner.into_word(), to.into_word(), token.into()], Bytes::new())
}

/// A log without any topic.
pub(crate) fn anonymous(contract: Address) -> Log {
    log(contract, Vec::new(), Bytes::from_static(b"anonymous"))
}

fn transfer_topic() -> B256 {
    keccak256("Transfer(address,address,uint256)")
}

fn log(address: Address, topics: Vec<B256>, data: Bytes) -> Log {
    Log { address, data: LogData::new_unchecked(topics, data) }
}
