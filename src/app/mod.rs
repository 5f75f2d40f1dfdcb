//! Builds every part of the daemon from its configuration and hands them to the supervisor. The
//! only place that knows all parts; it decides nothing else. `chains` makes the parts of each chain.

mod chains;
mod tasks;
mod reader;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use reader::reader;

use crate::api::{self, ApiState, CursorKey};
use crate::config::{ChainConfig, Config, Roles};
use crate::index::decision;
use crate::index::rewind::Outcome;
use crate::store::pool::{Pools, Shares, application_name};
use crate::store::read_replica::ReadReplica;
use crate::store::{self, Pool, claims, folds, leases, notify, secrets};
use crate::supervisor::{DRAIN, Supervisor, connections};
use crate::telemetry::metrics::Exporter;
use crate::upkeep::{Lookout, Presence};
use crate::work::{self, Topic, Wakes, Worker};

/// The API's statements end this much before its requests, so that a client is told of it.
const STATEMENT_MARGIN: Duration = Duration::from_millis(500);

/// Longest that the farewell to the database may take: with the supervisor's drain and the end of an
/// embedded server it stays below the ten seconds in which Herald ends.
const LET_GO: Duration = Duration::from_millis(500);

/// How long the others believe a process that is stopping to be there: through its drain and its
/// farewell, so that nobody ends its readers' connections.
const STOPPING: Duration = DRAIN.saturating_add(Duration::from_secs(2));

/// The daemon, built and bound, not yet running.
pub struct App {
    owner: Arc<str>,
    roles: Roles,
    presence: Arc<Presence>,
    pools: Pools,
    workers: Vec<Arc<dyn Worker>>,
    listener: TcpListener,
    address: SocketAddr,
    exporter: Exporter,
    request_timeout: Duration,
    cursors: [u8; 32],
    cors_origins: Arc<[String]>,
    replica: Option<Arc<ReadReplica>>,
}

impl App {
    /// Builds every part. The schema must be current; nodes need not answer.
    pub async fn build(
        config: &Config,
        database: PgConnectOptions,
        exporter: Exporter,
    ) -> anyhow::Result<Self> {
        let limit = statement_limit(config.http.request_timeout);
        let roles = config.roles;
        let owner: Arc<str> = owner()?.into();
        let shares = Shares::of(config.database.connections_max, roles.index, roles.api);
        let pools = Pools::open(&database, &owner, shares, limit);
        let presence = Arc::new(Presence::new(database, owner.clone()));
        // A frozen replica may hold the very rows that are needed now.
        let (wakes, never) = (Wakes::default(), CancellationToken::new());
        let workers = tokio::select! {
            made = chains::workers(config, &pools, &owner) => made?,
            () = work::drive(&*presence, &wakes, &never) => Vec::new(),
        };
        let listener = TcpListener::bind(config.http.listen).await.with_context(|| {
            format!("http.listen: {} cannot be listened on", config.http.listen)
        })?;
        let address = listener.local_addr().context("the listening address")?;
        let cursors = secrets::named(&pools.reads, secrets::CURSORS).await?;
        let request_timeout = config.http.request_timeout;
        Ok(Self {
            owner,
            roles,
            presence,
            pools,
            workers,
            listener,
            address,
            exporter,
            request_timeout,
            cursors,
            cors_origins: config.http.cors_origins.as_slice().into(),
            replica: None,
        })
    }

    /// Where the API answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Names this process in leases and in the names of its connections.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Has reads of the API answered by the read replica that these options reach, while it is fit. It
    /// need not answer now.
    pub fn read_from(&mut self, config: &Config, options: &PgConnectOptions) {
        if !self.roles.api {
            return;
        }
        let named = |name| options.clone().application_name(&application_name(name, &self.owner));
        let shares = Shares::of(config.database.connections_max, self.roles.index, true);
        let limit = self.request_timeout.saturating_sub(STATEMENT_MARGIN);
        let replica = Arc::new(ReadReplica::open(&named("reads"), shares.reads, limit));
        let (primary, lag_max) = (self.pools.work.clone(), config.database.read_lag_max);
        let lookout = Lookout::new(primary, &named("lookout"), replica.clone(), lag_max);
        self.workers.push(Arc::new(lookout));
        self.replica = Some(replica);
    }

