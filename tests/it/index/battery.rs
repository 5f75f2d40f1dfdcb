//! Random chains with forks, faults, deaths and contracts that come late: tables and folded events
//! equal the naive replay.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::Address;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::support::compare::assert_same;
use crate::support::database::fresh;
use crate::support::feed::{Picture, fold};
use crate::support::indexer::Indexer;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::{Contract, World, tracked};
use crate::support::tables;

/// Steps of the world in one story.
const STEPS: usize = 60;
/// One story in so many has contracts that break the rules.
const HOSTILE_EVERY: u64 = 3;

/// What a subscriber knows who began from a snapshot of each contract as it became ready, and anew
/// where it became so a second time.
#[derive(Default)]
pub(super) struct Subscriber {
    pub(super) began: BTreeMap<Address, (i64, Picture)>,
}

impl Subscriber {
    pub(super) async fn look(&mut self, indexer: &Indexer) {
        let context = &indexer.context;
        let ready = tables::in_state(&context.pool, context.key, "ready").await;
        let told = tables::readied(&context.pool, context.key).await;
        let began = |address: &Address| self.began.get(address).map_or(0, |(seq, _)| *seq);
        let new: BTreeSet<_> =
            ready.into_iter().filter(|address| began(address) <= told[address]).collect();
        if new.is_empty() {
            return;
        }
        let seq = tables::next_seq(&context.pool, context.key).await;
        for contract in new {
            let snapshot = tables::picture(&context.pool, context.key, contract).await;
            self.began.insert(contract, (seq, snapshot));
        }
    }

    pub(super) async fn check(
        &self,
        indexer: &Indexer,
        truth: &Replay,
        honest: &[Address],
        when: &str,
    ) {
        let context = &indexer.context;
        let events = tables::events(&context.pool, context.key).await;
        let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), events.len(), "two events with one id {when}");
        for (contract, (seq, snapshot)) in &self.began {
            let told: Vec<_> = events
                .iter()
                .filter(|event| event.seq >= *seq)
                .filter_map(|event| tables::told(event, &events))
                .filter(|((of, _), _)| of == contract)
                .collect();
            let folded = fold(snapshot.clone(), &told);
            let surprises = folded.surprises;
            assert!(!honest.contains(contract) || surprises.is_empty(), "{when}: {surprises:#?}");
            let (truth, folded) = (tables::true_picture(truth, *contract), folded.picture);
            let what = format!("folded events of {contract} {when}");
            assert_same(&what, &truth.owners(), &folded.owners());
            assert_same(&what, truth.balances(), folded.balances());
        }
    }
}

/// The contracts of a story that are followed, and from where.
#[derive(Default)]
struct Followed {
    all: Vec<Tracked>,
    /// Those of which nobody gives what they are not known to have.
    honest: Vec<Address>,
}

impl Followed {
    async fn add(&mut self, indexer: &Indexer, contract: Contract, start: u64) {
        let tracked = contract.tracked(start);
        indexer.follow_as(contract.address, tracked.kind, start).await;
        self.all.push(tracked);
        // Who begins in the middle meets tokens that were minted before.
        if start == 0 && contract.sort.is_honest() {
            self.honest.push(contract.address);
        }
    }
}

/// One story: the contracts come at random times, passes happen and die at random.
async fn story(seed: u64) {
    let database = fresh().await;
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x5EED);
    let mut world = World::mixed(seed, seed.is_multiple_of(HOSTILE_EVERY));
    world.moves_tags = rng.random();
    world.node().faults().hides_block_time = rng.random();
    world.node().faults().hides_blooms = rng.random();
    let mut indexer = Indexer::new(&database.pool, world.node(), "one").await;
    let mut late = world.contracts.clone();
    late.retain(|contract| contract.is_tracked);
    let mut follow = Followed::default();
    let mut subscriber = Subscriber::default();
    for step in 0..STEPS {
        world.step();
        if !late.is_empty() && (step == 0 || rng.random_ratio(1, 6)) {
            let contract = late.swap_remove(rng.random_range(0..late.len()));
            let start = if rng.random() { 0 } else { rng.random_range(0..30) };
            follow.add(&indexer, contract, start).await;
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
    let truth = Replay::of(&world.canonical(), &follow.all);
    assert_eq!(subscriber.began.len(), follow.all.len(), "contracts that never got ready {when}");
    let context = &indexer.context;
    tables::assert_equal(&context.pool, context.key, &truth, &when).await;
    subscriber.check(&indexer, &truth, &follow.honest, &when).await;
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
