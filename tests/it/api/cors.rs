//! Pages of other origins: those of the configuration may read, and no other.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use herald::api::{ApiState, router};

use super::{Answer, get_with, send, state, world};
use crate::support::database::TestDatabase;

const APP: &str = "https://app.example";

fn shared(db: &TestDatabase, origins: &[&str]) -> Router {
    let cors_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    router(ApiState { cors_origins, ..state(&db.pool) })
}

async fn preflight(router: &Router, origin: &str) -> Answer {
    let request = Request::options("/v1/contracts")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization, content-type");
    send(router, request.body(Body::empty()).unwrap()).await
}

fn words(headers: &HeaderMap, name: &str) -> Vec<String> {
    let text = headers[name].to_str().unwrap().to_lowercase();
    text.split(',').map(|word| word.trim().to_owned()).collect()
}

#[tokio::test]
async fn no_origin_may_read_unless_it_is_configured() {
    let world = world().await;
    for (router, origin) in [
        (shared(&world.db, &[]), APP),
        (shared(&world.db, &[APP]), "https://other.example"),
        (shared(&world.db, &[APP]), "null"),
    ] {
        let read = get_with(&router, "/v1/chains", ("origin", origin)).await;
        assert_eq!(read.status, StatusCode::OK, "the browser withholds it, not the server");
        for answer in [read, preflight(&router, origin).await] {
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
        }
    }
    let closed = preflight(&shared(&world.db, &[]), APP).await;
    assert_eq!(closed.code(), "method_not_allowed");
    let own = get_with(&world.router, "/v1/chains", ("origin", APP)).await;
    assert_eq!(own.headers["cross-origin-resource-policy"], "same-origin");
}

#[tokio::test]
async fn a_configured_origin_may_read_and_write_with_a_key_of_its_own() {
    let world = world().await;
    for (origins, allowed) in [(vec!["https://a.example", APP], APP), (vec!["*"], "*")] {
        let router = shared(&world.db, &origins);
        let asked = preflight(&router, APP).await;
        assert_eq!((asked.status, asked.text.as_str()), (StatusCode::OK, ""));
        assert_eq!(asked.headers["access-control-allow-origin"], allowed);
        let methods = words(&asked.headers, "access-control-allow-methods");
        assert!(["get", "head", "post", "delete"].iter().all(|m| methods.contains(&(*m).into())));
        let sent = words(&asked.headers, "access-control-allow-headers");
        for name in ["authorization", "content-type", "if-none-match", "x-request-id"] {
            assert!(sent.contains(&name.into()), "{name}");
        }
        assert_eq!(asked.headers["access-control-max-age"], "7200");
        for uri in ["/v1/chains", "/v1/nothing"] {
            let read = get_with(&router, uri, ("origin", APP)).await;
            assert_eq!(read.headers["access-control-allow-origin"], allowed);
            assert_eq!(read.headers["cross-origin-resource-policy"], "cross-origin");
            let shown = words(&read.headers, "access-control-expose-headers");
            for name in ["x-request-id", "etag", "retry-after", "ratelimit", "x-herald-block"] {
                assert!(shown.contains(&name.into()), "{name}");
            }
        }
        let read = get_with(&router, "/v1/chains", ("origin", APP)).await;
        let vary: Vec<_> =
            read.headers.get_all("vary").iter().map(|v| v.to_str().unwrap().to_owned()).collect();
        assert_eq!(vary.contains(&"origin".to_owned()), allowed == APP, "{vary:?}");
        assert!(vary.contains(&"accept-encoding".to_owned()), "{vary:?}");
        for answer in [asked, read] {
            assert!(!answer.headers.contains_key("access-control-allow-credentials"));
            assert!(answer.headers.contains_key("x-request-id"));
        }
    }
}
