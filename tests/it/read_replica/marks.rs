//! A client reads its own writes, and every event that it was told.

use axum::body::Body;
use axum::http::Request;

use crate::api::{code, get, key_in, ok, send};
use crate::support::seed::{judge, person};

use super::reads::indexed;
use super::standby::Pair;

#[tokio::test]
async fn what_was_written_is_found_by_its_mark() {
    let pair = Pair::start().await;
    judge(&pair.primary, None).await;
    let key = key_in(&pair.primary, &["contracts:write"]).await;
    pair.pause().await;
    let body = format!(r#"{{"chain":1,"contract":"{}","start_block":1}}"#, person(5));
    let request = Request::post("/v1/contracts")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json");
    let answer = send(&pair.router, request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let mark = answer.headers["x-herald-written"].to_str().unwrap().to_owned();
    let uri = format!("/v1/contracts/1/{}", person(5));
    // What one server has never heard of it names so: its own names are no other's.
    assert_eq!(code(&pair.router, &uri).await, "contract_not_tracked", "the replica");
    ok(&pair.router, &format!("{uri}?written={mark}")).await;
    let request = Request::get(&uri).header("x-herald-written", &mark);
    let answer = send(&pair.router, request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    pair.resume().await;
    pair.level().await;
    ok(&pair.router, &uri).await;
    ok(&pair.router, &format!("{uri}?written={mark}")).await;
    for odd in ["", "x", "00"] {
        let odd = get(&pair.router, &format!("{uri}?written={odd}")).await;
        assert_eq!(odd.code(), "invalid_request");
    }
    pair.stop().await;
}

#[tokio::test]
async fn an_answer_includes_the_event_it_is_asked_to() {
    let pair = Pair::start().await;
    pair.one.event("token.minted", None, "{}").await;
    pair.level().await;
    pair.pause().await;
    pair.one.commit(1, 50).await;
    pair.one.event("token.minted", None, "{}").await;
    let read = async |uri: &str| indexed(&ok(&pair.router, uri).await);
    assert_eq!(read("/v1/chains/1").await, 40, "the replica");
    assert_eq!(read("/v1/chains/1?min_seq=1").await, 40, "the replica has it");
    assert_eq!(read("/v1/chains/1?min_seq=2").await, 50, "only the primary has it");
    assert_eq!(read("/v1/contracts?chain=eip155:1&min_seq=2").await, 50);
    let ahead = get(&pair.router, "/v1/chains/1?min_seq=3").await;
    assert_eq!((ahead.code().as_str(), ahead.status.as_u16()), ("seq_ahead", 409));
    assert!(ahead.headers.contains_key("retry-after"));
    for uri in [
        "/v1/contracts?min_seq=1",
        "/v1/chains/1?min_seq=",
        "/v1/chains/1?min_seq=-1",
        "/v1/chains/1?min_seq=1&min_seq=1",
    ] {
        assert_eq!(code(&pair.router, uri).await, "invalid_request", "{uri}");
    }
    pair.resume().await;
    pair.stop().await;
}
