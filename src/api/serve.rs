//! One connection of the HTTP server: what a client may take of it in time, and how it ends.

use std::time::Duration;

use axum::Router;
use axum::http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::traffic::{Seen, Traffic};

/// Most connections at once: well below the usual limit of 1024 open files, of which the database
/// and the nodes need some.
pub const CONNECTIONS_MAX: usize = 512;

/// What a client may take of a connection in time.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest it may take to send the head of a request, and longest a connection may lie idle
    /// between two: whoever sends a byte a minute holds no connection for ever. One that never asks,
    /// and one of HTTP/2, where frames go to and fro between requests, may take twice that.
    pub head: Duration,
    /// Longest that it may read nothing of an answer that waits for it.
    pub unread: Duration,
}

/// A slow network takes seconds for a head, and half a minute to recover, where it does at all.
pub const PATIENCE: Patience =
    Patience { head: Duration::from_secs(10), unread: Duration::from_secs(30) };

/// Most bytes of a request's head: the longest path and query that is taken, and as much again of
/// headers, of which the server takes at most 100.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Most requests at once of one connection of HTTP/2: with all connections at it, each waits for the
/// few connections to the database anyway.
const STREAMS_MAX: u32 = 64;

/// Most bytes of an answer that wait for a reader of HTTP/2, for each request.
const UNREAD_BYTES_MAX: usize = 64 * 1024;

fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.head)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_send_buf_size(UNREAD_BYTES_MAX);
    builder
}

/// Serves one connection until its client ends it, takes too long, or `closing`; then what has
/// begun is answered. A request whose client leaves is dropped.
pub async fn connection(
    stream: TcpStream,
    router: Router,
    closing: CancellationToken,
    patience: Patience,
) {
    // An answer in two packets would wait for the first one's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("a connection sends its packets late: {error}");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience.unread));
    let traffic = Traffic::default();
    let (counted, router) = (traffic.clone(), TowerToHyperService::new(router));
    let service = service_fn(move |request: Request<Incoming>| {
        let running = counted.begin(request.version() < Version::HTTP_2);
        let answered = router.call(request);
        async move {
            let answer = answered.await;
            drop(running);
            answer
        }
    });
    let builder = builder(patience);
    let served = builder.serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut served = std::pin::pin!(served);
    let mut open = true;
    let ended = loop {
        tokio::select! {
            ended = served.as_mut() => break ended,
            () = closing.cancelled(), if open => {}
            () = tokio::time::sleep(patience.head), if open => match traffic.look() {
                Seen::Nothing => return,
                Seen::Requests => continue,
                Seen::Quiet => {}
            }
        }
        open = false;
        served.as_mut().graceful_shutdown();
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}
