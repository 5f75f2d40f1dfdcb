//! What a client may take of the server, over real sockets: size, time, and what it leaves unread.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::get as route;
use futures_util::stream;
use herald::api::{BODY_BYTES_MAX, PATIENCE, Patience, connection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{key, post, world};

/// A client, and the server's side of its connection.
async fn connected(router: Router, patience: Patience) -> (TcpStream, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut served = JoinSet::new();
    served.spawn(connection(stream, router, CancellationToken::new(), patience));
    (client, served)
}

/// What is answered to these bytes until the server closes the connection.
async fn answered(router: &Router, sent: &str) -> String {
    let (mut client, mut served) = connected(router.clone(), PATIENCE).await;
    client.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that closes before it has read everything may reset the connection.
    let _ = client.read_to_end(&mut answer).await;
    served.join_next().await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn what_is_beyond_the_servers_own_limits_is_answered_without_a_body() {
    let world = world().await;
    let (long, many) = ("a".repeat(65_000), "x: y\r\n".repeat(101));
    for (sent, status) in [
        (format!("GET /version HTTP/1.1\r\n{many}\r\n"), "431"),
        (format!("GET /version HTTP/1.1\r\nx: {long}{long}\r\n\r\n"), "431"),
        (format!("GET /{long}{long} HTTP/1.1\r\n\r\n"), "431"),
        ("nonsense\r\n\r\n".into(), "400"),
    ] {
        let answer = answered(&world.router, &sent).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert_eq!(body, "");
    }
    let fits = format!("/v1/chains?x={}", "a".repeat(40_000));
    let sent = format!("GET {fits} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(answered(&world.router, &sent).await.contains("\"uri_too_long\""));
}

#[tokio::test]
async fn a_body_that_trickles_is_ended_and_so_is_its_connection() {
    let world = world().await;
    let key = key(&world, &["contracts:write"]).await;
    let state = herald::api::ApiState {
        request_timeout: Duration::from_secs(2),
        ..super::state(&world.db.pool)
    };
    let head = format!(
        "POST /v1/contracts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
    );
    let answer = answered(&herald::api::router(state), &head).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"body_too_slow\""), "{answer}");
    let unread = "GET /version HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{";
    assert!(answered(&world.router, unread).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_body_is_bounded_in_size_and_in_depth() {
    let world = world().await;
    let key = key(&world, &["contracts:write"]).await;
    let deep = |depth: usize| format!("{{\"chain\":{}", "[".repeat(depth));
    for (body, code) in [
        (deep(BODY_BYTES_MAX / 2), "invalid_request"),
        ("[".repeat(BODY_BYTES_MAX), "invalid_request"),
        (" ".repeat(BODY_BYTES_MAX + 1), "body_too_large"),
    ] {
        assert_eq!(post(&world, &key, body).await.code(), code);
    }
}

#[tokio::test]
async fn a_client_that_never_asks_is_let_go() {
    let world = world().await;
    let hasty = Patience { head: Duration::from_millis(100), ..PATIENCE };
    for begun in ["", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HT"] {
        let (mut client, mut served) = connected(world.router.clone(), hasty).await;
        client.write_all(begun.as_bytes()).await.unwrap();
        served.join_next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_let_go() {
    let endless = || async {
        let piece = || Some((Ok::<_, std::io::Error>(vec![b'x'; 10_000]), ()));
        Body::from_stream(stream::unfold((), move |()| async move { piece() }))
    };
    let hasty = Patience { unread: Duration::from_millis(100), ..PATIENCE };
    let router = Router::new().route("/", route(endless));
    let (mut client, mut served) = connected(router, hasty).await;
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    client.read_exact(&mut first).await.unwrap();
    assert_eq!(first, *format!("HTTP/1.1 {}", StatusCode::OK.as_u16()).as_bytes());
    served.join_next().await.unwrap().unwrap();
}
