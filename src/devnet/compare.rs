//! Holds what Herald says against what the chain says, both ways: pure.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};

use super::difference::Difference;
use super::herald::{ContractAnswer, TokenAnswer};
use super::lists::Transfers;
use super::truth::{Holders, Range, Truth};
use crate::types::Standard;

/// Differences between the chain and all holdings of a contract as a `route` of Herald's tells
/// them: none may be missing, none invented. In the order of the tokens.
pub fn holdings(truth: &Truth, herald: &BTreeMap<U256, Holders>, route: &str) -> Vec<Difference> {
    let tokens: BTreeSet<U256> = truth.tokens.keys().chain(herald.keys()).copied().collect();
    let nobody = Holders::new();
    let of = |side: &BTreeMap<U256, Holders>, token| side.get(&token).unwrap_or(&nobody).clone();
    tokens
        .into_iter()
        .flat_map(|token| holders(token, &of(&truth.tokens, token), &of(herald, token), route))
        .collect()
}

/// Differences between what the chain and a `route` of Herald's say about one token.
pub fn holders(token: U256, chain: &Holders, herald: &Holders, route: &str) -> Vec<Difference> {
    let accounts: BTreeSet<Address> = chain.keys().chain(herald.keys()).copied().collect();
    let balances = accounts.into_iter().map(|holder| {
        let of = |side: &Holders| side.get(&holder).copied();
        (holder, of(chain), of(herald))
    });
    balances
        .filter(|(_, chain, herald)| chain != herald)
        .map(|(holder, chain, herald)| Difference::Balance {
            token,
            holder,
            route: route.to_owned(),
            chain: chain.unwrap_or_default(),
            herald: herald.unwrap_or_default(),
        })
        .collect()
}

/// The difference between the chain and Herald's answer about one ERC-721 token that was minted.
pub fn token(token: U256, chain: &Holders, herald: TokenAnswer) -> Option<Difference> {
    let chain = chain.keys().next().copied();
    match herald {
        TokenAnswer::Unknown => Some(Difference::Unseen { token }),
        TokenAnswer::Known(owner) if owner == chain => None,
        TokenAnswer::Known(owner) => Some(Difference::Owner { token, chain, herald: owner }),
    }
}

/// Differences between the transfers.
pub fn transfers(truth: &Truth, herald: &Transfers) -> Vec<Difference> {
    let only = |one: &BTreeSet<Range>, other: &BTreeSet<Range>, of_chain| -> Vec<Difference> {
        one.difference(other).map(|range| Difference::Range { range: *range, of_chain }).collect()
    };
    let mut found = only(&truth.ranges, &herald.ranges, true);
    found.extend(only(&herald.ranges, &truth.ranges, false));
    found.extend(count(truth.transfers, herald.count, "list"));
    found
}

/// Differences between a contract and what Herald says about it as a whole.
pub fn contract(truth: &Truth, standard: Standard, herald: &ContractAnswer) -> Vec<Difference> {
    let counted = herald.transfers.unwrap_or_default();
    let mut found: Vec<_> = count(truth.transfers, counted, "contract").into_iter().collect();
    if herald.standard.as_deref() != Some(standard.as_str()) {
        found.push(Difference::Kind { chain: standard, herald: herald.standard.clone() });
    }
    found
}

fn count(chain: u64, herald: u64, route: &'static str) -> Option<Difference> {
    (chain != herald).then_some(Difference::Transfers { chain, herald, route })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::repeat_byte(0xaa);
    const B: Address = Address::repeat_byte(0xbb);

    fn id(number: u64) -> U256 {
        U256::from(number)
    }

    fn has(holder: Address, balance: u64) -> Holders {
        Holders::from([(holder, id(balance))])
    }

    fn balance(token: U256, holder: Address, chain: u64, herald: u64) -> Difference {
        let route = "snapshot".to_owned();
        Difference::Balance { token, holder, route, chain: id(chain), herald: id(herald) }
    }

    #[test]
    fn a_missing_an_invented_and_a_wrong_balance_are_all_found() {
        let tokens = [(id(1), has(A, 1)), (id(2), has(A, 7)), (id(3), Holders::new())];
        let tokens = tokens.into_iter().chain([(U256::MAX, has(B, 1))]).collect();
        let truth = Truth { tokens, ..Truth::default() };
        let right =
            BTreeMap::from([(id(1), has(A, 1)), (id(2), has(A, 7)), (U256::MAX, has(B, 1))]);
        assert_eq!(holdings(&truth, &right, "snapshot"), []);

        let mut missing = right.clone();
        missing.remove(&U256::MAX);
        assert_eq!(holdings(&truth, &missing, "snapshot"), [balance(U256::MAX, B, 1, 0)]);

        let mut wrong = right.clone();
        wrong.extend([(id(2), Holders::from([(A, id(6)), (B, id(1))])), (id(3), has(B, 1))]);
        let expected = [balance(id(2), A, 7, 6), balance(id(2), B, 0, 1), balance(id(3), B, 0, 1)];
        assert_eq!(holdings(&truth, &wrong, "snapshot"), expected);

        // A row that says that an account has nothing is one too many.
        let mut empty = right;
        empty.insert(id(3), has(B, 0));
        assert_eq!(holdings(&truth, &empty, "snapshot"), [balance(id(3), B, 0, 0)]);
    }

    #[test]
    fn a_burnt_token_is_known_without_an_owner() {
        let (nobody, owned) = (Holders::new(), has(A, 1));
        assert_eq!(token(id(1), &nobody, TokenAnswer::Known(None)), None);
        assert_eq!(token(id(1), &owned, TokenAnswer::Known(Some(A))), None);
        let unseen = Difference::Unseen { token: id(1) };
        assert_eq!(token(id(1), &nobody, TokenAnswer::Unknown), Some(unseen));
        assert!(token(id(1), &nobody, TokenAnswer::Known(Some(A))).is_some());
        let wrong = token(id(7), &owned, TokenAnswer::Known(None)).unwrap().to_string();
        let expected = format!("token 7: ownerOf says {A}, Herald's token route says nobody");
        assert_eq!(wrong, expected);
    }

    #[test]
    fn a_range_with_another_end_differs_on_both_sides() {
        let ranges = BTreeSet::from([(id(0), id(9), A)]);
        let truth = Truth { ranges: ranges.clone(), transfers: 3, ..Truth::default() };
        assert_eq!(transfers(&truth, &Transfers { count: 3, ranges }), []);
        let ranges = BTreeSet::from([(id(0), id(8), A)]);
        let found = transfers(&truth, &Transfers { count: 2, ranges });
        let text: Vec<String> = found.iter().map(Difference::to_string).collect();
        assert_eq!(
            text,
            [
                format!("only the chain moved the tokens 0 to 9 to {A} at once"),
                format!("only Herald moved the tokens 0 to 8 to {A} at once"),
                "the chain has 3 transfers, Herald's list 2".to_owned(),
            ]
        );
    }

    #[test]
    fn a_standard_that_was_not_found_is_a_difference() {
        let truth = Truth { transfers: 3, ..Truth::default() };
        let status = "ready".to_owned();
        let right =
            ContractAnswer { status, standard: Some("erc1155".to_owned()), transfers: Some(3) };
        assert_eq!(contract(&truth, Standard::Erc1155, &right), []);
        let unknown = ContractAnswer { standard: None, ..right };
        let found = contract(&truth, Standard::Erc1155, &unknown);
        assert_eq!(found[0].to_string(), "its standard is erc1155, Herald says unknown");
    }
}
