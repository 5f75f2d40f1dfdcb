//! The server on a socket: answers, ends when told to, and counts what it answered.

use herald::api::{CONNECTIONS_MAX, PATIENCE, connection};
use herald::supervisor::connections;
use herald::telemetry::metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{get, world};

#[tokio::test]
async fn the_server_answers_and_ends_when_it_is_told_to() {
    let world = world().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let (router, closing) = (world.router.clone(), shutdown.clone());
    let serve = move |stream| connection(stream, router.clone(), closing.clone(), PATIENCE);
    let server = connections(listener, CONNECTIONS_MAX, shutdown.clone(), serve);
    let client = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        shutdown.cancel();
        answer
    };
    let ((), answer) = tokio::join!(server, client);
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"name\":\"herald\""));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_the_path_that_a_client_chose() {
    let exporter = metrics::install().expect("no other test records");
    let world = world().await;
    for uri in ["/v1/chains/ethereum", "/v1/chains/atlantis", "/wp-login.php"] {
        get(&world.router, uri).await;
    }
    let page = exporter.render();
    for (route, status) in [("/v1/chains/{chain}", 200), ("/v1/chains/{chain}", 404), ("none", 404)]
    {
        let labels = format!("route=\"{route}\",method=\"GET\",status=\"{status}\"");
        assert!(page.contains(&format!("herald_http_requests_total{{{labels}}} ")), "{page}");
    }
    let timed = "herald_http_request_duration_seconds_count{route=\"/v1/chains/{chain}\"} ";
    assert!(page.contains(timed), "{page}");
    assert!(!page.contains("atlantis") && !page.contains("wp-login"), "{page}");
}
