//! Builds every part of the daemon from its configuration and hands them to the supervisor. The
//! only place that knows all parts; it decides nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api::{self, ApiState};
use crate::chain;
use crate::config::{ChainConfig, Config};
use crate::index::decision;
use crate::index::fold::Fold;
use crate::index::live::LiveEdge;
use crate::index::load::Load;
use crate::index::rewind::Outcome;
use crate::index::track::{self, Track};
use crate::index::{Context, KINDS, Rules};
use crate::store::chains::{self, ChainRow};
use crate::store::pool::Pools;
use crate::store::wishes::Tracked;
use crate::store::{self, Pool, leases, spans};
use crate::supervisor::{Supervisor, connections};
use crate::telemetry::metrics::{self, Connection, Exporter};
use crate::upkeep::{Prune, Purge};
use crate::work::{self, Wakes, Worker};

/// The API's statements end this much before its requests, so that a client is told of it.
const STATEMENT_MARGIN: Duration = Duration::from_millis(500);

/// How often gauges of the process itself are taken, and histograms folded.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

/// Pause before listening for wake-ups again after the connection was lost.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Longest that the farewell to the database may take: with the supervisor's drain and the end of an
/// embedded server it stays below the ten seconds in which Herald ends.
const LET_GO: Duration = Duration::from_millis(500);

/// The daemon, built and bound, not yet running.
pub struct App {
    owner: Arc<str>,
    pools: Pools,
    workers: Vec<Arc<dyn Worker>>,
    listener: TcpListener,
    address: SocketAddr,
    exporter: Exporter,
    request_timeout: Duration,
}

impl App {
    /// Builds every part. The schema must be current; nodes need not answer.
    pub async fn build(
        config: &Config,
        database: PgConnectOptions,
        exporter: Exporter,
    ) -> anyhow::Result<Self> {
        let limit = config.http.request_timeout.saturating_sub(STATEMENT_MARGIN);
        let pools = Pools::open(&database, config.database.connections_max, limit);
        let owner: Arc<str> = owner()?.into();
        let mut workers = Vec::new();
        for chain in &config.chains {
            let workers_of = follow(chain, &pools, &owner).await;
            workers.extend(workers_of.with_context(|| format!("chain {}", chain.name))?);
        }
        let listener = TcpListener::bind(config.http.listen).await.with_context(|| {
            format!("http.listen: {} cannot be listened on", config.http.listen)
        })?;
        let address = listener.local_addr().context("the listening address")?;
        let request_timeout = config.http.request_timeout;
        Ok(Self { owner, pools, workers, listener, address, exporter, request_timeout })
    }

    /// Where the API answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `stop`, which is also cancelled when a part that must not end has ended; then
    /// drains, and gives the leases back.
    pub async fn run(self, stop: CancellationToken) {
        let mut supervisor = Supervisor::new(stop.clone());
        let render = self.exporter.clone();
        let state = ApiState {
            pool: self.pools.reads.clone(),
            request_timeout: self.request_timeout,
            metrics: Arc::new(move || render.render()),
        };
        let (router, closing) = (api::router(state), stop.clone());
        let serve = move |stream| api::connection(stream, router.clone(), closing.clone());
        let http = connections(self.listener, api::CONNECTIONS_MAX, stop.clone(), serve);
        supervisor.task("http", http);
        let wakes = Wakes::default();
        supervisor.task("wake-ups", wake_ups(self.pools.work.clone(), wakes.clone(), stop.clone()));
        supervisor.task("gauges", gauges(self.pools.clone(), self.exporter, stop.clone()));
        for worker in self.workers {
            supervisor.worker(worker, wakes.clone());
        }
        supervisor.run().await;
        if tokio::time::timeout(LET_GO, let_go(&self.pools, &self.owner)).await.is_err() {
            tracing::debug!("the database was left without a farewell: it does not answer");
        }
    }
}

/// Gives the leases back, which only spares the next one the wait until they run out, and closes
/// the connections.
async fn let_go(pools: &Pools, owner: &str) {
    let released = async {
        leases::release(&pools.work, owner).await?;
        spans::release(&pools.work, owner).await
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
    let row = chains::find(&pool, config.id).await?.with_context(|| {
        format!("{} was never followed: there is nothing to take back", config.name)
    })?;
    let context = context(config, &pool, &row, &owner()?.into())?;
    let outcome = decision::take_back(&context, to).await;
    pool.close().await;
    outcome
}

/// The chain's row, its configured contracts and its workers.
async fn follow(
    config: &ChainConfig,
    pools: &Pools,
    owner: &Arc<str>,
) -> anyhow::Result<Vec<Arc<dyn Worker>>> {
    let pool = &pools.work;
    let mut tx = pool.begin().await?;
    let key = chains::ensure(&mut tx, config.id, &config.name).await?;
    let row = chains::load(&mut *tx, key).await?;
    tx.commit().await?;
    let context = context(config, pool, &row, owner)?;
    let wanted: Vec<Tracked> = config
        .contracts
        .iter()
        .map(|contract| Tracked {
            chain: key,
            address: contract.address,
            standard: contract.standard,
            start_block: Some(contract.start_block),
        })
        .collect();
    track::ensure(&context, &wanted).await?;
    let mut workers: Vec<Arc<dyn Worker>> = vec![
        Arc::new(LiveEdge::new(Context { pool: pools.live.clone(), ..context.clone() })),
        Arc::new(Track::new(context.clone())),
        Arc::new(Fold::new(context.clone())),
        Arc::new(Prune::new(pool.clone(), key, &config.name)),
        Arc::new(Purge::new(pool.clone(), key, &config.name)),
    ];
    for which in 0..config.load_workers {
        workers.push(Arc::new(Load::new(context.clone(), which)));
    }
    Ok(workers)
}

fn context(
    config: &ChainConfig,
    pool: &Pool,
    row: &ChainRow,
    owner: &Arc<str>,
) -> anyhow::Result<Context> {
    let nodes = chain::connect(config)?;
    if let Some(genesis) = row.genesis {
        nodes.expect_genesis(genesis);
    }
    Ok(Context {
        pool: pool.clone(),
        chain: Arc::new(nodes),
        key: row.key,
        id: config.id,
        name: config.name.as_str().into(),
        owner: owner.clone(),
        rules: Rules {
            finalized_tag: config.finalized_tag,
            finality_depth: config.finality_depth,
            block_time: config.block_time,
            trust_bloom: config.trust_bloom,
            range_max: config.range_max,
        },
        kinds: KINDS,
        asked: Arc::default(),
    })
}

/// A name for this process that no other one has, on any machine.
fn owner() -> anyhow::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| anyhow::anyhow!("no random bytes from the system"))?;
    Ok(format!("{}-{}", std::process::id(), alloy::primitives::hex::encode(random)))
}

async fn wake_ups(pool: Pool, wakes: Wakes, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            outcome = work::listen(&pool, &wakes) => if let Err(error) = outcome {
                tracing::debug!("wake-ups are not heard, timers go on: {error}");
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
        }
    }
}

async fn gauges(pools: Pools, exporter: Exporter, stop: CancellationToken) {
    loop {
        let open: u32 = pools.all().into_iter().map(Pool::size).sum();
        let idle: usize = pools.all().into_iter().map(Pool::num_idle).sum();
        metrics::database_connections(Connection::Idle).set(idle as f64);
        metrics::database_connections(Connection::InUse).set(f64::from(open) - idle as f64);
        exporter.upkeep();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(GAUGES_EVERY) => {}
        }
    }
}
