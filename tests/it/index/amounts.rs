//! Amounts of ERC-1155 tokens: what everybody has at the end of each block.

use alloy::primitives::{Address, Log, U256};

use super::story::{ANN, ART, BOB, NOBODY};
use super::trial::Trial;
use crate::support::replay::signed;
use crate::support::sim::{transfer_batch, transfer_single};

fn single(token: u64, amount: u64, from: Address, to: Address) -> Log {
    transfer_single(ART, from, to, (U256::from(token), U256::from(amount)))
}

fn batch(elements: &[(u64, u64)], from: Address, to: Address) -> Log {
    let elements: Vec<_> =
        elements.iter().map(|(token, amount)| (U256::from(*token), U256::from(*amount))).collect();
    transfer_batch(ART, from, to, &elements)
}

#[tokio::test]
async fn elements_of_a_batch_add_up() {
    let blocks: [&[Log]; 4] = [
        &[batch(&[(1, 5), (2, 3), (1, 4), (3, 0)], NOBODY, ANN)],
        &[batch(&[(1, 2), (1, 7), (2, 1)], ANN, BOB)],
        &[single(1, 9, BOB, ANN), single(1, 9, ANN, ANN), single(2, 0, BOB, ANN)],
        &[single(2, 2, ANN, NOBODY), batch(&[], ANN, BOB)],
    ];
    let truth = Trial::of_amounts(&blocks).passes().await;
    let amounts = |owner: Address, token: u64| {
        let key = (ART, U256::from(token));
        let at = (1..=4).map(|block| truth.balance_at(key, owner, block));
        at.map(|balance| balance.to_string().parse::<i64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(amounts(ANN, 1), [9, 0, 9, 9]);
    assert_eq!(amounts(BOB, 1), [0, 9, 0, 0]);
    assert_eq!(amounts(ANN, 2), [3, 2, 2, 0]);
    assert_eq!(amounts(ANN, 3), [0, 0, 0, 0]);
    assert_eq!(truth.counts(ART), (2, 2, 11));
}

#[tokio::test]
async fn what_comes_and_goes_within_a_block_leaves_no_trace() {
    let blocks: [&[Log]; 3] = [
        &[single(1, 5, NOBODY, ANN)],
        &[single(1, 5, ANN, BOB), single(1, 5, BOB, ANN)],
        &[single(1, 5, ANN, NOBODY), single(1, 6, NOBODY, ANN)],
    ];
    let truth = Trial::of_amounts(&blocks).passes().await;
    let versions = &truth.balances[&((ART, U256::ONE), ANN)];
    let seen: Vec<_> = versions.iter().map(|it| (it.since, it.until, it.acquired)).collect();
    assert_eq!(seen, [(1, Some(3), 1), (3, None, 1)], "something was held without a pause");
}

#[tokio::test]
async fn sums_are_exact_below_zero_and_beyond_all_numbers() {
    let all = |from, to| transfer_single(ART, from, to, (U256::ONE, U256::MAX));
    let blocks: [&[Log]; 4] = [
        &[all(NOBODY, ANN), all(NOBODY, ANN)],
        &[all(BOB, ANN)],
        &[all(ANN, BOB), single(1, 1, BOB, NOBODY)],
        &[single(1, 1, NOBODY, BOB)],
    ];
    let truth = Trial::of_amounts(&blocks).passes().await;
    let key = (ART, U256::ONE);
    let max = signed(U256::MAX);
    assert_eq!(truth.balance_at(key, ANN, 2), max + max + max);
    assert_eq!(truth.balance_at(key, BOB, 2), -max);
    assert_eq!(truth.balance_at(key, BOB, 3), -signed(U256::ONE));
    assert_eq!(truth.counts(ART), (1, 1, 6));
}
