//! The HTTP server: accepts until told to stop, then lets open requests end.

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves until `shutdown`, then answers what has begun. How long that may take is the caller's to
/// bound: a slow reader of a snapshot can hold it open. `axum::serve` has no time limit for
/// reading a request's head; the proxy in front keeps one.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}
