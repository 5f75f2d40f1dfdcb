//! Says that this replica is there, and buries those that have vanished.
//!
//! A replica that is gone leaves leases and claims behind, a frozen one its locks too; burying ends
//! its connections and gives back what it held, at most [`LENGTH`] and two passes after it was last
//! there: 2.5 + 2 × 0.75 = 4 s. Whoever was buried alive finds its connections gone, its passes fail
//! once, and it says again that it is there; what it had in hand is void.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;

use crate::store::replicas::{self, Burial};
use crate::store::{StoreError, notify, pool};
use crate::telemetry::metrics;
use crate::work::{Pass, Topic, Worker};

/// How long a replica counts as there unsaid.
const LENGTH: Duration = Duration::from_millis(2_500);
/// Pause between passes: three of them may fail before others think that this replica is gone.
const EVERY: Duration = Duration::from_millis(750);
/// Longest a statement may take, by the server's clock: a burial that waits for a lock longer is
/// tried again.
const STATEMENT_MAX: Duration = Duration::from_secs(1);
/// Longest a pass may take, so that the next one comes before [`LENGTH`] is over; then its connection
/// is thrown away, as one that a network has lost.
const PASS_MAX: Duration = Duration::from_millis(1_500);
/// Passes without a gap before anybody is buried: 4 × 0.75 s after an outage of the database
/// everybody else has said that it is there.
const PASSES_BEFORE: u32 = 4;
/// Most burials in one pass; more replicas hardly die at once.
const BURIALS_MAX: usize = 8;

/// The presence of this process.
pub struct Presence {
    options: PgConnectOptions,
    owner: Arc<str>,
    application: String,
    state: Mutex<State>,
}

/// What is worth remembering from one pass to the next; losing it only delays a burial.
#[derive(Default)]
struct State {
    /// Of no pool, so that no load keeps this process from saying that it is there.
    connection: Option<PgConnection>,
    /// When a pass last went well, and how many have since the last gap.
    went: Option<(Instant, u32)>,
    /// Who had vanished in the last pass.
    vanished: HashSet<String>,
    /// Whether it was said that frozen connections cannot be ended.
    complained: bool,
}

impl Presence {
    /// The presence of `owner` in the database that `options` reach.
    pub fn new(options: PgConnectOptions, owner: Arc<str>) -> Self {
        let application = pool::application_name("presence", &owner);
        Self { options, owner, application, state: Mutex::default() }
    }

    /// Says that this process is there for `length` more, as before a stop that takes longer than
    /// it usually says. Without a database nobody is told.
    pub async fn linger(&self, length: Duration) {
        let staying = async {
            let mut state = self.state.lock().await;
            let mut connection = self.connected(&mut state).await?;
            replicas::stay(&mut connection, &self.owner, length).await
        };
        if !matches!(tokio::time::timeout(PASS_MAX, staying).await, Ok(Ok(()))) {
            tracing::debug!("the others were not told that this replica is stopping");
        }
    }

    async fn step(&self, state: &mut State) -> Result<(), StoreError> {
        // Not put back where the pass fails or is dropped: the next one begins with a new one.
        let mut connection = self.connected(state).await?;
        replicas::stay(&mut connection, &self.owner, LENGTH).await?;
        let others = replicas::others(&mut connection, &self.owner).await?;
        metrics::replicas().set(1.0 + others.iter().filter(|other| !other.vanished).count() as f64);
        let passes = match state.went {
            Some((at, passes)) if at.elapsed() < LENGTH => passes.saturating_add(1),
            _ => 0,
        };
        let before = std::mem::take(&mut state.vanished);
        let vanished = others.into_iter().filter(|other| other.vanished).map(|other| other.owner);
        if passes >= PASSES_BEFORE {
            state.vanished = vanished.collect();
        }
        state.went = Some((Instant::now(), passes));
        let twice = state.vanished.iter().filter(|owner| before.contains(*owner));
        let twice: Vec<String> = twice.take(BURIALS_MAX).cloned().collect();
        for owner in twice {
            if let Some(burial) = replicas::bury(&mut connection, &owner).await? {
                notify::send(&mut connection, Topic::Leases.as_str()).await?;
                notify::send(&mut connection, Topic::Spans.as_str()).await?;
                tell(&owner, burial, &mut state.complained);
            }
        }
        state.connection = Some(connection);
        Ok(())
    }

    async fn connected(&self, state: &mut State) -> Result<PgConnection, StoreError> {
        if let Some(connection) = state.connection.take() {
            return Ok(connection);
        }
        let mut connection = pool::connect(&self.options, &self.application, STATEMENT_MAX).await?;
        if !state.complained && !replicas::named(&mut connection, &self.application).await? {
            state.complained = true;
            tracing::warn!(
                "pg_stat_activity does not show the names of Herald's connections, as behind some \
                 poolers: the locks of a replica that freezes stay until its connections end"
            );
        }
        Ok(connection)
    }
}

fn tell(owner: &str, burial: Burial, complained: &mut bool) {
    metrics::replicas_buried().increment(1);
    let (connections, leases) = (burial.connections.unwrap_or(0), burial.leases);
    tracing::warn!(
        replica = owner,
        connections,
        leases,
        claims = burial.claims,
        "replica {owner} has vanished: {connections} of its connections were ended, {leases} \
         leases and {} claims given back",
        burial.claims
    );
    if burial.connections.is_none() && !*complained {
        *complained = true;
        tracing::warn!(
            "the database user may not call pg_terminate_backend: the locks of a replica that \
             freezes stay until its connections end"
        );
    }
}

#[async_trait]
impl Worker for Presence {
    fn name(&self) -> &str {
        "presence"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn retries_within(&self) -> Duration {
        EVERY
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        let mut state = self.state.lock().await;
        match tokio::time::timeout(PASS_MAX, self.step(&mut state)).await {
            Ok(done) => done?,
            Err(_) => anyhow::bail!("the database has not answered for {PASS_MAX:?}"),
        }
        Ok(Pass::Idle)
    }
}
