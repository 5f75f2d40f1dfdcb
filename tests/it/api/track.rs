//! POST `/v1/contracts`: who may, what is stored, and what is refused.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use herald::account::key::Key;
use herald::index::wish::{Origin, all};
use herald::store::contract_row::find;
use herald::store::wishes::Tracked;
use herald::types::{ChainKey, Standard};
use serde_json::{Value, json};

use super::{CATS, World, judge, key, ok, post, send};
use crate::support::seed::person;

/// A world in which every contract that is asked for can be followed.
async fn world() -> World {
    let world = super::world().await;
    judge(&world.db.pool, None).await;
    world
}

fn cats(start_block: i64) -> String {
    json!({"chain": "polygon", "contract": CATS, "start_block": start_block}).to_string()
}

#[tokio::test]
async fn a_contract_is_stored_once_and_shown_from_then_on() {
    let world = world().await;
    let key = key(&world, &["contracts:write"]).await;
    let first = post(&world, &key, cats(3)).await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text);
    let body = first.json();
    assert_eq!((&body["status"], &body["origin"]), (&json!("probing"), &json!("api")));
    assert_eq!((&body["chain"], &body["start_block"]), (&json!("eip155:137"), &json!(3)));
    let again = post(&world, &key, cats(3)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["address"], CATS.to_checksum(None));
    let other = post(&world, &key, cats(4)).await;
    assert_eq!(other.code(), "contract_conflict");
    assert_eq!(other.json()["errors"][0]["pointer"], "/start_block");
    assert!(other.json()["detail"].as_str().unwrap().ends_with("tracked with start_block 3"));
    let shown = ok(&world.router, &format!("/v1/contracts/137/{CATS}")).await;
    assert_eq!(shown["start_block"], 3);
}

fn cats_of(start_block: i64, standard: &str) -> String {
    json!({"chain": "polygon", "contract": CATS, "start_block": start_block, "standard": standard})
        .to_string()
}

#[tokio::test]
async fn a_standard_that_nobody_has_said_is_taken_from_a_later_wish() {
    let world = world().await;
    let key = key(&world, &["contracts:write"]).await;
    assert_eq!(post(&world, &key, cats(3)).await.json()["standard"], Value::Null);
    let elsewhere = post(&world, &key, cats_of(4, "erc721")).await;
    assert_eq!(elsewhere.code(), "contract_conflict");
    let uri = format!("/v1/contracts/137/{CATS}");
    assert_eq!(ok(&world.router, &uri).await["standard"], Value::Null, "a refused wish wrote");
    let said = post(&world, &key, cats_of(3, "erc1155")).await;
    assert_eq!((said.status, &said.json()["standard"]), (StatusCode::OK, &json!("erc1155")));
    assert_eq!(post(&world, &key, cats(3)).await.json()["standard"], "erc1155");
    let other = post(&world, &key, cats_of(3, "erc721")).await;
    assert_eq!(other.code(), "contract_conflict");
    assert_eq!(other.json()["errors"][0]["pointer"], "/standard");
}

#[tokio::test]
async fn a_configured_standard_is_written_only_where_there_is_none() {
    let world = world().await;
    let chain = ChainKey(world.two.id);
    let wish = |number: u8, standard| Tracked {
        chain,
        address: person(number),
        standard,
        start_block: Some(7),
    };
    let (single, many) = (Some(Standard::Erc721), Some(Standard::Erc1155));
    for (first, second, stored) in
        [(None, many, many), (single, many, single), (many, None, many), (None, None, None)]
    {
        sqlx::query("delete from chain.contracts").execute(&world.db.pool).await.unwrap();
        all(&world.db.pool, chain, &[wish(1, first)], Origin::Api).await.unwrap();
        let wishes = [wish(1, second), wish(2, None), wish(1, second)];
        let starts = all(&world.db.pool, chain, &wishes, Origin::Config).await.unwrap();
        assert_eq!(starts.len(), 2);
        let row = find(&world.db.pool, chain, person(1)).await.unwrap().unwrap();
        assert_eq!(row.standard.as_deref(), stored.map(Standard::as_str), "{first:?} {second:?}");
        assert_eq!(row.origin, "api");
    }
}

