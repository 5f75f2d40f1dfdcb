//! A daemon that is frozen in the middle of its transactions: another one ends them, takes over and
//! finishes; the woken one stands by and has changed nothing.

use herald::store::{Pool, chains};
use herald::types::Caip2;
use rustix::process::Signal;
use sqlx::AssertSqlSafe;

use super::process::Program;
use super::setup::Setup;
use super::site::Site;
use super::within;
use crate::support::database::fresh;

/// Connections of `owner` to this database that a condition holds for.
async fn connections(pool: &Pool, owner: &str, condition: &str) -> i64 {
    let statement = format!(
        "select count(*) from pg_stat_activity where datname = current_database()
         and application_name like 'herald/%/{owner}' and {condition}"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(pool).await.unwrap()
}

/// Waits until a connection of `owner` is in this state.
async fn comes(pool: &Pool, owner: &str, condition: &str) {
    within(condition, async { while connections(pool, owner, condition).await == 0 {} }).await;
}

/// A live edge that may not write its transfers yet, and one that was let write and does not.
const LIVE_WAITS: &str = "application_name like 'herald/live/%' and query ilike 'copy%'
    and wait_event_type = 'Lock'";
const LIVE_HANGS: &str = "application_name like 'herald/live/%' and query ilike 'copy%'
    and wait_event = 'ClientRead' and state = 'active'";
/// The same of a step of the past.
const LOAD_WAITS: &str = "application_name like 'herald/work/%' and query ilike '%chain.transfers%'
    and wait_event_type = 'Lock'";
const LOAD_HANGS: &str = "application_name like 'herald/work/%' and state = 'idle in transaction'
    and wait_event = 'ClientRead'";

#[tokio::test]
async fn one_frozen_in_mid_copy_is_replaced_and_does_no_harm_when_it_wakes() {
    let database = fresh().await;
    let pool = &database.pool;
    let mut site = Site::new("one", 1_001, 60).await;
    let mut setup = Setup::on(&database);
    site.configure(&mut setup);
    let mut tx = pool.begin().await.unwrap();
    chains::ensure(&mut tx, Caip2(site.id), site.name).await.unwrap();
    tx.commit().await.unwrap();
    // Held up before the server has asked for the rows of a COPY.
    let mut held = pool.begin().await.unwrap();
    let lock = "lock table only chain.transfers in share row exclusive mode";
    sqlx::query(lock).execute(&mut *held).await.unwrap();

    let first = Program::run(&setup);
    let owner = first.owner().await;
    comes(pool, &owner, LOAD_WAITS).await;
    let second = Program::run(&setup);
    site.world.mine(5);
    comes(pool, &owner, LIVE_WAITS).await;
    first.signal(Signal::STOP);
    held.rollback().await.unwrap();
    comes(pool, &owner, LIVE_HANGS).await;
    comes(pool, &owner, LOAD_HANGS).await;

    second.says(&format!("replica {owner} has vanished")).await;
    let client = second.client().await;
    assert_eq!(connections(pool, &owner, "true").await, 0, "connections were left");
    site.followed(&second, &client).await;
    site.assert_equal(pool, "while the first is frozen").await;

    first.signal(Signal::CONT);
    let woken = first.client().await;
    first
        .until("an answer", async || {
            let ready = woken.try_get("/health/ready").await?;
            (ready.status == 200).then_some(())
        })
        .await;
    for _ in 0..3 {
        site.world.mine(2);
        site.followed(&second, &client).await;
        first.beat().await;
    }
    site.assert_equal(pool, "after the first has woken").await;
    assert!(connections(pool, &owner, "true").await > 0, "the first does not go on");
    let log = first.stop().await.log;
    assert!(!log.contains("panicked"), "{log}");
    site.world.mine(2);
    site.followed(&second, &client).await;
    second.stop().await;
    site.assert_equal(pool, "at the end").await;
}
