//! What a contract is: its token standard and the state of its history in Herald.

use std::fmt;

/// A token standard Herald can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standard {
    /// ERC-721: each token has one owner. ERC-2309 ranges are part of it.
    Erc721,
    /// ERC-1155: each token has any number of owners, each with a balance.
    Erc1155,
}

impl Standard {
    /// The word of the API, of CAIP-19 and of the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Erc721 => "erc721",
            Self::Erc1155 => "erc1155",
        }
    }

    /// The standard of this name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "erc721" => Some(Self::Erc721),
            "erc1155" => Some(Self::Erc1155),
            _ => None,
        }
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a contract is; only `Ready` answers ownership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractState {
    /// Named by an operator, not yet joined to the chain. Next: loading, ready.
    Probing,
    /// Its past is being read. Next: folding.
    Loading,
    /// Its past is whole and ownership is being built. Next: ready.
    Folding,
    /// Ownership is answered. Next: stopped.
    Ready,
    /// No longer followed; its facts stay as they were.
    Stopped,
}

impl ContractState {
    /// Every state, in the order in which a contract goes through them.
    pub const ALL: [Self; 5] =
        [Self::Probing, Self::Loading, Self::Folding, Self::Ready, Self::Stopped];

    /// The word of the API and of the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probing => "probing",
            Self::Loading => "loading",
            Self::Folding => "folding",
            Self::Ready => "ready",
            Self::Stopped => "stopped",
        }
    }

    /// The state of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}