#[tokio::test]
async fn many_at_once_store_one_row() {
    let world = world().await;
    let key = key(&world, &["admin"]).await;
    let posts = (0..8).map(|_| post(&world, &key, cats(3)));
    let answers = futures_util::future::join_all(posts).await;
    let created = answers.iter().filter(|answer| answer.status == StatusCode::ACCEPTED).count();
    assert_eq!(created, 1);
    assert!(answers.iter().all(|answer| answer.status.is_success()));
}

#[tokio::test]
async fn only_a_key_with_the_scope_may_write() {
    let world = world().await;
    let nothing = Request::post("/v1/contracts").body(Body::from(cats(3))).unwrap();
    let missing = send(&world.router, nothing).await;
    assert_eq!(missing.code(), "key_missing");
    assert_eq!(missing.headers["www-authenticate"], "Bearer");
    let reader = key(&world, &["read"]).await;
    assert_eq!(post(&world, &reader, cats(3)).await.code(), "scope_missing");
    let writer = key(&world, &["contracts:write"]).await;
    let mut other = writer.clone().into_bytes();
    other[20] = if other[20] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8(other).unwrap();
    for wrong in ["", "hk_", "x", &other, Key::generate().unwrap().reveal(), &writer[..50]] {
        assert_eq!(post(&world, wrong, cats(3)).await.code(), "key_invalid", "{wrong}");
    }
    for statement in [
        "update platform.api_keys set revoked_at = now()",
        "update platform.api_keys set revoked_at = null, expires_at = now()",
        "update platform.api_keys set expires_at = null, allowed_networks = '{10.0.0.0/8}'",
    ] {
        sqlx::query(statement).execute(&world.db.pool).await.unwrap();
        assert_eq!(post(&world, &writer, cats(3)).await.code(), "key_invalid", "{statement}");
    }
    let later = "update platform.api_keys set allowed_networks = null, expires_at = now() + interval '1 day'";
    sqlx::query(later).execute(&world.db.pool).await.unwrap();
    assert_eq!(post(&world, &writer, cats(3)).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn every_fault_of_a_body_is_pointed_at() {
    let world = world().await;
    let key = key(&world, &["admin"]).await;
    for (body, pointers) in [
        ("".to_owned(), vec![""]),
        ("{".to_owned(), vec![""]),
        ("[]".to_owned(), vec![""]),
        ("\u{0}".to_owned(), vec![""]),
        ("[".repeat(60_000), vec![""]),
        ("{}".to_owned(), vec!["/chain", "/contract"]),
        (
            json!({"chain": 1, "contract": CATS, "start_block": -1}).to_string(),
            vec!["/start_block"],
        ),
        (
            json!({"chain": 1, "contract": CATS, "start_block": "1"}).to_string(),
            vec!["/start_block"],
        ),
        (
            json!({"chain": 1, "contract": CATS, "start_block": u64::MAX}).to_string(),
            vec!["/start_block"],
        ),
        (
            json!({"chain": -1, "contract": "0x", "start_block": 1.5}).to_string(),
            vec!["/chain", "/contract", "/start_block"],
        ),
        (json!({"chain": "\u{0}", "contract": CATS, "start_block": 1}).to_string(), vec!["/chain"]),
        (
            json!({"chain": 1, "contract": CATS, "start_block": 1, "standard": "erc20"})
                .to_string(),
            vec!["/standard"],
        ),
        (
            json!({"chain": 1, "contract": CATS, "start_block": 1, "a/b": 1}).to_string(),
            vec!["/a~1b"],
        ),
    ] {
        let answer = post(&world, &key, body.clone()).await;
        assert_eq!(answer.code(), "invalid_request", "{body:.80}");
        let errors = answer.json()["errors"].clone();
        let pointer = |error: &Value| error["pointer"].as_str().unwrap().to_owned();
        let found: Vec<_> = errors.as_array().unwrap().iter().map(pointer).collect();
        assert_eq!(found, pointers, "{body:.80}");
    }
    let far = json!({"chain": 5, "contract": CATS, "start_block": 1}).to_string();
    assert_eq!(post(&world, &key, far).await.code(), "chain_unknown");
    assert_eq!(post(&world, &key, vec![b' '; 65 * 1024]).await.code(), "body_too_large");
    let stored: i64 = sqlx::query_scalar("select count(*) from chain.contracts")
        .fetch_one(&world.db.pool)
        .await
        .unwrap();
    assert_eq!(stored, 1, "a refused body stored something");
}
