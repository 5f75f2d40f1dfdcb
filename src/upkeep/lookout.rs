//! Watches the read replica: whether it answers, belongs to this database, and keeps up. Reads go to
//! it only while all of that holds; nothing else waits for it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;

use crate::store::read_replica::{self, Place, ReadReplica};
use crate::store::{Pool, StoreError, readers, secrets};
use crate::telemetry::metrics;
use crate::work::{Pass, Worker};

/// Pause between passes: how long a replica that fails or falls behind is still read from.
const EVERY: Duration = Duration::from_secs(1);
/// Longest it may take to answer: one that is slower is no help to readers.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// Most places of the log that are remembered until they are replayed: an hour of passes.
const PLACES_MAX: usize = 3600;

/// What a pass found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Fit,
    Silent(String),
    NoStandby,
    OtherDatabase,
    Behind,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fit => f.write_str("it has caught up"),
            Self::Silent(why) => write!(f, "it does not answer: {why}"),
            Self::NoStandby => f.write_str("it is no standby: it replays nobody's log"),
            Self::OtherDatabase => f.write_str("it holds another database than the primary"),
            Self::Behind => f.write_str("it lags more than database.read_lag_max_ms"),
        }
    }
}

/// The worker that watches.
pub struct Lookout {
    primary: Pool,
    // Of its own, so that no load of readers looks like an outage.
    look: Pool,
    replica: Arc<ReadReplica>,
    lag_max: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where the primary's log was, and when; oldest first, without what is replayed.
    places: VecDeque<(Instant, Place)>,
    /// Tells this database from every other one.
    identity: Option<[u8; 32]>,
    /// What was found last.
    verdict: Option<Verdict>,
}

impl Lookout {
    /// Over the replica that `options` reach. One that lags more than `lag_max` is left out.
    pub fn new(
        primary: Pool,
        options: &PgConnectOptions,
        replica: Arc<ReadReplica>,
        lag_max: Duration,
    ) -> Self {
        let look = readers::open_bounded(options.clone(), 1, LOOK_MAX);
        Self { primary, look, replica, lag_max, state: Mutex::default() }
    }

    async fn verdict(&self, state: &mut State) -> Verdict {
        let silent = |error: StoreError| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Verdict::Silent(cause.unwrap_or_else(|| error.to_string()))
        };
        if let Err(error) = self.note(state).await {
            tracing::debug!("the primary does not say how far it is: {error}");
        }
        let asked = async {
            let replayed = read_replica::replayed(&self.look).await?;
            Ok((replayed, secrets::named(&self.look, secrets::CURSORS).await?))
        };
        let late = |_| Err(StoreError::Sql(sqlx::Error::PoolTimedOut));
        let (replayed, identity) =
            match tokio::time::timeout(LOOK_MAX, asked).await.unwrap_or_else(late) {
                Ok(seen) => seen,
                Err(error) => return silent(error),
            };
        let Some(replayed) = replayed else { return Verdict::NoStandby };
        if state.identity != Some(identity) {
            return Verdict::OtherDatabase;
        }
        while state.places.front().is_some_and(|(_, place)| *place <= replayed) {
            state.places.pop_front();
        }
        let lag = state.places.front().map_or(Duration::ZERO, |(since, _)| since.elapsed());
        metrics::read_replica_lag().set(lag.as_secs_f64());
        if lag > self.lag_max { Verdict::Behind } else { Verdict::Fit }
    }

    /// Notes how far the primary is.
    async fn note(&self, state: &mut State) -> Result<(), StoreError> {
        if state.identity.is_none() {
            state.identity = Some(secrets::named(&self.primary, secrets::CURSORS).await?);
        }
        let place = read_replica::written(&self.primary).await?;
        let grown = state.places.back().is_none_or(|(_, last)| *last < place);
        if grown && state.places.len() < PLACES_MAX {
            state.places.push_back((Instant::now(), place));
        }
        Ok(())
    }
}

#[async_trait]
impl Worker for Lookout {
    fn name(&self) -> &str {
        "read replica"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        let mut state = self.state.lock().await;
        let verdict = self.verdict(&mut state).await;
        let fit = verdict == Verdict::Fit;
        self.replica.judge(fit);
        metrics::read_replica_used().set(if fit { 1.0 } else { 0.0 });
        if state.verdict.as_ref() != Some(&verdict) {
            match fit {
                true => tracing::info!("reads go to the read replica: {verdict}"),
                false => {
                    tracing::warn!("reads go to the primary, not to the read replica: {verdict}")
                }
            }
        }
        state.verdict = Some(verdict);
        Ok(Pass::Idle)
    }
}
