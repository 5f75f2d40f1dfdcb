//! Wishes that meet a verdict under way or nobody's, and returns that are taken back.

use std::time::Duration;

use herald::index::wish::{self, Origin, Outcome};
use herald::store::contract_row::find;
use herald::store::wishes::Tracked as Wish;
use herald::store::{Pool, probes};
use herald::types::Standard;

use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Kind, Replay, Tracked};
use crate::support::seed::judge;
use crate::support::sim::{World, tracked};
use crate::support::tables;

const WAIT: Duration = Duration::from_secs(600);

/// A followed chain of so many blocks.
async fn followed(pool: &Pool, blocks: u64) -> (World, Indexer) {
    let mut world = World::new(9);
    world.mine(blocks);
    let indexer = Indexer::new(pool, world.node(), "one").await;
    indexer.rest().await;
    (world, indexer)
}

#[tokio::test]
async fn a_standard_stated_later_makes_the_verdict_under_way_void() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = followed(pool, 20).await;
    let chain = indexer.context.key;
    let wish = Wish { chain, address: tracked()[0], standard: None, start_block: Some(3) };
    wish::one(pool, &wish, Origin::Api).await.unwrap();
    let read = probes::due(pool, chain, 10).await.unwrap();
    probes::put_off(pool, &[(read[0].due, WAIT)]).await.unwrap();
    let stated = Wish { standard: Some(Standard::Erc721), ..wish };
    let (wished, _) = wish::one(pool, &stated, Origin::Api).await.unwrap();
    assert_eq!((wished.outcome, wished.standard), (Outcome::Same, stated.standard));
    probes::refuse(pool, &[(&read[0], "not_nft", "no".to_owned(), WAIT)]).await.unwrap();
    let row = find(pool, chain, wish.address).await.unwrap().unwrap();
    assert_eq!((row.refused, row.undecided), (None, true));
    let again = probes::due(pool, chain, 10).await.unwrap();
    assert_eq!(again.len(), 1, "it is not looked at again");
    assert_eq!(again[0].standard, stated.standard);
}

#[tokio::test]
async fn a_return_that_nobody_would_accept_keeps_what_is_stored() {
    let database = fresh().await;
    let pool = &database.pool;
    let (mut world, indexer) = followed(pool, 40).await;
    let (contract, chain) = (tracked()[0], indexer.context.key);
    indexer.follow(&tracked()[..1], 0).await;
    indexer.rest().await;
    indexer.stop(contract, false).await;
    let stopped = find(pool, chain, contract).await.unwrap().unwrap();
    assert!(stopped.frozen_at().is_some());
    judge(pool, Some("not_nft")).await;
    assert!(indexer.come_back(contract, Kind::Erc721).await);
    let row = find(pool, chain, contract).await.unwrap().unwrap();
    assert_eq!((row.state.as_str(), row.refused, row.undecided), ("probing", None, false));
    // Taken back before anybody has joined it, it is what it was, and follows its chain's rewinds.
    world.reorg(2, 3);
    indexer.live().await.unwrap();
    indexer.stop(contract, false).await;
    let row = find(pool, chain, contract).await.unwrap().unwrap();
    assert_eq!(row.state, "stopped");
    let frozen = row.frozen_at().expect("its ownership is lost");
    assert!(frozen <= stopped.frozen_at().unwrap());
    let truth = Replay::of(&world.canonical()[..=frozen as usize], &[Tracked::erc721(contract, 0)]);
    tables::assert_equal(pool, chain, &truth, "taken back").await;
    assert!(indexer.come_back(contract, Kind::Erc721).await);
    indexer.rest().await;
    assert_eq!(tables::in_state(pool, chain, "ready").await.len(), 1);
    let truth = Replay::of(&world.canonical(), &[Tracked::erc721(contract, 0)]);
    tables::assert_equal(pool, chain, &truth, "come back").await;
}

#[tokio::test]
async fn ownership_of_a_return_from_a_lower_block_is_not_the_frozen_one() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = followed(pool, 40).await;
    let (contract, chain) = (tracked()[0], indexer.context.key);
    indexer.follow(&tracked()[..1], 20).await;
    indexer.rest().await;
    indexer.stop(contract, false).await;
    let wish = Wish { chain, address: contract, standard: None, start_block: Some(5) };
    assert_eq!(wish::one(pool, &wish, Origin::Api).await.unwrap().0.outcome, Outcome::Again);
    indexer.stop(contract, false).await;
    let row = find(pool, chain, contract).await.unwrap().unwrap();
    assert_eq!((row.start_block, row.frozen_at()), (Some(5), None));
}
