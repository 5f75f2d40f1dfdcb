//! Reads go to the replica, and what they say is true of the replica.

use alloy::primitives::{Address, U256};

use crate::api::ok;
use crate::support::seed::person;
use crate::support::statements::counted;

use super::standby::Pair;

/// The newest block that an answer is true of.
pub(super) fn indexed(answer: &serde_json::Value) -> i64 {
    answer["meta"]["as_of"][0]["indexed"].as_i64().unwrap()
}

#[tokio::test]
async fn as_of_is_the_replicas_own_truth() {
    let pair = Pair::start().await;
    let uri = "/v1/chains/1";
    assert_eq!(indexed(&ok(&pair.router, uri).await), 40);
    pair.pause().await;
    pair.one.commit(1, 45).await;
    let old = ok(&pair.router, uri).await;
    assert_eq!((indexed(&old), old["indexed"].as_i64()), (40, Some(40)), "replay is stopped");
    pair.replica.judge(false);
    let new = ok(&pair.router, uri).await;
    assert_eq!((indexed(&new), new["indexed"].as_i64()), (45, Some(45)), "the primary");
    pair.replica.judge(true);
    assert_eq!(indexed(&ok(&pair.router, uri).await), 40, "back again");
    pair.resume().await;
    pair.level().await;
    assert_eq!(indexed(&ok(&pair.router, uri).await), 45, "it went on");
    pair.stop().await;
}

#[tokio::test]
async fn a_page_goes_on_although_the_replica_has_not_come_to_its_block() {
    let pair = Pair::start().await;
    let apes = pair.one.contract(person(0xAB), "ready", 5).await;
    pair.level().await;
    pair.pause().await;
    for n in 1..=3 {
        apes.transfer((40 + i64::from(n), 0), U256::from(n), Address::ZERO, person(n)).await;
    }
    pair.one.commit(1, 45).await;
    let uri = format!("/v1/contracts/1/{}/tokens?limit=2", person(0xAB));
    pair.replica.judge(false);
    let first = ok(&pair.router, &uri).await;
    pair.replica.judge(true);
    let cursor = first["page"]["next"].as_str().unwrap();
    let second = ok(&pair.router, &format!("{uri}&cursor={cursor}")).await;
    assert_eq!(second["data"][0]["token_id"], "3", "not gone: the replica is behind");
    let ahead = format!("{uri}&at_block=45");
    assert_eq!(ok(&pair.router, &ahead).await["data"].as_array().unwrap().len(), 2);
    assert_eq!(ok(&pair.router, &uri).await["data"].as_array().unwrap().len(), 0, "the replica");
    pair.resume().await;
    pair.stop().await;
}

#[tokio::test]
async fn a_read_without_a_mark_takes_no_statement_more() {
    let pair = Pair::start().await;
    let uri = "/v1/contracts?chain=1";
    ok(&pair.router, uri).await;
    let (_, beside) = counted(ok(&pair.router, uri)).await;
    pair.replica.judge(false);
    ok(&pair.router, uri).await;
    let (_, alone) = counted(ok(&pair.router, uri)).await;
    assert_eq!((beside, alone), (1, 1));
    pair.stop().await;
}

#[tokio::test]
async fn a_replica_that_lags_is_left_out_until_it_has_caught_up() {
    let pair = Pair::start().await;
    pair.pause().await;
    assert_eq!(indexed(&ok(&pair.router, "/v1/chains/1").await), 40);
    pair.one.commit(1, 41).await;
    // One pass notes where the primary is; by the next one the replica has not got there.
    pair.look().await;
    assert!(!pair.look().await, "it lags");
    assert_eq!(indexed(&ok(&pair.router, "/v1/chains/1").await), 41, "the primary answers");
    pair.resume().await;
    pair.level().await;
    pair.until_fit().await;
    assert_eq!(indexed(&ok(&pair.router, "/v1/chains/1").await), 41);
    pair.stop().await;
}
