//! Opening the database: pool, session settings, and whether the server will do.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

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

/// Fails where the server cannot be reached or is too old, in words for an operator.
pub async fn probe(pool: &Pool) -> Result<(), StoreError> {
    let (number, shown): (i32, String) = sqlx::query_as(
        "select current_setting('server_version_num')::int4, current_setting('server_version')",
    )
    .fetch_one(pool)
    .await?;
    if number < SERVER_OLDEST {
        return Err(StoreError::Schema(format!(
            "the Postgres server is version {shown}; Herald needs 14 or newer"
        )));
    }
    Ok(())
}