    /// Adds a worker that only looks.
    pub fn beside(&mut self, worker: impl FnOnce(Pool) -> Arc<dyn Worker>) {
        self.workers.push(worker(self.pools.reads.clone()));
    }

    /// Runs until `stop`, which is also cancelled when a part that must not end has ended; then
    /// drains, and gives the leases back.
    pub async fn run(self, stop: CancellationToken) {
        let mut supervisor = Supervisor::new(stop.clone());
        let render = self.exporter.clone();
        let state = ApiState {
            pool: self.pools.reads.clone(),
            names: Arc::default(),
            cursors: CursorKey::new(&self.cursors),
            request_timeout: self.request_timeout,
            cors_origins: self.cors_origins,
            metrics: Arc::new(move || render.render()),
        };
        let router = if self.roles.api {
            api::router_beside(state, self.replica.clone())
        } else {
            api::bare_router(state)
        };
        let closing = stop.clone();
        let serve =
            move |stream| api::connection(stream, router.clone(), closing.clone(), api::PATIENCE);
        let http = connections(self.listener, api::CONNECTIONS_MAX, stop.clone(), serve);
        supervisor.task("http", http);
        let wakes = Wakes::default();
        if self.roles.index {
            let listening = tasks::wake_ups(self.pools.work.clone(), wakes.clone(), stop.clone());
            supervisor.task("wake-ups", listening);
        }
        supervisor.worker(self.presence.clone(), wakes.clone());
        let (presence, stopping) = (self.presence, stop.clone());
        supervisor.task("linger", async move {
            stopping.cancelled().await;
            presence.linger(STOPPING).await;
        });
        supervisor.task("gauges", tasks::gauges(self.pools.clone(), self.exporter, stop.clone()));
        for worker in self.workers {
            supervisor.worker(worker, wakes.clone());
        }
        supervisor.run().await;
        if tokio::time::timeout(LET_GO, let_go(&self.pools, &self.owner)).await.is_err() {
            tracing::debug!("the database was left without a farewell: it does not answer");
        }
    }
}

/// How long a statement of the API may take where a request may take `request`: less, at any length.
fn statement_limit(request: Duration) -> Duration {
    request - STATEMENT_MARGIN.min(request / 2)
}

/// Gives the leases back, which only spares the next one the wait until they run out, and closes
/// the connections.
async fn let_go(pools: &Pools, owner: &str) {
    let released = async {
        claims::release(&pools.work, owner).await?;
        leases::release(&pools.work, owner).await?;
        folds::release(&pools.work, owner).await?;
        // The next one need not wait for its timer either.
        notify::send(&pools.work, Topic::Leases.as_str()).await?;
        notify::send(&pools.work, Topic::Spans.as_str()).await
    };
    if let Err(error) = released.await {
        tracing::debug!("leases were not given back: {error}");
    }
    pools.close().await;
}

/// Takes the stored blocks of a chain above `to` back, by a person's decision.
pub async fn rewind(
    config: &ChainConfig,
    database: PgConnectOptions,
    to: u64,
) -> anyhow::Result<Outcome> {
    let pool = store::pool::open(database, 2);
    let row = store::chains::find(&pool, config.id).await?.with_context(|| {
        format!("{} was never followed: there is nothing to take back", config.name)
    })?;
    let context = chains::context(config, &pool, &row, &owner()?.into()).await?;
    let outcome = decision::take_back(&context, to).await;
    pool.close().await;
    outcome
}

/// A name for this process that no other one has, on any machine: at most 27 bytes, since Postgres
/// cuts `herald/presence/<owner>` off after 63.
fn owner() -> anyhow::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| anyhow::anyhow!("no random bytes from the system"))?;
    Ok(format!("{}-{}", std::process::id(), alloy::primitives::hex::encode(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_before_its_request_and_is_given_most_of_its_time() {
        for millis in [100, 999, 1_000, 10_000, 600_000] {
            let request = Duration::from_millis(millis);
            let limit = statement_limit(request);
            assert!(limit < request && limit >= request / 2, "{request:?}: {limit:?}");
        }
        assert_eq!(statement_limit(Duration::from_secs(10)), Duration::from_millis(9_500));
    }
}
