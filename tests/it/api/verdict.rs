//! POST `/v1/contracts` and what is said of the contract while the request waits; the probe is played
//! here.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use herald::api::{ApiState, router};
use serde_json::{Value, json};

use super::{CATS, World, code, judge, key, ok, post, world};

fn cats(start_block: Option<i64>) -> String {
    json!({"chain": "polygon", "contract": CATS, "start_block": start_block}).to_string()
}

/// Waits until the contract is there to be looked at, and judges it.
async fn probe(world: &World, statement: &'static str) {
    let done = async || sqlx::query(statement).execute(&world.db.pool).await.unwrap();
    while done().await.rows_affected() == 0 {}
}

#[tokio::test]
async fn the_verdict_that_comes_while_the_request_waits_is_its_answer() {
    let world = world().await;
    let key = key(&world, &["contracts:write"]).await;
    let accepts = r"update chain.contracts set probe_at = null, start_block = 3, standard = 'erc1155'
        where probe_at is not null";
    let (answer, ()) = tokio::join!(post(&world, &key, cats(None)), probe(&world, accepts));
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let body = answer.json();
    assert_eq!((&body["start_block"], &body["standard"]), (&json!(3), &json!("erc1155")));
    let again = post(&world, &key, cats(None)).await;
    assert_eq!((again.status, &again.json()["start_block"]), (StatusCode::OK, &json!(3)));

    sqlx::query("delete from chain.contracts").execute(&world.db.pool).await.unwrap();
    let refuses = r"update chain.contracts set probe_at = null, refused = 'no_contract',
        refused_detail = 'no code at block 5' where probe_at is not null";
    let (answer, ()) = tokio::join!(post(&world, &key, cats(None)), probe(&world, refuses));
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
    assert_eq!(answer.code(), "no_contract");
    assert_eq!(answer.json()["detail"], "no code at block 5");
    let (answer, ()) = tokio::join!(post(&world, &key, cats(Some(2))), probe(&world, accepts));
    assert_eq!(answer.status, StatusCode::ACCEPTED, "asked anew: {}", answer.text);
}

#[tokio::test]
async fn each_refusal_points_at_what_was_wrong() {
    let world = world().await;
    let key = key(&world, &["contracts:write"]).await;
    for (word, pointer) in [
        ("no_contract", "/contract"),
        ("not_nft", "/contract"),
        ("start_block_needed", "/start_block"),
        ("start_block_ahead", "/start_block"),
    ] {
        judge(&world.db.pool, Some(word)).await;
        let answer = post(&world, &key, cats(Some(3))).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNPROCESSABLE_ENTITY, word.into()));
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
        assert_eq!(answer.json()["detail"], format!("because {word}"));
    }
    judge(&world.db.pool, None).await;
    assert_eq!(post(&world, &key, cats(Some(3))).await.status, StatusCode::ACCEPTED);
    judge(&world.db.pool, Some("a word of another release")).await;
    sqlx::query("update chain.contracts set refused = 'x'").execute(&world.db.pool).await.unwrap();
    assert_eq!(post(&world, &key, cats(Some(3))).await.code(), "internal");
}

#[tokio::test]
async fn where_nobody_decides_the_answer_says_probing_before_the_request_runs_out() {
    let mut world = world().await;
    world.router = router(ApiState {
        pool: world.db.pool.clone(),
        request_timeout: Duration::from_secs(2),
        cors_origins: [].into(),
        metrics: Arc::new(String::new),
    });
    let key = key(&world, &["contracts:write"]).await;
    let answer = post(&world, &key, cats(None)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let contract = format!("/v1/contracts/137/{CATS}");
    for shown in [answer.json(), ok(&world.router, &contract).await] {
        assert_eq!(shown["status"], "probing");
        assert_eq!((&shown["start_block"], &shown["covered"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(code(&world.router, &format!("{contract}/tokens")).await, "contract_not_ready");
    let listed = ok(&world.router, "/v1/contracts?status=probing").await;
    assert_eq!(listed["data"][0]["start_block"], Value::Null);
    let named = post(&world, &key, cats(Some(3))).await;
    assert_eq!((named.status, &named.json()["start_block"]), (StatusCode::ACCEPTED, &json!(3)));
    assert_eq!(post(&world, &key, cats(Some(3))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_lower_start_of_a_followed_contract_waits_to_be_applied() {
    let world = world().await;
    let key = key(&world, &["contracts:write"]).await;
    world.two.contract(CATS, "ready", 3).await;
    assert_eq!(post(&world, &key, cats(Some(4))).await.code(), "contract_conflict");
    let lower = post(&world, &key, cats(Some(1))).await;
    assert_eq!(lower.status, StatusCode::ACCEPTED, "{}", lower.text);
    assert_eq!(lower.json()["start_block"], 3, "the tracker applies it");
    assert_eq!(lower.json()["wanted_start_block"], 1);
    assert_eq!(post(&world, &key, cats(Some(1))).await.status, StatusCode::OK);
    assert_eq!(post(&world, &key, cats(None)).await.status, StatusCode::OK);
    assert_eq!(post(&world, &key, cats(Some(2))).await.code(), "contract_conflict");
    let waiting = herald::store::starts::any(&world.db.pool, herald::types::ChainKey(world.two.id));
    assert!(waiting.await.unwrap());
}
