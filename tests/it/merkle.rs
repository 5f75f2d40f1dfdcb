//! Merkle trees against OpenZeppelin's own library.

use alloy::primitives::{Address, U256};
use herald::merkle::{Growing, Leaf, Leaves, dump};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::support::openzeppelin;

fn leaf(random: &mut StdRng, leaves: Leaves) -> Leaf {
    let mut number = || match random.random_range(0..4) {
        0 => U256::from(random.random_range(0..3_u64)),
        1 => U256::MAX - U256::from(random.random_range(0..3_u64)),
        _ => U256::from_be_bytes(random.random::<[u8; 32]>()),
    };
    let (token, balance) = (number(), number());
    let token_id = (leaves == Leaves::Tokens).then_some(token);
    Leaf { token_id, owner: Address::from(random.random::<[u8; 20]>()), balance }
}

fn values(leaf: &Leaf) -> Vec<String> {
    let token = leaf.token_id.map(|token| token.to_string());
    token.into_iter().chain([leaf.owner.to_string(), leaf.balance.to_string()]).collect()
}

#[test]
fn a_tree_is_that_of_the_official_library_for_any_number_of_leaves() {
    let mut random = StdRng::seed_from_u64(7);
    for leaves in [Leaves::Owners, Leaves::Tokens] {
        let sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 200];
        let lists = sizes.map(|size| (0..size).map(|_| leaf(&mut random, leaves)).collect());
        let lists: Vec<Vec<Leaf>> = lists.into();
        let theirs: Vec<_> = lists.iter().map(|list| list.iter().map(values).collect()).collect();
        let theirs = openzeppelin::dumps(leaves.encoding(), &theirs);
        for (list, theirs) in lists.iter().zip(theirs) {
            let mut growing = Growing::over(list.iter().map(Leaf::hash).collect()).unwrap();
            while growing.grow(5) {}
            let mut ours = Vec::new();
            dump(&mut ours, leaves, &growing.whole(), list.iter().copied()).unwrap();
            let ours: Value = serde_json::from_slice(&ours).unwrap();
            assert_eq!(ours, theirs, "{leaves:?} of {}", list.len());
        }
    }
}

#[test]
fn no_leaf_has_no_tree() {
    assert!(Growing::over(Vec::new()).is_none());
}
