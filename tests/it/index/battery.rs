//! Random chains with forks, faults, deaths and contracts that come late: tables and folded events
//! equal the naive replay.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::Address;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::support::compare::assert_same;
use crate::support::database::fresh;
use crate::support::feed::fold;
use crate::support::indexer::Indexer;
use crate::support::replay::{Key, Replay, Tracked};
use crate::support::sim::{World, tracked};
use crate::support::tables;

/// Steps of the world in one story.
const STEPS: usize = 60;

/// What a subscriber knows who began from a snapshot of each contract as it became ready.
#[derive(Default)]
struct Subscriber {
    began: BTreeMap<Address, (i64, BTreeMap<Key, Address>)>,
}

impl Subscriber {
    async fn look(&mut self, indexer: &Indexer) {
        let context = &indexer.context;
        let ready = tables::in_state(&context.pool, context.key, "ready").await;
        let new: BTreeSet<_> =
            ready.into_iter().filter(|address| !self.began.contains_key(address)).collect();
        if new.is_empty() {
            return;
        }
        let seq = tables::next_seq(&context.pool, context.key).await;
        let held = tables::holdings(&context.pool, context.key).await;
        for contract in new {
            let owned = held.iter().filter(|((of, _), _)| *of == contract);
            let snapshot = owned.map(|(key, (owner, _))| (*key, *owner)).collect();
            self.began.insert(contract, (seq, snapshot));
        }
    }

    async fn check(&self, indexer: &Indexer, truth: &Replay, follow: &[Tracked], when: &str) {
        let context = &indexer.context;
        let events = tables::events(&context.pool, context.key).await;
        let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), events.len(), "two events with one id {when}");
        let mut owners = BTreeMap::new();
        for (contract, (seq, snapshot)) in &self.began {
            let told: Vec<_> = events
                .iter()
                .filter(|event| event.seq >= *seq)
                .filter_map(tables::told)
                .filter(|((of, _), _)| of == contract)
                .collect();
            let folded = fold(snapshot.clone(), &told);
            // Who begins in the middle meets tokens that were minted before.
            let whole = follow.iter().any(|it| it.contract == *contract && it.start == 0);
            assert!(!whole || folded.surprises.is_empty(), "{when}: {:#?}", folded.surprises);
            owners.extend(folded.owners);
        }
        let expected = truth.owners().into_iter().map(|(key, (owner, _))| (key, owner)).collect();
        assert_same(&format!("folded events {when}"), &expected, &owners);
    }
}

/// One story: the contracts come at random times, passes happen and die at random.
async fn story(seed: u64) {
    let database = fresh().await;
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x5EED);
    let mut world = World::new(seed);
    world.moves_tags = rng.random();
    world.node().faults().hides_block_time = rng.random();
    world.node().faults().hides_blooms = rng.random();
    let mut indexer = Indexer::new(&database.pool, world.node(), "one").await;
    let mut late = tracked();
    let mut follow: Vec<Tracked> = Vec::new();
    let mut subscriber = Subscriber::default();
    for step in 0..STEPS {
        world.step();
        if !late.is_empty() && (step == 0 || rng.random_ratio(1, 15)) {
            let contract = late.remove(0);
            let start = if rng.random() { 0 } else { rng.random_range(0..30) };
            indexer.follow(&[contract], start).await;
            follow.push(Tracked { contract, start });
        }
        for _ in 0..rng.random_range(0..8) {
            indexer.some_pass(&mut rng).await;
            subscriber.look(&indexer).await;
        }
    }
    world.settle();
    indexer.rest().await;
    subscriber.look(&indexer).await;
    let when = format!("after the story of seed {seed}");
    let truth = Replay::of(&world.canonical(), &follow);
    assert_eq!(subscriber.began.len(), follow.len(), "contracts that never got ready {when}");
    let context = &indexer.context;
    tables::assert_equal(&context.pool, context.key, &truth, &when).await;
    subscriber.check(&indexer, &truth, &follow, &when).await;
}

async fn stories(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        story(seed).await;
    }
}

#[tokio::test]
async fn tables_and_events_equal_the_replay_one() {
    stories(0..10).await;
}

#[tokio::test]
async fn tables_and_events_equal_the_replay_two() {
    stories(10..20).await;
}

#[tokio::test]
async fn tables_and_events_equal_the_replay_three() {
    stories(20..30).await;
}

#[tokio::test]
async fn tables_and_events_equal_the_replay_four() {
    stories(30..40).await;
}

#[tokio::test]
async fn a_log_that_the_node_omits_is_seen_by_the_comparison() {
    let database = fresh().await;
    let mut world = World::new(7);
    world.mine(20);
    let indexer = Indexer::new(&database.pool, world.node(), "one").await;
    indexer.follow(&tracked(), 0).await;
    let truth = world.replay(0);
    let lost = truth.transfers.last().expect("twenty blocks hold transfers").clone();
    world.node().faults().omits = Some((lost.block, lost.log_index));
    indexer.rest().await;
    let context = &indexer.context;
    let count: i64 = sqlx::query_scalar("select count(*) from chain.transfers")
        .fetch_one(&context.pool)
        .await
        .expect("a count");
    assert_eq!(count as usize, truth.transfers.len() - 1);
}
