//! Every problem code is provoked, and every problem has its shape.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::U256;
use axum::body::Body;
use axum::http::Request;
use futures_util::stream;
use herald::api::codes::CODES;
use herald::api::{ApiState, router};
use herald::store;
use sqlx::postgres::PgConnectOptions;

use super::{APES, Answer, CATS, NOBODY, World, api, get, judge, ok, send, state, world};
use crate::support::seed::{LASTS, Piece, person};

fn check(seen: &mut BTreeSet<String>, expected: &str, answer: &Answer) {
    assert_eq!(answer.code(), expected, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["type"], format!("/docs/problems/{expected}"));
    assert_eq!(body["status"], answer.status.as_u16());
    assert!(
        !body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty()
    );
    assert_eq!(
        body["trace_id"].as_str().unwrap(),
        answer.headers["x-request-id"].to_str().unwrap()
    );
    seen.insert(expected.to_owned());
}

/// An API whose database is not there.
fn without_database() -> axum::Router {
    let options = PgConnectOptions::new_without_pgpass().host("/nonexistent").username("x");
    api(&store::pool::open(options, 1))
}

/// A contract that gave every token there can be to one owner.
async fn endless(world: &World) {
    let endless = world.one.contract(person(0x66), "ready", 0).await;
    endless.says(Some("erc721"), true).await;
    let piece = Piece {
        log: 0,
        since: 12,
        until: LASTS,
        acquired: 12,
        listed: false,
        first: U256::ZERO,
        last: U256::MAX,
        owner: person(1),
    };
    endless.pieces(&[piece]).await;
}

#[tokio::test]
async fn each_code_is_provoked_and_has_the_shape_of_rfc_9457() {
    let world = world().await;
    let mut seen = BTreeSet::new();
    world.two.contract(CATS, "folding", 0).await;
    world.two.indexes("building").await;
    endless(&world).await;
    let tokens = format!("/v1/contracts/1/{APES}/tokens");
    let first = ok(&world.router, &format!("{tokens}?limit=1")).await;
    let cursor = first["page"]["next"].as_str().unwrap().to_owned();
    for (code, uri) in [
        ("invalid_request", "/v1/chains?limit=0".to_owned()),
        ("cursor_invalid", format!("{tokens}?cursor=AAAA")),
        ("cursor_mismatch", format!("/v1/transfers?cursor={cursor}")),
        ("route_unknown", "/v1/nothing".to_owned()),
        ("route_unknown", "//".to_owned()),
        ("chain_unknown", "/v1/chains/solana".to_owned()),
        ("contract_not_tracked", format!("/v1/contracts/1/{CATS}")),
        ("token_unknown", format!("/v1/tokens/1/{APES}/77")),
        ("event_unknown", format!("/v1/events/evt_{}", "a".repeat(32))),
        ("contract_not_ready", format!("/v1/contracts/137/{CATS}/owners")),
        ("chain_indexing", format!("/v1/contracts/137/{CATS}/transfers")),
        ("contract_irregular", format!("/v1/contracts/1/{}/snapshot", person(0x66))),
        ("not_indexed", format!("{tokens}?at_block=4")),
        ("block_ahead", format!("{tokens}?at_block=41")),
        ("seq_ahead", "/v1/chains/1?min_seq=1".to_owned()),
        ("uri_too_long", format!("/v1/chains?x={}", "a".repeat(40_000))),
    ] {
        check(&mut seen, code, &get(&world.router, &uri).await);
    }
    let put = Request::put("/v1/chains").body(Body::empty()).unwrap();
    let put = send(&world.router, put).await;
    assert!(put.headers["allow"].to_str().unwrap().contains("GET"));
    check(&mut seen, "method_not_allowed", &put);
    provoke_writes(&world, &mut seen).await;
    provoke_outages(&world, &mut seen).await;

    world.one.rewind(1, 38).await;
    check(
        &mut seen,
        "snapshot_gone",
        &get(&world.router, &format!("{tokens}?limit=1&cursor={cursor}")).await,
    );
    let all: BTreeSet<String> = CODES.iter().map(|described| described.name.to_owned()).collect();
    assert_eq!(seen, all, "a code that nothing provokes");
}

