//! Holds Herald's owners against the chain's, both ways: pure.

use std::collections::BTreeMap;
use std::fmt;

use alloy::primitives::{Address, U256};

use super::herald::TokenAnswer;
use super::truth::Truth;

/// One thing that Herald says and the chain does not, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The owners of a token differ; `None` means that it has none.
    Owner {
        /// The token.
        token: U256,
        /// Where Herald said it.
        route: &'static str,
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
        /// Logs of the chain.
        chain: u64,
        /// Transfers of Herald.
        herald: u64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |owner: &Option<Address>| owner.map_or("nobody".to_owned(), |o| o.to_string());
        match self {
            Self::Owner { token, route, chain, herald } => {
                let (chain, herald) = (name(chain), name(herald));
                write!(f, "token {token}: ownerOf says {chain}, Herald's {route} says {herald}")
            }
            Self::Unseen { token } => write!(f, "token {token} was minted, Herald never saw it"),
            Self::Invented { token } => {
                write!(f, "token {token} was never minted, Herald knows it")
            }
            Self::Transfers { chain, herald } => {
                write!(f, "the chain has {chain} transfers, Herald {herald}")
            }
        }
    }
}

/// Differences between the chain and a snapshot of Herald's: no owner may be missing, none
/// invented. In the order of the tokens.
pub fn snapshot(truth: &Truth, herald: &BTreeMap<U256, Address>) -> Vec<Difference> {
    let mut tokens: Vec<U256> = truth.owners.keys().chain(herald.keys()).copied().collect();
    tokens.sort_unstable();
    tokens.dedup();
    let owners = tokens.into_iter().map(|token| {
        let chain = truth.owners.get(&token).copied().flatten();
        (token, chain, herald.get(&token).copied())
    });
    owners
        .filter(|(_, chain, herald)| chain != herald)
        .map(|(token, chain, herald)| Difference::Owner { token, route: "snapshot", chain, herald })
        .collect()
}

/// The difference between the chain and Herald's answer about one token that was minted.
pub fn token(token: U256, chain: Option<Address>, herald: TokenAnswer) -> Option<Difference> {
    match herald {
        TokenAnswer::Unknown => Some(Difference::Unseen { token }),
        TokenAnswer::Known(owner) if owner == chain => None,
        TokenAnswer::Known(owner) => {
            Some(Difference::Owner { token, route: "token route", chain, herald: owner })
        }
    }
}

/// The difference between the numbers of transfers.
pub fn transfers(truth: &Truth, herald: u64) -> Option<Difference> {
    let chain = truth.transfers;
    (chain != herald).then_some(Difference::Transfers { chain, herald })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::repeat_byte(0xaa);
    const B: Address = Address::repeat_byte(0xbb);

    fn id(number: u64) -> U256 {
        U256::from(number)
    }

    fn owner(number: u64, chain: Option<Address>, herald: Option<Address>) -> Difference {
        Difference::Owner { token: id(number), route: "snapshot", chain, herald }
    }

    #[test]
    fn a_missing_an_invented_and_a_wrong_owner_are_all_found() {
        let owners = [(id(1), Some(A)), (id(2), Some(A)), (id(3), None), (U256::MAX, Some(B))];
        let truth = Truth { owners: owners.into(), transfers: 0 };
        let right = BTreeMap::from([(id(1), A), (id(2), A), (U256::MAX, B)]);
        assert_eq!(snapshot(&truth, &right), []);

        let mut missing = right.clone();
        missing.remove(&U256::MAX);
        let far =
            Difference::Owner { token: U256::MAX, route: "snapshot", chain: Some(B), herald: None };
        assert_eq!(snapshot(&truth, &missing), [far]);

        let mut invented = right.clone();
        invented.extend([(id(3), B), (id(9), B), (id(2), B)]);
        assert_eq!(
            snapshot(&truth, &invented),
            [owner(2, Some(A), Some(B)), owner(3, None, Some(B)), owner(9, None, Some(B))]
        );
    }

    #[test]
    fn a_burnt_token_is_known_without_an_owner() {
        assert_eq!(token(id(1), None, TokenAnswer::Known(None)), None);
        assert_eq!(token(id(1), Some(A), TokenAnswer::Known(Some(A))), None);
        let unseen = Difference::Unseen { token: id(1) };
        assert_eq!(token(id(1), None, TokenAnswer::Unknown), Some(unseen));
        assert!(token(id(1), None, TokenAnswer::Known(Some(A))).is_some());
        assert!(token(id(1), Some(A), TokenAnswer::Known(None)).is_some());
    }

    #[test]
    fn a_difference_reads_as_a_sentence() {
        let difference = owner(7, Some(A), None).to_string();
        let address = A.to_string();
        assert_eq!(
            difference,
            format!("token 7: ownerOf says {address}, Herald's snapshot says nobody")
        );
        let truth = Truth { owners: BTreeMap::new(), transfers: 3 };
        assert_eq!(transfers(&truth, 3), None);
        let counted = transfers(&truth, 2).unwrap().to_string();
        assert_eq!(counted, "the chain has 3 transfers, Herald 2");
    }
}
