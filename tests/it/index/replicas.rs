//! Four replicas at once on one database, each with connections of its own, whose passes overlap,
//! whose leases run out at any moment and which die at any await: the tables equal the naive
//! replay, and nobody has met a deadlock.

use herald::store::Pool;
use herald::upkeep::Presence;
use herald::work::Worker;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use sqlx::postgres::PgConnectOptions;

use crate::support::database::{TestDatabase, fresh};
use crate::support::indexer::Indexer;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::World;
use crate::support::tables;

/// Steps of the world in one story.
const STEPS: usize = 40;

const OWNERS: [&str; 4] = ["one", "two", "three", "four"];

/// A replica, its own chances, and its presence.
struct Replica {
    indexer: Indexer,
    presence: Presence,
    rng: SmallRng,
}

fn pool_of(database: &TestDatabase, owner: &str) -> Pool {
    let options = PgConnectOptions::clone(&database.pool.connect_options());
    let name = herald::store::pool::application_name("work", owner);
    herald::store::pool::open(options.application_name(&name), 3)
}

impl Replica {
    async fn new(database: &TestDatabase, world: &World, (at, seed): (usize, u64)) -> Self {
        let owner = OWNERS[at];
        let pool = pool_of(database, owner);
        let options = PgConnectOptions::clone(&database.pool.connect_options());
        Self {
            indexer: Indexer::new(&pool, world.node(), owner).await,
            presence: Presence::new(options, owner.into()),
            rng: SmallRng::seed_from_u64(seed ^ (at as u64 + 1) << 32),
        }
    }

    /// Some passes; fails at a deadlock, which no pass may meet.
    async fn passes(&mut self) {
        for _ in 0..self.rng.random_range(0..8) {
            let failed = if self.rng.random_ratio(1, 4) {
                self.presence.pass().await.err()
            } else {
                self.indexer.some_pass(&mut self.rng).await
            };
            let failed = failed.map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(!failed.contains("deadlock"), "{failed}");
        }
    }
}

/// The clock of the rows jumps: whatever was leased or claimed is free, or a replica has vanished.
async fn jump(pool: &Pool, rng: &mut SmallRng) {
    let statement = match rng.random_range(0..4) {
        3 => "update chain.folds set lease_until = null",
        0 => "update chain.leases set until = clock_timestamp() where starts_with(name, 'live:')",
        1 => "update chain.spans set lease_until = null where state = 'pending'",
        _ => "update chain.leases set until = clock_timestamp() where name = 'replica:two'",
    };
    sqlx::query(statement).execute(pool).await.expect("leases");
}

/// Deadlocks that the server has counted here, once all others who could add to them have left.
async fn deadlocks(pool: &Pool) -> i64 {
    loop {
        let (others, deadlocks): (i64, i64) = sqlx::query_as(
            "select (select count(*) from pg_stat_activity where datname = current_database()
                     and application_name like 'herald/%'), deadlocks
             from pg_stat_database where datname = current_database()",
        )
        .fetch_one(pool)
        .await
        .expect("statistics");
        if others == 0 {
            return deadlocks;
        }
    }
}

async fn story(seed: u64) {
    let database = fresh().await;
    let mut rng = SmallRng::seed_from_u64(seed ^ 0xF0F0);
    let mut world = World::mixed(seed, seed.is_multiple_of(2));
    let mut four = Vec::new();
    for at in 0..OWNERS.len() {
        four.push(Replica::new(&database, &world, (at, seed)).await);
    }
    let mut late = world.contracts.clone();
    late.retain(|contract| contract.is_tracked);
    let mut followed: Vec<Tracked> = Vec::new();
    for step in 0..STEPS {
        world.step();
        if !late.is_empty() && (step == 0 || rng.random_ratio(1, 4)) {
            let contract = late.swap_remove(rng.random_range(0..late.len()));
            let tracked = contract.tracked(0);
            four[0].indexer.follow_as(contract.address, tracked.kind, 0).await;
            followed.push(tracked);
        }
        if rng.random_ratio(1, 3) {
            jump(&database.pool, &mut rng).await;
        }
        let [a, b, c, d] = &mut four[..] else { panic!("four replicas") };
        tokio::join!(a.passes(), b.passes(), c.passes(), d.passes());
    }
    world.settle();
    // The last one goes on alone, whatever the others have left behind.
    let Some(last) = four.pop() else { panic!("four replicas") };
    drop(four);
    jump_all(&database.pool).await;
    last.indexer.rest().await;
    let truth = Replay::of(&world.canonical(), &followed);
    let key = last.indexer.context.key;
    let when = format!("after four replicas, seed {seed}");
    let ready = tables::in_state(&database.pool, key, "ready").await;
    assert_eq!(ready.len(), followed.len(), "contracts that never got ready {when}");
    tables::assert_equal(&database.pool, key, &truth, &when).await;
    drop(last);
    assert_eq!(deadlocks(&database.pool).await, 0, "{when}");
}

async fn jump_all(pool: &Pool) {
    for statement in [
        "update chain.leases set until = clock_timestamp()",
        "update chain.spans set lease_until = null where state = 'pending'",
        "update chain.folds set lease_until = null",
    ] {
        sqlx::query(statement).execute(pool).await.expect("leases");
    }
}

#[tokio::test]
async fn four_replicas_do_not_disturb_each_other_one() {
    for seed in 500..502 {
        story(seed).await;
    }
}

#[tokio::test]
async fn four_replicas_do_not_disturb_each_other_two() {
    for seed in 502..504 {
        story(seed).await;
    }
}
