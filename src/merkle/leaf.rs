//! A leaf: what is hashed of a holder, and how.

use alloy::primitives::{Address, B256, U256, keccak256};

/// What the leaves of a tree are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaves {
    /// One for each owner, with the units held of all tokens: each claims once.
    #[default]
    Owners,
    /// One for each token and owner, with the units held of it: each token claims once.
    Tokens,
}

impl Leaves {
    /// The word of the API and of the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owners => "owners",
            Self::Tokens => "tokens",
        }
    }

    /// The leaves of this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owners, Self::Tokens].into_iter().find(|leaves| leaves.as_str() == text)
    }

    /// The Solidity types of a leaf's values, in order.
    pub fn encoding(self) -> &'static [&'static str] {
        match self {
            Self::Owners => &["address", "uint256"],
            Self::Tokens => &["uint256", "address", "uint256"],
        }
    }
}

/// The values of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The token, where each has leaves of its own.
    pub token_id: Option<U256>,
    /// Who holds.
    pub owner: Address,
    /// How many units.
    pub balance: U256,
}

impl Leaf {
    /// `keccak256(keccak256(abi.encode(…)))` of its values: hashed twice, so that no node between
    /// the leaves and the root can be taken for a leaf.
    pub fn hash(&self) -> B256 {
        let mut words = [0; 96];
        let mut length = 0;
        let mut push = |word: B256| {
            words[length..length + 32].copy_from_slice(word.as_slice());
            length += 32;
        };
        if let Some(token_id) = self.token_id {
            push(token_id.into());
        }
        push(self.owner.into_word());
        push(self.balance.into());
        keccak256(keccak256(&words[..length]))
    }
}
