//! Opening the database: pools, session settings, and whether the server will do.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

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

/// Least connections of the live edges: one commits while the other renews the lease.
const LIVE_MIN: u32 = 2;

/// Least connections of the other workers: one listens for wake-ups for good.
const WORK_MIN: u32 = 2;

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

/// How many connections each pool opens at most, and one more says that the process is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// For the live edges.
    pub live: u32,
    /// For all other workers.
    pub work: u32,
    /// For readers.
    pub reads: u32,
}

impl Shares {
    /// All but one of `connections_max`, which is at least 6. With workers (`index`) and readers
    /// (`api`) these take half; the live edges take a third of what the workers have. Without
    /// readers one is left for `/health/ready`, without workers one for the start and the end.
    pub fn of(connections_max: u32, index: bool, api: bool) -> Self {
        let all = connections_max.saturating_sub(1);
        if !index {
            return Self { live: 0, work: 1, reads: all.saturating_sub(1).max(1) };
        }
        let most = all.saturating_sub(LIVE_MIN + WORK_MIN).max(1);
        let reads = if api { (all / 2).clamp(1, most) } else { 1 };
        let live = ((all - reads) / 3).max(LIVE_MIN);
        Self { live, work: (all - reads).saturating_sub(live).max(WORK_MIN), reads }
    }
}

impl Pools {
    /// Pools that connect as the process `owner`; statements of readers end after `limit`.
    pub fn open(options: &PgConnectOptions, owner: &str, shares: Shares, limit: Duration) -> Self {
        let named = |pool| options.clone().application_name(&application_name(pool, owner));
        Self {
            live: open(named("live"), shares.live.max(1)),
            work: open(named("work"), shares.work),
            reads: open_bounded(named("reads"), shares.reads, limit),
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

/// What the connections of a process say of themselves in `pg_stat_activity`; those of a process
/// that has vanished are found by it. Postgres cuts names off after 63 bytes.
pub fn application_name(pool: &str, owner: &str) -> String {
    format!("herald/{pool}/{owner}")
}

/// One connection that belongs to no pool, so that no load keeps anybody from it. Its statements
/// end after `limit`, and its commits do not wait for the disk.
pub async fn connect(
    options: &PgConnectOptions,
    name: &str,
    limit: Duration,
) -> Result<PgConnection, StoreError> {
    let limit = limit.as_millis().max(1).to_string();
    let options = options.clone().application_name(name).options([
        ("statement_timeout", limit.as_str()),
        ("synchronous_commit", "off"),
        ("jit", "off"),
    ]);
    Ok(options.connect().await?)
}

/// A pool of at most `connections_max` connections; connects lazily.
pub fn open(options: PgConnectOptions, connections_max: u32) -> Pool {
    let options = options.options([
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

/// The same for readers: with statements that the server ends after `limit`, because a request that
/// gave up leaves its statement running, and that are planned once a connection. Each read has its own
/// statement for its own index; to plan one anew costs several times what it costs to run it. And because
/// such a plan is made before anybody knows how few rows a page has, indexes are preferred to reading a
/// table whole, and reading in the order of an index to sorting.
pub fn open_bounded(options: PgConnectOptions, connections_max: u32, limit: Duration) -> Pool {
    let limit = limit.as_millis().max(1).to_string();
    let readers = [
        ("statement_timeout", limit.as_str()),
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("random_page_cost", "1.1"),
    ];
    open(options.options(readers), connections_max)
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
    /// How many of them are kept for superusers and the like.
    pub connections_kept: i32,
    /// `shared_buffers` in bytes.
    pub shared_buffers: i64,
}

impl Server {
    /// How many connections it leaves to users such as Herald's.
    pub fn connections_left(&self) -> u32 {
        u32::try_from(self.connections_max.saturating_sub(self.connections_kept)).unwrap_or(0)
    }

    /// What a replica that opens at most `connections_max` takes of them, in words.
    pub fn share(&self, connections_max: u32) -> String {
        format!(
            "a replica opens at most {connections_max} connections, the server leaves {} of its {}",
            self.connections_left(),
            self.connections_max
        )
    }

    /// Whether two replicas fit, as while one takes over from another.
    pub fn takes_two(&self, connections_max: u32) -> bool {
        self.connections_left() >= connections_max.saturating_mul(2)
    }
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
                current_setting('superuser_reserved_connections')::int4
                    + coalesce(current_setting('reserved_connections', true)::int4, 0)
                    as connections_kept,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_keep_to_the_bound_and_starve_nobody() {
        for max in 6..=1000 {
            for (index, api) in [(true, true), (true, false), (false, true)] {
                let Shares { live, work, reads } = Shares::of(max, index, api);
                assert_eq!(1 + live + work + reads, max, "{max} {index} {api}");
                assert!(reads >= 1 && work >= 1);
                assert!(!index || (live >= 2 && work >= 2), "{max}: {live} {work}");
            }
        }
        assert_eq!(Shares::of(20, true, true), Shares { live: 3, work: 7, reads: 9 });
        assert_eq!(Shares::of(20, false, true), Shares { live: 0, work: 1, reads: 18 });
    }
}
