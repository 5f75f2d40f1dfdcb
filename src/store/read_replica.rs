//! A read replica: a server that replays the log of the primary one, with the same rows a moment
//! later. What it can be asked, and whether reads may go to it now.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::PgExecutor;
use sqlx::postgres::PgConnectOptions;

use super::{Pool, StoreError, readers};

/// Longest a reader waits for a connection to it: the primary can answer in its place, so that
/// waiting as long as for the primary would only be time lost.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);

/// A place in the primary's log (LSN), in bytes: whoever has replayed as far has every commit that
/// was made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub i64);

/// The read replica of this process.
pub struct ReadReplica {
    /// Connections to it.
    pub pool: Pool,
    fit: AtomicBool,
}

impl ReadReplica {
    /// One that is not read from until it was found fit. Statements end after `limit`.
    pub fn open(options: &PgConnectOptions, connections_max: u32, limit: Duration) -> Self {
        let opened = readers::open_bounded(options.clone(), connections_max, limit);
        let settings = opened.options().clone().acquire_timeout(ACQUIRE_TIMEOUT);
        let pool = settings.connect_lazy_with(opened.connect_options().as_ref().clone());
        Self { pool, fit: AtomicBool::new(false) }
    }

    /// Whether reads may go to it.
    pub fn fits(&self) -> bool {
        self.fit.load(Ordering::Relaxed)
    }

    /// Says whether reads may go to it from now on.
    pub fn judge(&self, fit: bool) {
        self.fit.store(fit, Ordering::Relaxed);
    }
}

/// How far the primary's log is written: asked after a commit, at or behind that commit.
pub async fn written(primary: impl PgExecutor<'_>) -> Result<Place, StoreError> {
    let place = sqlx::query_scalar("select (pg_current_wal_insert_lsn() - pg_lsn '0/0')::int8")
        .fetch_one(primary)
        .await?;
    Ok(Place(place))
}

/// How far a server has replayed the primary's log; `None` for one that is no standby.
pub async fn replayed(server: impl PgExecutor<'_>) -> Result<Option<Place>, StoreError> {
    let place: Option<i64> = sqlx::query_scalar(
        r"select case when pg_is_in_recovery()
            then (coalesce(pg_last_wal_replay_lsn(), pg_lsn '0/0') - pg_lsn '0/0')::int8 end",
    )
    .fetch_one(server)
    .await?;
    Ok(place.map(Place))
}

/// The newest number of the public stream of the chain with this CAIP-2 id that a server has; 0
/// where it has none.
pub async fn told(server: impl PgExecutor<'_>, caip2: &str) -> Result<i64, StoreError> {
    let seq = sqlx::query_scalar(
        "select coalesce(max(next_seq) - 1, 0) from chain.streams where name = 'chain:' || $1",
    )
    .bind(caip2)
    .fetch_one(server)
    .await?;
    Ok(seq)
}
