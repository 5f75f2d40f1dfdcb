//! One connection of the HTTP server: what a client may take of it in time, and how it ends.

use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Most connections at once: well below the usual limit of 1024 open files, of which the database
/// and the nodes need some.
pub const CONNECTIONS_MAX: usize = 512;

/// Longest a client may take to send the head of a request, and longest a connection may lie idle
/// between two: whoever sends a byte a minute holds no connection for ever.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves one connection until its client ends it, takes too long, or `closing`; then what has
/// begun is answered.
pub async fn connection(stream: TcpStream, router: Router, closing: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
    let service = TowerToHyperService::new(router);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}
