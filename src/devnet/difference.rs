//! What Herald and a chain may disagree on, and how a person reads it.

use std::fmt;

use alloy::primitives::{Address, U256};

use super::truth::Range;
use crate::types::Standard;

/// One thing that Herald says and the chain does not, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// What an account has of a token differs; in ERC-721 one or nothing.
    Balance {
        /// The token.
        token: U256,
        /// The account.
        holder: Address,
        /// Where Herald said it.
        route: String,
        /// Its balance on the chain.
        chain: U256,
        /// Its balance in Herald.
        herald: U256,
    },
    /// The owners of a token differ; `None` means that it has none.
    Owner {
        /// The token.
        token: U256,
        /// The chain's owner.
        chain: Option<Address>,
        /// Herald's owner.
        herald: Option<Address>,
    },
    /// Herald does not know a token that was minted.
    Unseen {
        /// The token.
        token: U256,
    },
    /// Herald knows a token that was never minted.
    Invented {
        /// The token.
        token: U256,
    },
    /// The chain holds another number of transfers than Herald.
    Transfers {
        /// Transfers of the chain.
        chain: u64,
        /// Transfers of Herald.
        herald: u64,
        /// Where Herald said it.
        route: &'static str,
    },
    /// Tokens moved in one range on one side only.
    Range {
        /// The range.
        range: Range,
        /// Whether the chain has it; else Herald does.
        of_chain: bool,
    },
    /// Herald takes the contract for another one than it is.
    Kind {
        /// What it is.
        chain: Standard,
        /// What Herald says.
        herald: Option<String>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |owner: &Option<Address>| owner.map_or("nobody".to_owned(), |o| o.to_string());
        match self {
            Self::Balance { token, holder, route, chain, herald } => {
                write!(f, "token {token}: {holder} has {chain}, Herald's {route} says {herald}")
            }
            Self::Owner { token, chain, herald } => {
                let (chain, herald) = (name(chain), name(herald));
                write!(f, "token {token}: ownerOf says {chain}, Herald's token route says {herald}")
            }
            Self::Unseen { token } => write!(f, "token {token} was minted, Herald never saw it"),
            Self::Invented { token } => {
                write!(f, "token {token} was never minted, Herald knows it")
            }
            Self::Transfers { chain, herald, route } => {
                write!(f, "the chain has {chain} transfers, Herald's {route} {herald}")
            }
            Self::Range { range: (first, last, to), of_chain } => {
                let who = if *of_chain { "the chain" } else { "Herald" };
                write!(f, "only {who} moved the tokens {first} to {last} to {to} at once")
            }
            Self::Kind { chain, herald } => {
                let herald = herald.as_deref().unwrap_or("unknown");
                write!(f, "its standard is {chain}, Herald says {herald}")
            }
        }
    }
}
