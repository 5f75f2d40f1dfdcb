//! A replica that has vanished is buried by another: its connections end, what it held is given
//! back under new tokens, and it goes on when it wakes. The clock is that of the rows.

use std::sync::Arc;
use std::time::Duration;

use herald::index::KINDS;
use herald::store::replicas::{self, Burial};
use herald::store::{Pool, StoreError, chains, claims, leases, pool, spans};
use herald::upkeep::Presence;
use herald::work::{Pass, Worker};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::story::{ANN, ART, BOB, CAT, NOBODY, hands};
use crate::support::database::{TestDatabase, fresh};
use crate::support::indexer::Indexer;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::{SimChain, SimNode};
use crate::support::tables;

/// More passes than a burial takes.
const PASSES_MAX: usize = 20;

const LENGTH: Duration = Duration::from_secs(60);

fn options(database: &TestDatabase) -> PgConnectOptions {
    PgConnectOptions::clone(&database.pool.connect_options())
}

/// Connections of a replica.
const CONNECTIONS: u32 = 4;

/// Connections that say whose they are, as the daemon's do.
fn named(database: &TestDatabase, owner: &str) -> Pool {
    let name = pool::application_name("live", owner);
    pool::open(options(database).application_name(&name), CONNECTIONS)
}

fn presence(database: &TestDatabase, owner: &str) -> Presence {
    Presence::new(options(database), Arc::from(owner))
}

async fn is_there(database: &TestDatabase, owner: &str) -> bool {
    sqlx::query_scalar("select exists (select from chain.leases where name = 'replica:' || $1)")
        .bind(owner)
        .fetch_one(&database.pool)
        .await
        .unwrap()
}

/// Everything that this release reads.
fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.name).collect()
}

/// Lets the time be over for which `owner` counts as there.
async fn vanish(database: &TestDatabase, owner: &str) {
    sqlx::query(
        "update chain.leases set until = clock_timestamp() - interval '1 s'
         where name = 'replica:' || $1",
    )
    .bind(owner)
    .execute(&database.pool)
    .await
    .unwrap();
}

async fn connected(database: &TestDatabase) -> PgConnection {
    PgConnection::connect_with(&options(database)).await.unwrap()
}

/// Passes until `owner` is not there any more; answers how many.
async fn buries(presence: &Presence, database: &TestDatabase, owner: &str) -> usize {
    for pass in 1..=PASSES_MAX {
        presence.pass().await.unwrap();
        if !is_there(database, owner).await {
            return pass;
        }
    }
    panic!("{owner} was not buried in {PASSES_MAX} passes");
}

/// A chain with a contract that is joined but whose past is not loaded, followed by one replica.
async fn loading(pool: &Pool) -> (SimNode, Indexer) {
    let mut chain = SimChain::new(1, 31_337);
    chain.mine(vec![hands(1, &[NOBODY, ANN])]);
    chain.mine(vec![hands(2, &[ANN, BOB])]);
    let node = SimNode::new(chain);
    let indexer = Indexer::new(pool, node.clone(), "one").await;
    indexer.rest().await;
    for _ in 0..2 {
        indexer.live().await.unwrap();
    }
    indexer.follow(&[ART], 0).await;
    indexer.track().await.unwrap();
    (node, indexer)
}

#[tokio::test]
async fn what_a_vanished_replica_held_is_free_and_what_it_had_in_hand_is_void() {
    let database = fresh().await;
    let own = named(&database, "one");
    let (node, first) = loading(&own).await;
    presence(&database, "one").pass().await.unwrap();
    let lease = leases::acquire(&own, "live:eip155:31337", "one", LENGTH).await.unwrap().unwrap();
    let span =
        claims::claim(&own, first.context.key, &kinds(), "one#2", LENGTH).await.unwrap().unwrap();
    // In the middle of its transaction, with locks that everybody needs.
    let mut frozen = own.begin().await.unwrap();
    chains::lock(&mut frozen, first.context.key).await.unwrap();
    leases::check(&mut frozen, &lease).await.unwrap();
    vanish(&database, "one").await;
    let other = presence(&database, "two");
    let passes = buries(&other, &database, "one").await;
    assert!(passes > 1, "one look is enough");
    assert!(chains::load(&mut *frozen, first.context.key).await.is_err(), "its connection lives");
    let mut tx = database.pool.begin().await.unwrap();
    let fenced = leases::check(&mut tx, &lease).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { what: "lease" })), "{fenced:?}");
    let fenced = spans::check(&mut tx, &span).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { what: "span" })), "{fenced:?}");
    tx.rollback().await.unwrap();
    node.chain().mine(vec![hands(3, &[BOB, CAT])]);
    let second = Indexer::new(&named(&database, "two"), node.clone(), "two").await;
    second.rest().await;
    let truth = Replay::of(node.chain().canonical(), &[Tracked::erc721(ART, 0)]);
    tables::assert_equal(&database.pool, first.context.key, &truth, "after the burial").await;
    // The woken one meets each of its ended connections once, then goes on behind the other.
    let mut woken = first.live().await;
    for _ in 0..CONNECTIONS {
        woken = if woken.is_err() { first.live().await } else { woken };
    }
    assert_eq!(woken.unwrap(), Pass::Idle);
    node.chain().mine(vec![hands(4, &[CAT, ANN])]);
    assert_eq!(first.live().await.unwrap(), Pass::Idle, "it follows without the lease");
    second.rest().await;
    let truth = Replay::of(node.chain().canonical(), &[Tracked::erc721(ART, 0)]);
    tables::assert_equal(&database.pool, first.context.key, &truth, "after the waking").await;
}

