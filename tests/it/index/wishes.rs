//! Wishes for contracts that are there already: a lower start, a return, and very many at once.

use alloy::primitives::{Address, U256};
use herald::index::wish::{self, Origin, Outcome};
use herald::index::{depart, track};
use herald::store::contract_row::find;
use herald::store::wishes::Tracked as Wish;
use herald::types::ContractKey;
use herald::work::Pass;

use crate::support::database::fresh;
use crate::support::indexer::{CHAIN, Indexer};
use crate::support::replay::{Replay, Tracked};
use crate::support::seed::judge;
use crate::support::sim::{World, tracked};
use crate::support::statements::counted;
use crate::support::tables;

async fn asks(indexer: &Indexer, start_block: Option<u64>, origin: Origin) -> Outcome {
    let context = &indexer.context;
    let wish = Wish { chain: context.key, address: tracked()[0], standard: None, start_block };
    wish::one(&context.pool, &wish, origin).await.unwrap().0.outcome
}

/// The contract equals the replay from this block on, and is ready.
async fn assert_from(world: &World, indexer: &Indexer, start: u64, when: &str) {
    let (contract, context) = (tracked()[0], &indexer.context);
    let truth = Replay::of(&world.canonical(), &[Tracked::erc721(contract, start)]);
    let row = find(&context.pool, context.key, contract).await.unwrap().unwrap();
    assert_eq!((row.state.as_str(), row.start_block), ("ready", Some(start as i64)), "{when}");
    tables::assert_equal(&context.pool, context.key, &truth, when).await;
}

#[tokio::test]
async fn a_lower_start_is_loaded_and_folded_anew_whoever_asks() {
    for origin in [Origin::Config, Origin::Api, Origin::Cli] {
        let database = fresh().await;
        let mut world = World::new(3);
        world.mine(60);
        let indexer = Indexer::new(&database.pool, world.node(), "one").await;
        indexer.follow(&tracked()[..1], 45).await;
        indexer.rest().await;
        assert_from(&world, &indexer, 45, "before").await;
        assert_eq!(asks(&indexer, Some(20), origin).await, Outcome::Changed);
        world.mine(3);
        indexer.rest().await;
        assert_from(&world, &indexer, 20, &format!("{origin:?}")).await;
        assert_eq!(asks(&indexer, Some(20), origin).await, Outcome::Same);
    }
}

#[tokio::test]
async fn a_stopped_contract_returns_by_a_persons_word_and_equals_the_chain() {
    let database = fresh().await;
    judge(&database.pool, None).await;
    let mut world = World::new(5);
    world.mine(40);
    let indexer = Indexer::new(&database.pool, world.node(), "one").await;
    indexer.follow(&tracked()[..1], 10).await;
    indexer.rest().await;
    for (round, start) in [None, Some(10), Some(4)].into_iter().enumerate() {
        let context = &indexer.context;
        let row = find(&context.pool, context.key, tracked()[0]).await.unwrap().unwrap();
        let stopped =
            depart::stop(&context.pool, (context.key, CHAIN), ContractKey(row.id), round == 1);
        assert!(stopped.await.unwrap());
        world.mine(6);
        indexer.follow(&tracked()[..1], 10).await;
        indexer.rest().await;
        let row = find(&context.pool, context.key, tracked()[0]).await.unwrap().unwrap();
        assert_eq!(row.state, "stopped", "the configuration has brought it back");
        assert_eq!(asks(&indexer, start, Origin::Api).await, Outcome::Again);
        world.mine(6);
        indexer.rest().await;
        let when = format!("after round {round}");
        assert_from(&world, &indexer, start.unwrap_or(10), &when).await;
    }
}

const MANY: usize = 10_000;
/// Contracts joined by one pass.
const JOINED: usize = 500;
/// Statements for a thousand wishes, and of a pass that joins: whatever is stored.
const OF_A_THOUSAND: usize = 5;
const OF_A_PASS: usize = 25;

#[tokio::test]
async fn ten_thousand_contracts_are_joined_by_bounded_statements_and_requests() {
    let database = fresh().await;
    let mut world = World::new(7);
    world.mine(12);
    let indexer = Indexer::new(&database.pool, world.node(), "one").await;
    while indexer.live().await.unwrap() == Pass::Worked {}
    let context = &indexer.context;
    let wish = |number: usize| Wish {
        chain: context.key,
        address: Address::from_word(U256::from(number + 1).into()),
        standard: None,
        start_block: Some(number as u64 % 10),
    };
    let wishes: Vec<Wish> = (0..MANY).map(wish).collect();
    for _ in 0..2 {
        let (done, statements) = counted(track::ensure(context, &wishes)).await;
        done.unwrap();
        assert!(statements <= OF_A_THOUSAND * MANY / 1_000, "{statements} statements");
    }
    for pass in 0..MANY / JOINED {
        let (done, statements) = counted(indexer.track()).await;
        assert_eq!(done.unwrap(), Pass::Worked, "pass {pass}");
        assert!(statements <= OF_A_PASS, "{statements} statements in pass {pass}");
    }
    assert_eq!(indexer.track().await.unwrap(), Pass::Idle);
    assert_eq!(tables::in_state(&context.pool, context.key, "loading").await.len(), MANY);
    // A request names the members of one set.
    let sizes: Vec<i64> =
        sqlx::query_scalar("select count(*) from chain.load_members group by set_id")
            .fetch_all(&context.pool)
            .await
            .unwrap();
    assert_eq!(sizes, vec![500; MANY / 500]);
    while indexer.load().await.unwrap() == Pass::Worked {}
    let left = "select count(*) from chain.spans where state = 'pending'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&context.pool).await.unwrap();
    assert_eq!(left, 0);
}
