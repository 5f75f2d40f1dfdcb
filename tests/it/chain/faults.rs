//! Broken answers: each is named, kept within its bounds and passed over.

use std::time::Duration;

use herald::chain::{Chain, ChainError, Limits, connect_with};
use herald::config::EndpointRole;
use serde_json::Value;

use super::node::{self, Node, good};
use super::{config, pool, pool_with};

/// How a node answers every request.
type Answering = fn(Value) -> axum::response::Response;

#[tokio::test]
async fn a_rate_limited_endpoint_is_left_alone_for_as_long_as_it_asks() {
    let busy = Node::http(|_| node::status(429, &[("retry-after", "30")], "slow down")).await;
    let pool = pool(&[&busy]);
    let error = pool.head().await.unwrap_err().to_string();
    assert!(error.contains("node-0") && error.contains("rate limited"), "{error}");
    let error = pool.head().await.unwrap_err().to_string();
    assert!(error.contains("resting"), "{error}");
    assert_eq!(busy.hits(), 1);
    assert_eq!(pool.endpoints()[0].status, "failing");
}

#[tokio::test]
async fn every_kind_of_broken_endpoint_is_passed_over() {
    let broken: [(&str, Answering); 9] = [
        ("HTTP 500", |_| node::status(500, &[], "oops")),
        ("HTTP 302", |_| node::status(302, &[("location", "http://127.0.0.1:1/")], "")),
        ("HTTP 403", |_| node::status(403, &[], "<html>go away</html>")),
        ("connection broke", |_| node::half_body()),
        ("larger than 65536 bytes", |_| node::endless_body()),
        ("not a JSON-RPC answer", |_| node::status(200, &[], "<html>hello</html>")),
        ("not a JSON-RPC answer", |_| node::status(200, &[], &"[".repeat(60_000))),
        ("not a JSON-RPC answer", |_| {
            node::status(200, &[], &format!("[{}{{}}]", "{},".repeat(9_999)))
        }),
        ("neither result nor error", |_| node::status(200, &[], "{}")),
    ];
    let healthy = Node::script(good).await;
    for (expected, answer) in broken {
        let node = Node::http(answer).await;
        let error = pool(&[&node]).head().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        let pool = pool(&[&node, &healthy]);
        assert_eq!(pool.head().await.unwrap().latest.number, 10, "{expected}");
        let reports = pool.endpoints();
        assert_eq!((reports[0].status, reports[1].status), ("failing", "ok"), "{expected}");
    }
}

#[tokio::test]
async fn a_node_that_falls_silent_is_given_up() {
    let silent = Node::http(|_| node::silent_body()).await;
    let healthy = Node::script(good).await;
    let limits = Limits { request_timeout: Duration::from_millis(300), ..Limits::default() };
    let pool = pool_with(&[&silent, &healthy], limits);
    assert_eq!(pool.head().await.unwrap().latest.number, 10);
    let detail = pool.endpoints().remove(0).detail.unwrap();
    assert!(detail.contains("no answer within 300 ms"), "{detail}");
}

#[tokio::test]
async fn deeply_nested_answers_are_nonsense_not_a_crash() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let surplus = format!(r#"{{"nothing":{deep}}}"#);
    for nested in [deep, surplus] {
        let node = Node::http(move |request| match request.is_array() {
            true => node::json_rpc(&request, &good),
            false => {
                let id = &request["id"];
                node::status(200, &[], &format!(r#"{{"id":{id},"result":{nested}}}"#))
            }
        })
        .await;
        let error = pool(&[&node]).genesis().await.unwrap_err();
        assert!(matches!(error, ChainError::Nonsense { .. }), "{error}");
    }
}

#[tokio::test]
async fn no_error_shows_a_url() {
    let gone = Node::script(good).await;
    let url = format!("{}v2/secretkey0123456789?token=othersecret", gone.url);
    gone.stop().await;
    let echoing = Node::http(|_| node::status(401, &[], "bad key secretkey0123456789")).await;
    let other = format!("{}v2/secretkey0123456789", echoing.url);
    let ws = url.replace("http", "ws");
    let urls = [&url, &other, &ws].map(|url| (url.as_str(), EndpointRole::Main));
    let pool = connect_with(&config(&urls), Limits::default()).unwrap();
    let error = pool.head().await.unwrap_err().to_string();
    let reports = format!("{:?}", pool.endpoints());
    for text in [error, reports] {
        assert!(text.contains("node-0") && text.contains("node-2"), "{text}");
        for secret in ["secretkey", "othersecret", "http://", "ws://", "127.0.0.1"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    for bad in ["ftp://127.0.0.1/topsecret", "topsecret"] {
        let error = connect_with(&config(&[(bad, EndpointRole::Main)]), Limits::default());
        let text = error.err().expect("no url of a node").to_string();
        assert!(text.contains("node-0") && !text.contains("topsecret"), "{text}");
    }
}
