//! A client that leaves, or that was kept waiting for too long, frees what was done for it.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use herald::api::{ApiState, Patience, connection, router};
use herald::store::Pool;
use herald::store::readers::open_bounded;
use sqlx::{Postgres, Transaction};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{APES, World, get, ok, state, world};
use crate::support::seed::person;

/// Longer than any test: what ends earlier was not ended by this.
const NEVER: Duration = Duration::from_secs(3600);

/// A server that waits for its clients as long as a test takes.
const KIND: Patience = Patience { head: NEVER, unread: NEVER };

/// Longest that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the connections of the tests' pool call themselves.
const NAME: &str = "leaving";

/// A pool of one connection, whose statements no time limit ends.
fn single(world: &World) -> Pool {
    let options = (*world.db.pool.connect_options()).clone().application_name(NAME);
    open_bounded(options, 1, NEVER)
}

fn on(pool: &Pool, request_timeout: Duration) -> Router {
    router(ApiState { request_timeout, ..state(pool) })
}

/// Keeps readers of a table waiting until dropped.
async fn locked(world: &World, statement: &'static str) -> Transaction<'static, Postgres> {
    let mut lock = world.db.pool.begin().await.unwrap();
    sqlx::query(statement).execute(&mut *lock).await.unwrap();
    lock
}

/// Looks until as many statements of the tests' pool wait for a lock.
async fn waiting(world: &World, count: i64) {
    let looking = async {
        loop {
            let found: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where datname = current_database()
                    and application_name = $1 and state = 'active' and wait_event_type = 'Lock'",
            )
            .bind(NAME)
            .fetch_one(&world.db.pool)
            .await
            .unwrap();
            if found == count {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the statement comes and goes");
}

const CONTRACTS: &str = "lock table chain.contracts in access exclusive mode";

#[tokio::test]
async fn the_statement_of_a_client_that_leaves_is_ended_and_its_connection_is_free() {
    let world = world().await;
    let router = on(&single(&world), NEVER);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut served = JoinSet::new();
    served.spawn(connection(stream, router.clone(), CancellationToken::new(), KIND));
    let lock = locked(&world, CONTRACTS).await;
    let asked = format!("GET /v1/contracts/1/{APES} HTTP/1.1\r\nhost: x\r\n\r\n");
    client.write_all(asked.as_bytes()).await.unwrap();
    waiting(&world, 1).await;
    drop(client);
    served.join_next().await.unwrap().unwrap();
    waiting(&world, 0).await;
    // The table is locked all the while: only what the first one left can be in the way.
    assert_eq!(get(&router, "/health/ready").await.status, StatusCode::OK);
    lock.rollback().await.unwrap();
    ok(&router, &format!("/v1/contracts/1/{APES}")).await;
}

#[tokio::test]
async fn the_statement_of_a_request_that_took_too_long_is_ended_too() {
    let world = world().await;
    let pool = single(&world);
    let router = on(&pool, Duration::from_secs(1));
    // Connected and prepared beforehand, so that the second is the statement's alone.
    let uri = format!("/v1/contracts/1/{APES}");
    ok(&router, &uri).await;
    let lock = locked(&world, CONTRACTS).await;
    assert_eq!(get(&router, &uri).await.code(), "timed_out");
    waiting(&world, 0).await;
    assert_eq!(get(&on(&pool, NEVER), "/health/ready").await.status, StatusCode::OK);
    lock.rollback().await.unwrap();
    ok(&router, &uri).await;
}

#[tokio::test]
async fn a_page_of_a_stream_that_nobody_reads_any_more_is_ended() {
    let world = world().await;
    let many = world.one.contract(person(0x77), "ready", 0).await;
    many.many(20, 26_000, person(4)).await;
    let router = on(&single(&world), NEVER);
    let request = Request::get(format!("/v1/contracts/1/{}/snapshot", person(0x77)));
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut body = response.into_body().into_data_stream();
    body.next().await.unwrap().unwrap();
    let lock = locked(&world, "lock table chain.holdings in access exclusive mode").await;
    tokio::select! {
        _ = body.next() => panic!("the page is locked"),
        () = waiting(&world, 1) => {}
    }
    drop(body);
    waiting(&world, 0).await;
    assert_eq!(get(&router, "/health/ready").await.status, StatusCode::OK);
    lock.rollback().await.unwrap();
}
