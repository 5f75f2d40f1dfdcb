//! The readers' pool: what nobody waits for any more is ended, and frees its connection.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgConnectOptions;

use super::Pool;
use super::pool::{plain, pool};

/// Longest that a connection on its way back to the readers' pool is waited for, whose statement
/// nobody wants any more: most end by themselves before, which spares opening another connection.
/// Not below [`GONE_CHECK_MS`]: a closed connection's server process lives on for as long at most,
/// so that no more of these are there than the pool has connections.
const LEFT_WAIT: Duration = Duration::from_millis(100);

/// How often a server process that runs a statement looks whether its client is still connected, in
/// milliseconds: one system call each time.
const GONE_CHECK_MS: &str = "100";

/// A pool as [`open`](super::pool::open) makes it, for readers: the server ends their statements
/// after `limit`, and a statement that is dropped before its end, because its request was given up,
/// is ended within a fraction of a second and frees its place in the pool.
///
/// The driver can only wait for such a statement, so its connection is closed instead, and the
/// server is told to look for that: it ends what it does for a client that is gone.
pub fn open_bounded(options: PgConnectOptions, connections_max: u32, limit: Duration) -> Pool {
    let limit = limit.as_millis().max(1).to_string();
    let options = options.options([
        ("statement_timeout", limit.as_str()),
        ("client_connection_check_interval", GONE_CHECK_MS),
        // Each read has a statement of its own for its own index; to plan one anew costs several times
        // what it costs to run it. Such a plan is made before anybody knows how few rows a page has: so
        // indexes are preferred to whole tables, and their order to sorting.
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("random_page_cost", "1.1"),
    ]);
    pool(connections_max)
        .after_release(|connection, _| {
            Box::pin(async move {
                // Reads what is still to come of a statement; asks nothing where nothing is.
                Ok(tokio::time::timeout(LEFT_WAIT, connection.flush()).await.is_ok())
            })
        })
        .connect_lazy_with(plain(options))
}
