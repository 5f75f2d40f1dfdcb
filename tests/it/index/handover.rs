//! A contract that comes while the chain is live: its past is loaded up to where the live edge
//! took over, whatever the chain does meanwhile.

use std::sync::Arc;

use herald::index::Rules;
use herald::store::Pool;
use herald::work::Pass;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::support::database::fresh;
use crate::support::indexer::{Indexer, rules};
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::{SimBlock, SimChain, World, tracked};
use crate::support::tables;

/// A live chain of forty blocks on which nobody was followed yet.
async fn live(pool: &Pool, seed: u64, range_max: u64) -> (World, Indexer) {
    let mut world = World::new(seed);
    world.mine(20);
    let rules = Rules { range_max, ..rules() };
    let indexer = Indexer::with_rules(pool, world.node(), "one", rules).await;
    indexer.rest().await;
    world.mine(20);
    indexer.rest().await;
    (world, indexer)
}

async fn assert_true(world: &World, indexer: &Indexer, when: &str) {
    let contract = tracked()[0];
    let truth = Replay::of(&world.canonical(), &[Tracked::erc721(contract, 0)]);
    let context = &indexer.context;
    assert!(tables::in_state(&context.pool, context.key, "ready").await.contains(&contract));
    tables::assert_equal(&context.pool, context.key, &truth, when).await;
}

#[tokio::test]
async fn past_and_present_join_without_gap_or_double() {
    for range_max in [1, 3, 1_000] {
        let database = fresh().await;
        let (mut world, indexer) = live(&database.pool, 11, range_max).await;
        indexer.follow(&tracked()[..1], 0).await;
        indexer.track().await.unwrap();
        world.mine(5);
        indexer.live().await.unwrap();
        indexer.rest().await;
        assert_true(&world, &indexer, &format!("with steps of {range_max}")).await;
    }
}

#[tokio::test]
async fn a_rewind_below_the_joining_point_clips_what_is_being_loaded() {
    for (seed, steps) in (0..12u64).zip([0, 5, 20, 30, 38, 39, 40, 41, 0, 30, 38, 40]) {
        let database = fresh().await;
        let (mut world, indexer) = live(&database.pool, seed, 1).await;
        indexer.follow(&tracked()[..1], 0).await;
        indexer.track().await.unwrap();
        for _ in 0..steps {
            indexer.load().await.unwrap();
        }
        if seed >= 8 {
            indexer.fold().await.unwrap();
        }
        world.reorg(14, 16);
        indexer.live().await.unwrap();
        let spans: i64 = sqlx::query_scalar(
            "select count(*) from chain.spans s, chain.chains h where s.to_block > h.checkpoint",
        )
        .fetch_one(&database.pool)
        .await
        .unwrap();
        assert_eq!(spans, 0, "a span reaches above what is stored");
        indexer.rest().await;
        assert_true(&world, &indexer, &format!("after {steps} steps, seed {seed}")).await;
    }
}

/// Replaces the last twelve blocks by empty ones as soon as logs are asked for.
fn forks_before_logs(world: &World) {
    world.node().faults().before_logs = Some(Box::new(|chain: &mut SimChain| {
        chain.reorg(12, (0..12).map(|_| Vec::new()).collect());
    }));
}

#[tokio::test]
async fn a_step_whose_blocks_the_node_no_longer_knows_is_not_committed() {
    let database = fresh().await;
    let (world, indexer) = live(&database.pool, 5, 1_000).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.track().await.unwrap();
    // The settled part first; the tail is the second step.
    indexer.load().await.unwrap();
    world.node().faults().forgets_forks = true;
    forks_before_logs(&world);
    assert_eq!(indexer.load().await.unwrap(), Pass::Idle);
    let pending: i64 =
        sqlx::query_scalar("select count(*) from chain.spans where state = 'pending'")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(pending, 1, "the step was committed");
    indexer.rest().await;
    assert_true(&world, &indexer, "after a fork in mid-step").await;
}

#[tokio::test]
async fn a_fork_that_comes_and_goes_while_the_tail_is_read_loses_nothing() {
    let database = fresh().await;
    let (world, indexer) = live(&database.pool, 5, 1_000).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.track().await.unwrap();
    indexer.load().await.unwrap();
    let stored = world.node().chain().head().hash;
    forks_before_logs(&world);
    let _ = indexer.load().await;
    world.node().chain().switch(stored);
    indexer.rest().await;
    assert_true(&world, &indexer, "after a fork that nobody else saw").await;
}

#[tokio::test]
async fn contracts_come_while_the_chain_reorgs_and_the_process_dies() {
    for seed in 200..212 {
        let database = fresh().await;
        let mut rng = SmallRng::seed_from_u64(seed);
        let (mut world, mut indexer) = live(&database.pool, seed, 4).await;
        indexer.follow(&tracked()[..1], 0).await;
        for _ in 0..10 {
            for _ in 0..rng.random_range(0..6) {
                indexer.some_pass(&mut rng).await;
            }
            let depth = rng.random_range(1..=12);
            world.reorg(depth, depth);
        }
        world.settle();
        indexer.rest().await;
        assert_true(&world, &indexer, &format!("seed {seed}")).await;
    }
}

#[tokio::test]
async fn limits_of_a_node_only_make_the_steps_smaller() {
    for (width_max, few) in [(Some(3), false), (None, true), (Some(5), true)] {
        let database = fresh().await;
        let (world, indexer) = live(&database.pool, 9, 1_000).await;
        // One block is the smallest step, so what it holds has to pass.
        let of_contract = |block: &Arc<SimBlock>| {
            block.logs.iter().filter(|log| log.address == tracked()[0]).count()
        };
        let fullest = world.canonical().iter().map(of_contract).max();
        let logs_max = fullest.filter(|_| few);
        world.node().faults().width_max = width_max;
        world.node().faults().logs_max = logs_max;
        indexer.follow(&tracked()[..1], 0).await;
        indexer.rest().await;
        let when = format!("with at most {width_max:?} blocks and {logs_max:?} logs");
        assert_true(&world, &indexer, &when).await;
    }
}
