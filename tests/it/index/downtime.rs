//! Blocks that came while nobody looked, longer ago than finality: caught up in order, with their
//! events, at the cost of blocks that are followed one lot after another.

use alloy::primitives::{Address, U256};
use herald::store::Pool;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::story::{ANN, ART, BOB, CAT, NOBODY};
use super::trial::mine;
use super::watched::{Before, Question, Watched};
use crate::support::database::fresh;
use crate::support::feed::Told;
use crate::support::indexer::Indexer;
use crate::support::replay::{Key, Kind, Moved, Replay, Tracked};
use crate::support::sim::{
    Flaky, SimChain, SimNode, World, consecutive_transfer, erc721_transfer, tracked,
};
use crate::support::statements::counted;
use crate::support::tables;

/// Blocks in the first lot of a pass: what is looked at, less the checkpoint.
const LOT: u64 = 63;

/// A world of twenty blocks, all of them committed, on a replica that follows its contracts.
async fn live(pool: &Pool, seed: u64) -> (World, Indexer) {
    let mut world = World::new(seed);
    world.mine(20);
    let indexer = Indexer::new(pool, world.node(), "one").await;
    indexer.follow(&tracked(), 0).await;
    indexer.rest().await;
    (world, indexer)
}

async fn marks(pool: &Pool) -> (i64, i64) {
    sqlx::query_as("select checkpoint, finalized from chain.chains").fetch_one(pool).await.unwrap()
}

type Hop = (Key, Address, Address);

/// What was told from `seq` on, in its order.
async fn told_from(indexer: &Indexer, seq: i64) -> Vec<Hop> {
    let events = tables::events(&indexer.context.pool, indexer.context.key).await;
    let new = events.iter().filter(|event| event.seq >= seq);
    new.filter_map(|event| tables::told(event, &events))
        .map(|(key, told)| match told {
            Told::Moved { from, to, .. } => {
                (key, from.unwrap_or(Address::ZERO), to.unwrap_or(Address::ZERO))
            }
            Told::Removed { .. } => panic!("nothing was taken back"),
        })
        .collect()
}

#[tokio::test]
async fn every_event_of_the_downtime_is_told_in_order() {
    for seed in 70..73 {
        let database = fresh().await;
        let (mut world, indexer) = live(&database.pool, seed).await;
        let seq = tables::next_seq(&database.pool, indexer.context.key).await;
        world.mine(600);
        indexer.live().await.unwrap();
        assert_eq!(marks(&database.pool).await, (620, 604), "seed {seed}");
        let truth = world.replay(0);
        let hop = |moved: &Moved| (moved.key, moved.from, moved.to);
        let expected: Vec<Hop> =
            truth.transfers.iter().filter(|moved| moved.block > 20).map(hop).collect();
        assert!(expected.len() > 600, "the world is busy");
        assert_eq!(told_from(&indexer, seq).await, expected, "seed {seed}");
        let when = format!("after the downtime, seed {seed}");
        tables::assert_equal(&database.pool, indexer.context.key, &truth, &when).await;
    }
}

#[tokio::test]
async fn the_final_mark_waits_for_the_block_that_the_tag_names() {
    let database = fresh().await;
    let (mut world, first) = live(&database.pool, 74).await;
    world.mine(600);
    let (pool, key) = (database.pool.clone(), first.context.key);
    let before: Before = Box::new(move |question: Question| {
        let pool = pool.clone();
        Box::pin(async move {
            let (checkpoint, finalized) = marks(&pool).await;
            assert_eq!(finalized, if checkpoint < 604 { 4 } else { 604 }, "at {question:?}");
        })
    });
    let watched = Watched { node: world.node(), before, upper: None };
    let indexer = watched.indexer(&database.pool).await;
    indexer.live().await.unwrap();
    assert_eq!(marks(&database.pool).await, (620, 604));
    let events = tables::events(&database.pool, key).await;
    let finals = events.iter().filter(|event| event.kind == "chain.finalized");
    let to: Vec<u64> = finals.map(|event| event.data["to"].as_u64().unwrap()).collect();
    assert_eq!(to, [604]);
}

#[tokio::test]
async fn a_process_that_dies_while_it_catches_up_loses_and_doubles_nothing() {
    let mut deaths = 0;
    for seed in 80..88 {
        let database = fresh().await;
        let mut rng = SmallRng::seed_from_u64(seed);
        let (mut world, mut indexer) = live(&database.pool, seed).await;
        let seq = tables::next_seq(&database.pool, indexer.context.key).await;
        world.mine(400);
        for _ in 0..5 {
            deaths += u32::from(indexer.live_dies_after(rng.random_range(1..100)).await);
        }
        indexer.rest().await;
        let (context, truth) = (&indexer.context, world.replay(0));
        let when = format!("after {deaths} deaths, seed {seed}");
        // Not on the first process's connections, which it left in the middle of things.
        tables::assert_equal(&context.pool, context.key, &truth, &when).await;
        let new = truth.transfers.iter().filter(|moved| moved.block > 20);
        let expected: Vec<Hop> = new.map(|moved| (moved.key, moved.from, moved.to)).collect();
        assert_eq!(told_from(&indexer, seq).await, expected, "{when}");
    }
    assert!(deaths > 8, "{deaths} deaths in eight stories");
}

