//! What every answer carries for browsers, whoever made it.

use axum::body::Body;
use axum::http::Request;

use super::{APES, Answer, get, send, world};

fn check(answer: &Answer, cached: &str, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", cached),
    ] {
        assert_eq!(answer.headers[name], value, "{what}: {name}");
    }
    assert!(answer.headers.contains_key("x-request-id"), "{what}");
    assert!(!answer.headers.contains_key("strict-transport-security"), "{what}");
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_browsers_in_bounds() {
    let world = world().await;
    for uri in [
        "/v1/chains".to_owned(),
        format!("/v1/tokens/1/{APES}/1"),
        format!("/v1/contracts/1/{APES}/snapshot"),
        "/health/ready".to_owned(),
        "/version".to_owned(),
        "/metrics".to_owned(),
    ] {
        check(&get(&world.router, &uri).await, "no-cache", &uri);
    }
    for uri in ["/v1/nothing", "/wp-login.php", "/v1/chains/atlantis", "/v1/chains?limit=x"] {
        check(&get(&world.router, uri).await, "no-store", uri);
    }
    for (method, uri) in [("PUT", "/v1/chains"), ("POST", "/v1/contracts"), ("OPTIONS", "/version")]
    {
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        let answer = send(&world.router, request).await;
        assert!(answer.status.is_client_error() && !answer.code().is_empty(), "{method} {uri}");
        check(&answer, "no-store", uri);
    }
}
