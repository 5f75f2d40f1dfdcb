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

/// How long an idle connection is believed to work without a ping.
const IDLE_TRUSTED: Duration = Duration::from_millis(500);

/// Longest a server may take for its first answer; a network that swallows packets takes minutes.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// How the connections of the daemon are shared out: a live edge never waits for a load or a fold,
/// and neither waits for readers.
#[derive(Clone)]
pub struct Pools {
    /// For the live edges.
    pub live: Pool,
    /// For all other workers; one connection listens for wake-ups.
    pub work: Pool,
    /// For readers; the server ends their statements in time.
    pub reads: Pool,
}

impl Pools {
    /// Half for readers, of the rest a third for the live edges.
    pub fn open(options: &PgConnectOptions, connections_max: u32, limit: Duration) -> Self {
        let reads = (connections_max / 2).max(1);
        let live = ((connections_max - reads) / 3).max(1);
        let work = (connections_max - reads).saturating_sub(live).max(2);
        Self {
            live: open(options.clone(), live),
            work: open(options.clone(), work),
            reads: open_bounded(options.clone(), reads, limit),
        }
    }

    /// Each of them.
    pub fn all(&self) -> [&Pool; 3] {
        [&self.live, &self.work, &self.reads]
    }

    /// Closes all connections.
    pub async fn close(&self) {
        tokio::join!(self.live.close(), self.work.close(), self.reads.close());
    }
}

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
        // A ping for each statement would double its time; a connection that lay idle may have
        // lost its server since.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(
                async move { Ok(meta.idle_for < IDLE_TRUSTED || connection.ping().await.is_ok()) },
            )
        })
        .connect_lazy_with(options)
}

/// The same with statements that the server ends after `limit`, because a request that gave up
/// leaves its statement running.
pub fn open_bounded(options: PgConnectOptions, connections_max: u32, limit: Duration) -> Pool {
    let limit = limit.as_millis().max(1).to_string();
    open(options.options([("statement_timeout", limit.as_str())]), connections_max)
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Server {
    /// Such as 150018.
    pub number: i32,
    /// Such as `15.18`.
    pub version: String,
    /// `max_connections`.
    pub connections_max: i32,
    /// `shared_buffers` in bytes.
    pub shared_buffers: i64,
}

/// Connects once and fails where the server cannot be reached or is too old, in words for an
/// operator.
pub async fn probe(options: &PgConnectOptions) -> Result<Server, StoreError> {
    let asked = async {
        let mut connection = options.clone().disable_statement_logging().connect().await?;
        let server: Server = sqlx::query_as(
            r"
            select current_setting('server_version_num')::int4 as number,
                current_setting('server_version') as version,
                current_setting('max_connections')::int4 as connections_max,
                pg_size_bytes(current_setting('shared_buffers')) as shared_buffers
            ",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok::<_, StoreError>(server)
    };
    let server = tokio::time::timeout(PROBE_TIMEOUT, asked)
        .await
        .map_err(|_| StoreError::Sql(sqlx::Error::PoolTimedOut))??;
    if server.number < SERVER_OLDEST {
        return Err(StoreError::Schema(format!(
            "the Postgres server is version {}; Herald needs 14 or newer",
            server.version
        )));
    }
    Ok(server)
}