/// A chain of empty blocks and a replica that follows one contract there.
async fn quiet(pool: &Pool) -> (SimNode, Indexer) {
    let node = SimNode::new(SimChain::new(1, 31_337));
    let indexer = Indexer::new(pool, node.clone(), "one").await;
    indexer.follow_as(ART, Some(Kind::Erc721), 0).await;
    indexer.rest().await;
    (node, indexer)
}

fn mint(node: &SimNode, blocks: u64) {
    for _ in 0..blocks {
        let number = node.chain().head().header.number + 1;
        mine(node, number, &[erc721_transfer(ART, NOBODY, ANN, U256::from(number))]);
    }
}

async fn assert_true(node: &SimNode, indexer: &Indexer, when: &str) {
    let truth = Replay::of(node.chain().canonical(), &[Tracked::erc721(ART, 0)]);
    tables::assert_equal(&indexer.context.pool, indexer.context.key, &truth, when).await;
}

#[tokio::test]
async fn a_lot_costs_no_more_statements_than_a_pass_of_its_own() {
    let database = fresh().await;
    let (node, indexer) = quiet(&database.pool).await;
    mint(&node, LOT);
    let (pass, one) = counted(indexer.live()).await;
    pass.unwrap();
    assert_eq!(marks(&database.pool).await.0, LOT as i64);
    mint(&node, LOT + 4 * 64);
    let (pass, five) = counted(indexer.live()).await;
    pass.unwrap();
    assert_eq!(marks(&database.pool).await.0, (2 * LOT + 4 * 64) as i64);
    assert!(one > 0 && five <= 5 * one, "{five} statements for five lots, {one} for one");
    assert_true(&node, &indexer, "after six lots").await;
}

#[tokio::test]
async fn tokens_of_a_range_move_in_a_later_lot_of_the_same_pass() {
    let database = fresh().await;
    let (node, indexer) = quiet(&database.pool).await;
    let range = |first: u64, last: u64, from, to| {
        consecutive_transfer(ART, (U256::from(first), U256::from(last)), from, to)
    };
    mine(&node, 1, &[range(0, 9, NOBODY, ANN)]);
    for number in 2..=300 {
        let logs = match number {
            100 => vec![erc721_transfer(ART, ANN, BOB, U256::from(3))],
            200 => vec![erc721_transfer(ART, BOB, CAT, U256::from(3))],
            290 => vec![range(2, 4, ANN, CAT)],
            _ => vec![],
        };
        mine(&node, number, &logs);
    }
    indexer.live().await.unwrap();
    assert_eq!(marks(&database.pool).await.0, 300);
    assert_true(&node, &indexer, "after ranges").await;
}

#[tokio::test]
async fn what_a_node_refuses_is_asked_in_smaller_ranges() {
    // Blocks of a range, logs of an answer, requests of the first lot and of the second: head,
    // headers, ranges of 63 blocks, and what was refused.
    for (width_max, logs_max, first, second) in [
        (None, None, 3, 3),
        (Some(10), None, 2 + 1 + 7, 2 + 7),
        (Some(1), None, 2 + 1 + 63, 2 + 63),
        (None, Some(16), 2 + 1 + 2 + 4, 2 + 1 + 2 + 4),
    ] {
        let database = fresh().await;
        let (node, indexer) = quiet(&database.pool).await;
        node.faults().width_max = width_max;
        node.faults().logs_max = logs_max;
        for requests in [first, second] {
            mint(&node, LOT);
            let before = node.requests();
            indexer.live().await.unwrap();
            let asked = node.requests() - before;
            assert_eq!(asked, requests, "with {width_max:?} blocks and {logs_max:?} logs");
        }
        assert_true(&node, &indexer, "after refusals").await;
    }
}

#[tokio::test]
async fn a_node_that_fails_at_times_is_caught_up_with() {
    let database = fresh().await;
    let (mut world, indexer) = live(&database.pool, 90).await;
    world.mine(1_000);
    world.node().faults().flaky = Some(Flaky::new(90, 0.2));
    while marks(&database.pool).await.0 < 1_020 {
        let _ = indexer.live().await;
    }
    world.node().faults().flaky = None;
    indexer.rest().await;
    let when = "after failures";
    tables::assert_equal(&database.pool, indexer.context.key, &world.replay(0), when).await;
}
