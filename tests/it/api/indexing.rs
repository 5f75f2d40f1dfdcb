//! A chain whose first load is not done: what is said of it instead of its transfers.

use serde_json::json;

use super::{APES, CATS, NOBODY, code, column, get, ok, world};
use crate::support::seed::{SeedChain, person, tx_hash};

#[tokio::test]
async fn lists_of_transfers_of_a_chain_without_indexes_are_refused() {
    let world = world().await;
    let cats = world.two.contract(CATS, "loading", 0).await;
    cats.transfer((3, 0), alloy::primitives::U256::from(1), NOBODY, person(1)).await;
    let lists = [
        "/v1/transfers?chain=137".to_owned(),
        format!("/v1/transfers?chain=137&contract={CATS}"),
        format!("/v1/transfers?chain=137&tx_hash={}", tx_hash(3, 0)),
        format!("/v1/contracts/137/{CATS}/transfers"),
        format!("/v1/tokens/137/{CATS}/1/transfers"),
        format!("/v1/wallets/{}/transfers?chain=137", person(1)),
    ];
    for state in ["absent", "building"] {
        world.two.indexes(state).await;
        for list in &lists {
            let answer = get(&world.router, list).await;
            assert_eq!(answer.code(), "chain_indexing", "{list} {state}");
            assert!(answer.headers.contains_key("retry-after"));
        }
        let chain = ok(&world.router, "/v1/chains/137").await;
        assert_eq!(chain["indexes"], state);
        assert_eq!(code(&world.router, &format!("{}?order=x", lists[0])).await, "invalid_request");
    }
    world.two.indexes("ready").await;
    for list in &lists {
        assert_eq!(column(&ok(&world.router, list).await, "chain"), ["eip155:137"], "{list}");
    }
}

#[tokio::test]
async fn across_chains_one_without_indexes_is_left_out_and_its_contracts_are_named() {
    let world = world().await;
    let cats = world.two.contract(CATS, "loading", 0).await;
    cats.transfer((3, 0), alloy::primitives::U256::from(1), NOBODY, person(1)).await;
    for (state, chains) in [
        ("building", vec!["eip155:1"; 3]),
        ("ready", vec!["eip155:1", "eip155:1", "eip155:1", "eip155:137"]),
    ] {
        world.two.indexes(state).await;
        let list = ok(&world.router, &format!("/v1/wallets/{}/transfers", person(1))).await;
        let mut told = column(&list, "chain");
        told.sort();
        assert_eq!(told, chains, "{state}");
        let left_out = &list["meta"]["incomplete"];
        assert_eq!(left_out[0]["contract"], json!(CATS.to_checksum(None)), "{state}");
    }
    world.one.indexes("building").await;
    world.two.indexes("building").await;
    assert_eq!(code(&world.router, "/v1/transfers").await, "chain_indexing");
}

#[tokio::test]
async fn a_chain_that_nobody_is_followed_on_has_an_empty_list() {
    let world = world().await;
    let three = SeedChain::add(&world.db.pool, "eip155:10", "optimism").await;
    three.indexes("absent").await;
    let list = ok(&world.router, "/v1/transfers?chain=10").await;
    assert!(column(&list, "chain").is_empty());
    assert!(
        !column(&ok(&world.router, &format!("/v1/contracts/1/{APES}/transfers")).await, "id")
            .is_empty()
    );
}
