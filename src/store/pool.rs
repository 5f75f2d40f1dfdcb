//! Opening the database: pools, session settings, and whether the server will do.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use super::{Pool, StoreError};

/// Oldest server that Herald runs on: `int8multirange` came with it.
pub const SERVER_OLDEST: i32 = 140_000;

/// Longest a caller waits for a connection: below the shortest HTTP time-out, so that a full pool
/// answers 503 instead of hanging.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A pool of at most `connections_max` connections; connects lazily.
pub fn open(options: PgConnectOptions, connections_max: u32) -> Pool {
    let options = options.application_name("herald").options([
        // Plans of small statements gain nothing from it and pay milliseconds.
        ("jit", "off"),
        ("timezone", "UTC"),
    ]);
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

/// The same with statements that the server ends after `limit`, because a request that gave up
/// leaves its statement running.
pub fn open_bounded(options: PgConnectOptions, connections_max: u32, limit: Duration) -> Pool {
    let limit = limit.as_millis().max(1).to_string();
    open(options.options([("statement_timeout", limit.as_str())]), connections_max)
}

/// Connects once and fails where the server cannot be reached or is too old, in words for an
/// operator.
pub async fn probe(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.clone().disable_statement_logging().connect().await?;
    let (number, shown): (i32, String) = sqlx::query_as(
        "select current_setting('server_version_num')::int4, current_setting('server_version')",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    if number < SERVER_OLDEST {
        return Err(StoreError::Schema(format!(
            "the Postgres server is version {shown}; Herald needs 14 or newer"
        )));
    }
    Ok(())
}