#[tokio::test]
async fn one_that_is_buried_alive_says_again_that_it_is_there() {
    let database = fresh().await;
    let (one, two) = (presence(&database, "one"), presence(&database, "two"));
    one.pass().await.unwrap();
    vanish(&database, "one").await;
    buries(&two, &database, "one").await;
    assert!(one.pass().await.is_err(), "its connection was not ended");
    one.pass().await.unwrap();
    assert!(is_there(&database, "one").await);
    for _ in 0..PASSES_MAX {
        two.pass().await.unwrap();
    }
    assert!(is_there(&database, "one").await);
}

#[tokio::test]
async fn nobody_is_buried_who_is_back_before_the_second_look_nor_oneself() {
    let database = fresh().await;
    let (one, two) = (presence(&database, "one"), presence(&database, "two"));
    one.pass().await.unwrap();
    let own = named(&database, "one");
    let mut open = own.begin().await.unwrap();
    for _ in 0..PASSES_MAX {
        vanish(&database, "one").await;
        two.pass().await.unwrap();
        one.pass().await.unwrap();
        two.pass().await.unwrap();
        vanish(&database, "two").await;
    }
    sqlx::query("select 1").execute(&mut *open).await.expect("its connections live");
    assert!(is_there(&database, "one").await && is_there(&database, "two").await);
}

#[tokio::test]
async fn a_replica_that_stops_stays_until_it_has_stopped_and_then_is_gone() {
    let database = fresh().await;
    let one = presence(&database, "one");
    one.pass().await.unwrap();
    one.linger(LENGTH).await;
    one.pass().await.unwrap();
    let left: bool = sqlx::query_scalar(
        "select until > clock_timestamp() + interval '30 s' from chain.leases
         where name = 'replica:one'",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert!(left, "a pass has shortened it");
    leases::release(&database.pool, "one").await.unwrap();
    assert!(!is_there(&database, "one").await);
}

#[tokio::test]
async fn two_that_bury_one_at_once_do_it_once() {
    let database = fresh().await;
    presence(&database, "one").pass().await.unwrap();
    let own = named(&database, "one");
    leases::acquire(&own, "a", "one", LENGTH).await.unwrap().unwrap();
    vanish(&database, "one").await;
    let (mut left, mut right) = (connected(&database).await, connected(&database).await);
    let (left, right) =
        tokio::join!(replicas::bury(&mut left, "one"), replicas::bury(&mut right, "one"));
    let done: Vec<Burial> = [left.unwrap(), right.unwrap()].into_iter().flatten().collect();
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!((done[0].leases, done[0].claims), (1, 0));
}

#[tokio::test]
async fn a_user_who_may_not_end_connections_gives_everything_else_back() {
    let database = fresh().await;
    let own = named(&database, "one");
    let (_, first) = loading(&own).await;
    presence(&database, "one").pass().await.unwrap();
    claims::claim(&own, first.context.key, &kinds(), "one", LENGTH).await.unwrap().unwrap();
    vanish(&database, "one").await;
    // A role of every server that is no superuser; what it may do is of this database only.
    for statement in [
        "grant usage on schema chain to pg_monitor",
        "grant all on all tables in schema chain to pg_monitor",
        "revoke execute on function pg_terminate_backend(int, bigint) from public",
    ] {
        sqlx::query(statement).execute(&database.pool).await.unwrap();
    }
    let mut burying = connected(&database).await;
    sqlx::query("set role pg_monitor").execute(&mut burying).await.unwrap();
    let burial = replicas::bury(&mut burying, "one").await.unwrap();
    assert_eq!(burial, Some(Burial { connections: None, leases: 1, claims: 1 }));
    assert!(!is_there(&database, "one").await);
    first.live().await.expect("its connections live");
}
