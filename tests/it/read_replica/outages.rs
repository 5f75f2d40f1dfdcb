//! A replica that is gone, or in the way of its own replay, costs nobody an answer.

use std::sync::Arc;
use std::time::Duration;

use herald::store::read_replica::ReadReplica;
use herald::store::{Pool, StoreError};
use herald::upkeep::Lookout;
use herald::work::Worker;

use crate::api::ok;

use super::reads::indexed;
use super::standby::Pair;

#[tokio::test]
async fn a_replica_that_is_gone_is_replaced_by_the_primary_and_comes_back() {
    let mut pair = Pair::start().await;
    assert_eq!(indexed(&ok(&pair.router, "/v1/chains/1").await), 40);
    pair.standby.take().unwrap().stop().await.unwrap();
    pair.one.commit(1, 41).await;
    assert!(pair.replica.fits(), "nobody has looked yet");
    assert_eq!(indexed(&ok(&pair.router, "/v1/chains/1").await), 41, "the read that finds it gone");
    assert!(!pair.look().await);
    assert_eq!(indexed(&ok(&pair.router, "/v1/chains/1").await), 41);
    pair.begin_again().await;
    pair.level().await;
    pair.until_fit().await;
    pair.pause().await;
    pair.one.commit(1, 42).await;
    assert_eq!(indexed(&ok(&pair.router, "/v1/chains/1").await), 41, "the replica answers again");
    pair.resume().await;
    pair.stop().await;
}

/// A verdict about a server in place of the standby.
async fn fits(pair: &Pair, options: &sqlx::postgres::PgConnectOptions) -> bool {
    let replica = Arc::new(ReadReplica::open(options, 1, Duration::from_secs(5)));
    let primary: Pool = pair.primary.clone();
    let lookout = Lookout::new(primary, options, replica.clone(), Duration::from_secs(3600));
    lookout.pass().await.unwrap();
    replica.fits()
}

#[tokio::test]
async fn only_a_standby_of_the_same_database_is_read_from() {
    let pair = Pair::start().await;
    let standby = pair.replica.pool.connect_options();
    assert!(fits(&pair, &standby).await);
    assert!(!fits(&pair, &pair.primary.connect_options()).await, "the primary is no standby");
    let other = standby.as_ref().clone().database("postgres");
    assert!(!fits(&pair, &other).await, "another database of the standby");
    let nowhere = sqlx::postgres::PgConnectOptions::new_without_pgpass().host("/nonexistent");
    assert!(!fits(&pair, &nowhere).await, "nobody there");
    pair.stop().await;
}

#[tokio::test]
async fn a_read_that_the_replay_has_ended_is_known_as_one() {
    let pair = Pair::start().await;
    sqlx::query("create table public.rows as select n from generate_series(1, 1000) n")
        .execute(&pair.primary)
        .await
        .unwrap();
    pair.level().await;
    let mut reading = pair.replica.pool.begin().await.unwrap();
    for statement in
        ["set transaction isolation level repeatable read", "select count(*) from public.rows"]
    {
        sqlx::query(statement).execute(&mut *reading).await.unwrap();
    }
    for statement in ["delete from public.rows", "vacuum public.rows"] {
        sqlx::query(statement).execute(&pair.primary).await.unwrap();
    }
    pair.level().await;
    let ended = sqlx::query("select count(*) from public.rows").execute(&mut *reading).await;
    let error: StoreError = ended.unwrap_err().into();
    assert!(error.overtaken() || error.unreachable(), "{error:?}");
    drop(reading);
    pair.stop().await;
}
