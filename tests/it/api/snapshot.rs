//! The streamed snapshot of a contract.

use alloy::primitives::{Address, U256};
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use sqlx::AssertSqlSafe;
use tower::ServiceExt;

use super::{APES, NOBODY, World, code, get, world};
use crate::support::seed::{block_hash, person};

/// The body of a contract's snapshot, piece by piece as it comes.
async fn streamed(world: &World, contract: Address) -> BodyDataStream {
    let request = Request::get(format!("/v1/contracts/1/{contract}/snapshot"));
    let response =
        world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    response.into_body().into_data_stream()
}

#[tokio::test]
async fn a_snapshot_lists_every_holding_by_token_and_owner() {
    let world = world().await;
    world.apes.transfer((31, 0), U256::MAX, NOBODY, person(2)).await;
    world.apes.transfer((31, 1), U256::from(10), NOBODY, person(2)).await;
    let (one, two, three) = (person(1), person(2), person(3));
    let uri = format!("/v1/contracts/1/{APES}/snapshot");
    let csv = get(&world.router, &uri).await;
    let most = U256::MAX;
    assert_eq!(
        csv.text,
        format!("token_id,owner,balance\n1,{three},1\n2,{one},1\n10,{two},1\n{most},{two},1\n")
    );
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.headers["x-herald-block"], "40");
    assert_eq!(csv.headers["x-herald-block-hash"], block_hash(1, 40).to_string().as_str());
    let before = get(&world.router, &format!("{uri}?at_block=15&format=csv")).await;
    assert_eq!(before.text, format!("token_id,owner,balance\n1,{one},1\n2,{one},1\n3,{two},1\n"));
    let ndjson = get(&world.router, &format!("{uri}?at_block=10&format=ndjson")).await;
    assert_eq!(
        ndjson.text,
        format!("{{\"token_id\":\"1\",\"owner\":\"{one}\",\"balance\":\"1\"}}\n")
    );
    let empty = get(&world.router, &format!("{uri}?at_block=6")).await;
    assert_eq!(empty.text, "token_id,owner,balance\n");
    assert_eq!(code(&world.router, &format!("{uri}?at_block=41")).await, "block_ahead");
    assert_eq!(code(&world.router, &format!("{uri}?format=xml")).await, "invalid_request");
}

/// Tokens of more than two pages: one is read ahead while another is sent.
const MANY: i32 = 12_000;

#[tokio::test]
async fn a_snapshot_of_many_pages_shows_one_block() {
    let world = world().await;
    let many = world.one.contract(person(0x77), "ready", 0).await;
    many.many(20, MANY, person(4)).await;
    let mut body = streamed(&world, person(0x77)).await;
    let mut text = String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
    many.transfer((41, 0), U256::from(MANY - 100), person(4), person(5)).await;
    many.transfer((41, 1), U256::from(MANY + 500), NOBODY, person(5)).await;
    world.one.commit(1, 41).await;
    while let Some(piece) = body.next().await {
        text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    let expected: String = (1..=MANY).map(|n| format!("{n},{},1\n", person(4))).collect();
    assert_eq!(text, format!("token_id,owner,balance\n{expected}"));
}

/// Whether the rest of a body is cut off.
async fn is_cut(mut body: BodyDataStream) -> bool {
    while let Some(piece) = body.next().await {
        if piece.is_err() {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_snapshot_is_cut_off_when_its_block_is_taken_back() {
    let world = world().await;
    let many = world.one.contract(person(0x77), "ready", 0).await;
    many.many(20, MANY, person(4)).await;
    let mut body = streamed(&world, person(0x77)).await;
    body.next().await.unwrap().unwrap();
    world.one.rewind(1, 39).await;
    world.one.commit(2, 45).await;
    assert!(is_cut(body).await, "the body must not end as if it were whole");
}

#[tokio::test]
async fn a_snapshot_is_cut_off_when_its_contract_is_read_anew() {
    for change in ["start_block = 1", "state = 'loading'", "state = 'stopped', purging = true"] {
        let world = world().await;
        let many = world.one.contract(person(0x77), "ready", 0).await;
        many.many(20, MANY, person(4)).await;
        let mut body = streamed(&world, person(0x77)).await;
        body.next().await.unwrap().unwrap();
        let statement = format!("update chain.contracts set {change} where id = {}", many.id);
        sqlx::query(AssertSqlSafe(statement)).execute(&world.db.pool).await.unwrap();
        assert!(is_cut(body).await, "{change}");
    }
}

#[tokio::test]
async fn a_slow_client_keeps_nothing_of_the_database() {
    let world = world().await;
    let many = world.one.contract(person(0x77), "ready", 0).await;
    many.many(20, MANY, person(4)).await;
    let mut body = streamed(&world, person(0x77)).await;
    let mut pieces = 0;
    loop {
        let mut watcher = world.db.pool.acquire().await.unwrap();
        let busy: Vec<(String, String)> = sqlx::query_as(
            r"select state, query from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
                and backend_type = 'client backend' and (state <> 'idle' or backend_xmin is not null)",
        )
        .fetch_all(&mut *watcher)
        .await
        .unwrap();
        assert_eq!(busy, [], "after {pieces} pieces");
        drop(watcher);
        let Some(piece) = body.next().await else { break };
        piece.unwrap();
        pieces += 1;
    }
    assert!(pieces > 2, "{pieces} pieces");
}