async fn provoke_writes(world: &World, seen: &mut BTreeSet<String>) {
    let key = herald::account::key::Key::generate().unwrap();
    let post = |content: &'static str, body: Vec<u8>| {
        let authorization = format!("Bearer {}", key.reveal());
        let request = Request::post("/v1/contracts").header("authorization", authorization);
        send(&world.router, request.header("content-type", content).body(Body::from(body)).unwrap())
    };
    let bare = Request::post("/v1/contracts").body(Body::empty()).unwrap();
    check(seen, "key_missing", &send(&world.router, bare).await);
    check(seen, "key_invalid", &post("application/json", Vec::new()).await);
    let mut scopes = vec!["read".to_owned()];
    let new = store::api_keys::NewKey {
        account: "a",
        name: "n",
        prefix: key.prefix(),
        hash: key.hash(),
        scopes: &scopes,
        expires_at: None,
    };
    let id = store::api_keys::create(&world.db.pool, &new).await.unwrap();
    check(seen, "scope_missing", &post("application/json", Vec::new()).await);
    scopes[0] = "admin".to_owned();
    sqlx::query("update platform.api_keys set scopes = $2 where id = $1")
        .bind(id)
        .bind(&scopes)
        .execute(&world.db.pool)
        .await
        .unwrap();
    check(seen, "unsupported_media_type", &post("text/plain", Vec::new()).await);
    let slow = Request::post("/v1/contracts")
        .header("authorization", format!("Bearer {}", key.reveal()))
        .header("content-type", "application/json")
        .body(Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>()));
    let hurried = ApiState { request_timeout: Duration::from_secs(2), ..state(&world.db.pool) };
    check(seen, "body_too_slow", &send(&router(hurried), slow.unwrap()).await);
    check(seen, "body_too_large", &post("application/json", vec![b' '; 70_000]).await);
    let body = format!(r#"{{"chain":1,"contract":"{APES}","start_block":6}}"#);
    check(seen, "contract_conflict", &post("application/json", body.into()).await);
    let body = format!(r#"{{"chain":137,"contract":"{}"}}"#, person(0x77));
    for word in ["no_contract", "not_nft", "start_block_needed", "start_block_ahead"] {
        judge(&world.db.pool, Some(word)).await;
        check(seen, word, &post("application/json", body.clone().into()).await);
    }
    let purging = r"update chain.contracts set state = 'stopped', refused = null, purging = true
        where refused is not null";
    sqlx::query(purging).execute(&world.db.pool).await.unwrap();
    check(seen, "contract_purging", &post("application/json", body.into()).await);
}

async fn provoke_outages(world: &World, seen: &mut BTreeSet<String>) {
    for uri in ["/v1/chains", "/health/ready", "/v1/events"] {
        let answer = get(&without_database(), uri).await;
        assert!(answer.headers.contains_key("retry-after"));
        check(seen, "database_unavailable", &answer);
    }
    assert!(get(&without_database(), "/health/live").await.status.is_success());
    let state = ApiState {
        request_timeout: Duration::ZERO,
        cors_origins: [].into(),
        metrics: Arc::new(|| panic!("a fault of Herald's own")),
        ..state(&world.db.pool)
    };
    check(seen, "internal", &get(&router(state.clone()), "/metrics").await);
    // Its only connection is taken, so that the answer cannot come first.
    let busy = store::pool::open((*world.db.pool.connect_options()).clone(), 1);
    let taken = busy.acquire().await.unwrap();
    let state = ApiState { pool: busy, ..state };
    check(seen, "timed_out", &get(&router(state), "/v1/chains").await);
    drop(taken);
    sqlx::query("update platform.migrations set compatible_from = '99.0.0'")
        .execute(&world.db.pool)
        .await
        .unwrap();
    check(seen, "not_ready", &get(&world.router, "/health/ready").await);
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let world = world().await;
    let with = |id: &'static str| {
        Request::get("/version").header("x-request-id", id).body(Body::empty()).unwrap()
    };
    assert_eq!(send(&world.router, with("abc-1")).await.headers["x-request-id"], "abc-1");
    for odd in ["", "a b"] {
        let made = send(&world.router, with(odd)).await;
        assert_eq!(made.headers["x-request-id"].len(), 32, "{odd}");
    }
}

#[tokio::test]
async fn nothing_of_a_stranger_reaches_another_row() {
    let world = world().await;
    world.apes.transfer((31, 0), U256::from(5), NOBODY, person(1)).await;
    let uri = format!("/v1/wallets/{}/tokens?chain=1%27%20or%201=1", person(1));
    assert_eq!(get(&world.router, &uri).await.code(), "invalid_request");
}
