//! A transfer: one token (or a range of tokens) leaving one holder for another.

use alloy::primitives::{Address, B256, U256};

use super::block::Position;
use super::token::Standard;

/// One decoded transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Contract that emitted the log.
    pub contract: Address,
    /// Where on the chain it stands.
    pub position: Position,
    /// Transaction that emitted the log.
    pub tx_hash: B256,
    /// The token, or the first of a range.
    pub token_id: U256,
    /// Last token of an ERC-2309 range, inclusive; absent for a single token.
    pub token_id_to: Option<U256>,
    /// Units moved by ERC-1155; absent means one token (or each of the range) by ERC-721.
    pub amount: Option<U256>,
    /// Who gave; the zero address on a mint.
    pub from: Address,
    /// Who received; the zero address on a burn.
    pub to: Address,
}

impl Transfer {
    /// The standard of the log that stated it.
    pub fn standard(&self) -> Standard {
        if self.amount.is_some() { Standard::Erc1155 } else { Standard::Erc721 }
    }

    /// Its first and last token; the same for a single one.
    pub fn tokens(&self) -> (U256, U256) {
        (self.token_id, self.token_id_to.unwrap_or(self.token_id))
    }
}

/// What a transfer is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// From the zero address.
    Mint,
    /// Between two holders.
    Transfer,
    /// To the zero address.
    Burn,
}

impl TransferKind {
    /// The kind of a transfer between these two; zero to zero counts as a burn, since nobody
    /// holds the token afterwards.
    pub fn of(from: Address, to: Address) -> Self {
        if to.is_zero() {
            Self::Burn
        } else if from.is_zero() {
            Self::Mint
        } else {
            Self::Transfer
        }
    }

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::Transfer => "transfer",
            Self::Burn => "burn",
        }
    }
}
