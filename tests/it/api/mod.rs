//! Every route of the API over rows put in by hand; requests go to the router without a socket.

mod routes;
mod ownership;
mod pages;
mod moving_lists;
mod moving_ranges;
mod events;
mod snapshot;
mod truth;
mod moments;
mod roots;
mod export;
mod files;
mod history;
mod history_rows;
mod every_standard;
mod every_transfer;
mod examined;
mod track;
mod many;
mod batch;
mod batch_bodies;
mod wallet_lists;
mod wallet_sums;
mod verdict;
mod stopped;
mod refused;
mod malformed;
mod problems;
mod indexing;
mod serving;
mod openapi;
mod conditional;
mod compression;
mod cors;
mod guarded;
mod leaving;
mod limits;

pub(crate) use files::served;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, U256, address};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use herald::account::key::Key;
use herald::api::{ApiState, CursorKey, router};
use herald::store::Pool;
use herald::store::api_keys::{NewKey, create};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::database::{TestDatabase, fresh};
use crate::support::seed::{SeedChain, SeedContract, judge, person};

const APES: Address = address!("bc4ca0eda7647a8ab7c2061c2e118a18a936f13d");
const CATS: Address = address!("06012c8cf97bead5deae237070f9587f8e7a266d");
const NOBODY: Address = Address::ZERO;

/// A database with two chains and a small history, and the API over it.
pub(crate) struct World {
    db: TestDatabase,
    router: Router,
    one: SeedChain,
    two: SeedChain,
    apes: SeedContract,
}

impl World {
    /// Answers requests as a daemon would.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The problem's code, or what came instead.
    pub(crate) fn code(&self) -> String {
        match self.headers.get("content-type").map(|kind| kind.as_bytes()) {
            Some(b"application/problem+json") => self.json()["code"].as_str().unwrap().to_owned(),
            _ => format!("{} {}", self.status, self.text),
        }
    }
}

pub(crate) fn api(pool: &Pool) -> Router {
    router(state(pool))
}

/// What the API works with, over this database.
pub(crate) fn state(pool: &Pool) -> ApiState {
    ApiState {
        pool: pool.clone(),
        names: Arc::default(),
        cursors: CursorKey::new(&[7; 32]),
        request_timeout: Duration::from_secs(20),
        cors_origins: [].into(),
        metrics: Arc::new(|| "herald_up 1\n".to_owned()),
    }
}

/// Token 1: minted to 1 at block 10, to 2 at 20, to 3 at 30. Token 2: minted to 1 at 11. Token 3:
/// minted to 2 at 12, burned at 25. The chain stands at 40, safe 32, final 28.
pub(crate) async fn world() -> World {
    let db = fresh().await;
    let one = SeedChain::add(&db.pool, "eip155:1", "ethereum").await;
    let two = SeedChain::add(&db.pool, "eip155:137", "polygon").await;
    one.commit(1, 40).await;
    one.marks(32, 28).await;
    two.commit(1, 5).await;
    let apes = one.contract(APES, "ready", 5).await;
    let token = |number: u64| U256::from(number);
    for (at, number, from, to) in [
        ((10, 0), 1, NOBODY, person(1)),
        ((11, 0), 2, NOBODY, person(1)),
        ((12, 4), 3, NOBODY, person(2)),
        ((20, 1), 1, person(1), person(2)),
        ((25, 0), 3, person(2), NOBODY),
        ((30, 2), 1, person(2), person(3)),
    ] {
        apes.transfer(at, token(number), from, to).await;
    }
    let router = api(&db.pool);
    World { db, router, one, two, apes }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, text }
}

/// The answer to GET with one more header.
async fn get_with(router: &Router, uri: &str, (name, value): (&str, &str)) -> Answer {
    send(router, Request::get(uri).header(name, value).body(Body::empty()).unwrap()).await
}

pub(crate) async fn get(router: &Router, uri: &str) -> Answer {
    let request = Request::get(uri).body(Body::empty());
    send(router, request.unwrap_or_else(|error| panic!("{uri}: {error}"))).await
}

/// The body of a 200.
pub(crate) async fn ok(router: &Router, uri: &str) -> Value {
    let answer = get(router, uri).await;
    assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
    answer.json()
}

/// The code of a failure.
pub(crate) async fn code(router: &Router, uri: &str) -> String {
    get(router, uri).await.code()
}

/// A new key with these scopes.
async fn key(world: &World, scopes: &[&str]) -> String {
    key_in(&world.db.pool, scopes).await
}

/// The same in this database.
pub(crate) async fn key_in(pool: &Pool, scopes: &[&str]) -> String {
    let key = Key::generate().unwrap();
    let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let new = NewKey {
        account: "tests",
        name: "a key",
        prefix: key.prefix(),
        hash: key.hash(),
        scopes: &scopes,
        expires_at: None,
    };
    create(pool, &new).await.unwrap();
    key.reveal().to_owned()
}

/// POST `/v1/contracts`.
async fn post(world: &World, key: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/v1/contracts")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json; charset=utf-8");
    send(&world.router, request.body(body.into()).unwrap()).await
}

/// DELETE with a key.
async fn delete(world: &World, key: &str, uri: &str) -> Answer {
    let request = Request::delete(uri).header("authorization", format!("Bearer {key}"));
    send(&world.router, request.body(Body::empty()).unwrap()).await
}

/// One field of each row, as text.
fn column(list: &Value, field: &str) -> Vec<String> {
    let text = |row: &Value| match &row[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    list["data"].as_array().expect("a list").iter().map(text).collect()
}

/// All rows of a list, page after page, with `between` called after each page.
async fn pages(router: &Router, uri: &str, mut between: impl AsyncFnMut(usize)) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = uri.to_owned();
    let mut told = HashSet::new();
    for count in 0.. {
        let page = ok(router, &next).await;
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["page"]["next"].as_str() else { break };
        let sign = if uri.contains('?') { '&' } else { '?' };
        let behind = format!("{uri}{sign}cursor={cursor}");
        assert!(told.insert(behind.clone()), "{uri} goes on where it has been");
        next = behind;
        between(count).await;
    }
    rows
}
