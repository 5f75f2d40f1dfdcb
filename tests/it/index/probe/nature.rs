//! What contracts of the chain are, and what they answer.

use std::ops::Range;

use alloy::primitives::{Bytes, FixedBytes};
use alloy::sol_types::{SolCall, SolValue};
use herald::chain::ChainError;

alloy::sol! {
    function supportsInterface(bytes4 id) returns (bool);
    function decimals() returns (uint8);
    function totalSupply() returns (uint256);
    function name() returns (string);
    function symbol() returns (string);
}

/// Interface id of ERC-721, as EIP-721 has it.
pub(super) const ERC721: [u8; 4] = [0x80, 0xac, 0x58, 0xcd];

/// What a contract answers when it is asked what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// Yes to EIP-165 and to this interface.
    Has([u8; 4]),
    /// Yes to EIP-165 and to both standards.
    HasBoth,
    /// Yes to EIP-165 and to nothing else, and decimals.
    DeniesAndCounts,
    /// Yes to every interface.
    ClaimsAll,
    /// The number 1 to whatever it is asked.
    SaysOne,
    /// Decimals and a supply.
    Coin,
    /// Decimals that are no number of decimals, and a supply.
    Absurd,
    /// It reverts.
    Silent,
    /// Asking it fails.
    Failing,
}

/// A contract of the chain.
#[derive(Clone, Debug)]
pub(super) struct Contract {
    /// When it had code.
    pub(super) lives: Vec<Range<u64>>,
    /// What it is.
    pub(super) nature: Nature,
    /// What it answers for name and symbol, byte for byte.
    pub(super) names: [Option<Bytes>; 2],
}

impl Contract {
    /// An ERC-721 contract with code from this block on, and without names.
    pub(super) fn from(block: u64) -> Self {
        let lives = std::iter::once(block..u64::MAX).collect();
        Self { lives, nature: Nature::Has(ERC721), names: [None, None] }
    }

    /// The same that is something else.
    pub(super) fn of(nature: Nature) -> Self {
        Self { nature, ..Self::from(1) }
    }

    /// The answer to a call.
    pub(super) fn answer(&self, data: &[u8]) -> Result<Option<Bytes>, ChainError> {
        let texts = [nameCall::SELECTOR, symbolCall::SELECTOR];
        if let Some(at) = texts.iter().position(|selector| data == selector) {
            return Ok(self.names[at].clone());
        }
        match self.nature {
            Nature::Failing => {
                return Err(ChainError::Transient { text: "this contract fails".into() });
            }
            Nature::SaysOne => return Ok(Some(true.abi_encode().into())),
            _ => {}
        }
        if let Ok(call) = supportsInterfaceCall::abi_decode(data) {
            return Ok(self.nature.supports(call.id).map(|word| word.abi_encode().into()));
        }
        let number = |number: u64| Ok(Some(number.abi_encode().into()));
        match (self.nature, <[u8; 4]>::try_from(data)) {
            (Nature::Coin | Nature::DeniesAndCounts, Ok(decimalsCall::SELECTOR)) => number(18),
            (Nature::Absurd, Ok(decimalsCall::SELECTOR)) => number(256),
            (
                Nature::Coin | Nature::DeniesAndCounts | Nature::Absurd,
                Ok(totalSupplyCall::SELECTOR),
            ) => number(1_000),
            _ => Ok(None),
        }
    }
}

impl Nature {
    /// The answer of `supportsInterface`.
    fn supports(self, id: FixedBytes<4>) -> Option<bool> {
        let itself = supportsInterfaceCall::SELECTOR;
        match self {
            Self::Has(interface) => Some(id == itself || id == interface),
            Self::HasBoth => Some(id == itself || id == ERC721 || id == [0xd9, 0xb6, 0x7a, 0x26]),
            Self::DeniesAndCounts => Some(id == itself),
            Self::ClaimsAll => Some(true),
            _ => None,
        }
    }
}
