//! Tags: whoever has an answer already is told so, and nothing else is.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::{APES, get, get_with, send, world};
use crate::support::seed::person;

/// An object and a list.
fn answers() -> [String; 2] {
    [format!("/v1/tokens/1/{APES}/1"), format!("/v1/wallets/{}/tokens?chain=1", person(3))]
}

#[tokio::test]
async fn an_answer_that_the_client_has_is_a_304_without_a_body() {
    let world = world().await;
    for uri in answers() {
        let first = get(&world.router, &uri).await;
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [tag.clone(), strong, "*".into(), format!("\"a,b\", {tag}")] {
            let again = get_with(&world.router, &uri, ("if-none-match", &known)).await;
            assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
            for name in ["etag", "cache-control", "vary", "content-security-policy"] {
                assert_eq!(again.headers[name], first.headers[name], "{name}");
            }
            assert!(!again.headers.contains_key("content-type"));
            let head = Request::head(&uri).header("if-none-match", known);
            let head = send(&world.router, head.body(Body::empty()).unwrap()).await;
            assert_eq!(head.status, StatusCode::NOT_MODIFIED);
            assert_eq!(head.headers["etag"], first.headers["etag"]);
        }
        for other in ["\"abc\"", "W/\"\"", "abc"] {
            let again = get_with(&world.router, &uri, ("if-none-match", other)).await;
            assert_eq!((again.status, &again.text), (StatusCode::OK, &first.text), "{other}");
        }
        let head = Request::head(&uri).body(Body::empty()).unwrap();
        let head = send(&world.router, head).await;
        assert_eq!(head.headers["etag"], first.headers["etag"]);
        let length = first.text.len().to_string();
        assert_eq!(head.headers["content-length"], length.as_str());
    }
}

#[tokio::test]
async fn a_tag_changes_with_what_is_told_and_with_the_blocks_but_not_with_the_lag() {
    let world = world().await;
    for uri in answers() {
        let tag = async || get(&world.router, &uri).await.headers["etag"].clone();
        // Behind the head, so that the lag is counted.
        behind(&world, 45, "1 hour").await;
        let first = get(&world.router, &uri).await;
        behind(&world, 45, "2 hours").await;
        let later = get(&world.router, &uri).await;
        assert_ne!(first.text, later.text, "the lag is shown");
        assert_eq!(first.headers["etag"], later.headers["etag"]);
        behind(&world, 46, "2 hours").await;
        assert_ne!(tag().await, first.headers["etag"], "another head");
    }
    let [token, _] = answers();
    let other = format!("/v1/tokens/1/{APES}/2");
    let tags = [get(&world.router, &token).await, get(&world.router, &other).await]
        .map(|answer| answer.headers["etag"].clone());
    assert_ne!(tags[0], tags[1], "another token");
}

async fn behind(world: &super::World, head: i64, lag: &str) {
    sqlx::query(
        "update chain.chains set head = $2, checkpoint_at = now() - $3::text::interval where id = $1",
    )
    .bind(world.one.id)
    .bind(head)
    .bind(lag)
    .execute(&world.db.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn only_whole_answers_to_reads_have_a_tag() {
    let world = world().await;
    for uri in [
        format!("/v1/contracts/1/{APES}/snapshot"),
        format!("/v1/tokens/1/{APES}/77"),
        "/v1/nothing".to_owned(),
        "/health/live".to_owned(),
        "/version".to_owned(),
        "/metrics".to_owned(),
    ] {
        let plain = get(&world.router, &uri).await;
        assert!(!plain.headers.contains_key("etag"), "{uri}");
        let asked = get_with(&world.router, &uri, ("if-none-match", "*")).await;
        assert_eq!((asked.status, asked.text.is_empty()), (plain.status, false), "{uri}");
    }
}
