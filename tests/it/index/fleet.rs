//! Several replicas on one database, on random chains with forks, faults and deaths, while contracts
//! come, go, come back and are purged: what is stored stays what the chain says.

use alloy::primitives::Address;
use futures_util::future::join_all;
use herald::store::Pool;
use rand::rngs::SmallRng;
use rand::seq::{IndexedMutRandom, IndexedRandom};
use rand::{Rng, SeedableRng};
use sqlx::postgres::PgConnectOptions;

use super::battery::Subscriber;
use super::covered::assert_covered;
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Replay, Tracked};
use crate::support::seeds::seeds;
use crate::support::sim::{Contract, World};
use crate::support::tables;

/// Steps of the world in one story.
const STEPS: usize = 50;
/// One story in so many has contracts that break the rules.
const HOSTILE_EVERY: u64 = 4;

/// The replicas and what they were told to follow.
struct Fleet {
    replicas: Vec<Indexer>,
    followed: Vec<(Contract, u64)>,
    gone: Vec<Contract>,
    rng: SmallRng,
}

impl Fleet {
    async fn new(seed: u64, world: &World, pool: &Pool) -> Self {
        let mut replicas = Vec::new();
        for which in 0..2 + seed % 3 {
            let options = PgConnectOptions::clone(&pool.connect_options());
            let pool = herald::store::pool::open(options, 5);
            let node = if which == 0 { world.node() } else { world.node().sibling() };
            replicas.push(Indexer::new(&pool, node, &format!("replica {which}")).await);
        }
        let rng = SmallRng::seed_from_u64(seed ^ 0xF1EE7);
        Self { replicas, followed: Vec::new(), gone: Vec::new(), rng }
    }

    /// Some contract comes, goes, comes back, or is asked from further below.
    async fn change(&mut self, late: &mut Vec<Contract>) {
        let one = &self.replicas[0];
        match self.rng.random_range(0..8) {
            0..3 if !late.is_empty() => {
                let contract = late.swap_remove(self.rng.random_range(0..late.len()));
                let start = if self.rng.random() { 0 } else { self.rng.random_range(0..30) };
                one.follow_as(contract.address, contract.tracked(start).kind, start).await;
                self.followed.push((contract, start));
            }
            3 | 4 => {
                let is_gone =
                    |it: &Contract| self.gone.iter().any(|gone| gone.address == it.address);
                let here: Vec<_> = self.followed.iter().filter(|it| !is_gone(&it.0)).collect();
                let Some((contract, _)) = here.choose(&mut self.rng) else { return };
                one.stop(contract.address, self.rng.random_ratio(1, 3)).await;
                self.gone.push(*contract);
            }
            5 | 6 => {
                let Some(back) = self.gone.choose(&mut self.rng).copied() else { return };
                if one.come_back(back.address, back.sort.kind()).await {
                    self.gone.retain(|gone| gone.address != back.address);
                }
            }
            _ => {
                let Some((contract, start)) = self.followed.choose_mut(&mut self.rng) else {
                    return;
                };
                if *start > 0 {
                    let lower = self.rng.random_range(0..*start);
                    if one.lower(contract.address, lower).await {
                        *start = lower;
                    }
                }
            }
        }
    }

    /// Time passes: leases that nobody has renewed since run out.
    async fn lapse(&mut self) {
        let pool = &self.replicas[0].context.pool;
        for lapse in [
            "update chain.leases set until = clock_timestamp() - interval '1 second'",
            "update chain.spans set lease_until = clock_timestamp() - interval '1 second'
             where lease_until is not null",
            "update chain.folds set lease_until = clock_timestamp() - interval '1 second'
             where lease_until is not null",
        ] {
            sqlx::query(lapse).execute(pool).await.expect("leases run out");
        }
    }

    /// Every replica makes some passes, all at once.
    async fn work(&mut self) {
        let rng = &mut self.rng;
        let seeds: Vec<u64> = self.replicas.iter().map(|_| rng.random()).collect();
        let works = self.replicas.iter_mut().zip(seeds).map(|(replica, seed)| async move {
            let mut rng = SmallRng::seed_from_u64(seed);
            for _ in 0..rng.random_range(0..6) {
                if let Some(error) = replica.some_pass(&mut rng).await {
                    assert!(!format!("{error:#}").contains("deadlock"), "{error:#}");
                }
            }
        });
        join_all(works).await;
    }

    async fn rest(&mut self) {
        // What one leaves to the other is found in the second round.
        for _ in 0..2 {
            self.lapse().await;
            for replica in &self.replicas {
                replica.rest().await;
            }
        }
    }

    fn tracked(&self) -> Vec<Tracked> {
        self.followed.iter().map(|(contract, start)| contract.tracked(*start)).collect()
    }
}

async fn story(seed: u64) {
    let database = fresh().await;
    let mut world = World::mixed(seed, seed.is_multiple_of(HOSTILE_EVERY));
    let mut fleet = Fleet::new(seed, &world, &database.pool).await;
    let mut late = world.contracts.clone();
    late.retain(|contract| contract.is_tracked);
    let mut subscriber = Subscriber::default();
    for _ in 0..STEPS {
        world.step();
        if fleet.rng.random_ratio(1, 3) {
            fleet.change(&mut late).await;
        }
        if fleet.rng.random_ratio(1, 4) {
            fleet.lapse().await;
        }
        fleet.work().await;
        subscriber.look(&fleet.replicas[0]).await;
    }
    world.settle();
    fleet.rest().await;
    let when = format!("after the story of seed {seed}");
    let one = &fleet.replicas[0].context;
    let (pool, chain) = (one.pool.clone(), one.key);
    assert_covered(&pool, chain, &world.canonical(), &fleet.tracked(), &when).await;
    for gone in std::mem::take(&mut fleet.gone) {
        let back = fleet.replicas[0].come_back(gone.address, gone.sort.kind()).await;
        assert!(back, "{} is still purged {when}", gone.address);
    }
    fleet.rest().await;
    subscriber.look(&fleet.replicas[0]).await;
    let truth = Replay::of(&world.canonical(), &fleet.tracked());
    let ready = tables::in_state(&pool, chain, "ready").await;
    assert_eq!(ready.len(), fleet.followed.len(), "contracts that never got ready {when}");
    assert_covered(&pool, chain, &world.canonical(), &fleet.tracked(), &when).await;
    tables::assert_equal(&pool, chain, &truth, &when).await;
    let honest = fleet.followed.iter().filter(|(it, start)| it.sort.is_honest() && *start == 0);
    let honest: Vec<Address> = honest.map(|(contract, _)| contract.address).collect();
    subscriber.check(&fleet.replicas[0], &truth, &honest, &when).await;
}

async fn stories(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        story(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_agree_with_the_replay_one() {
    stories(seeds(0, 8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_agree_with_the_replay_two() {
    stories(seeds(8, 16)).await;
}
