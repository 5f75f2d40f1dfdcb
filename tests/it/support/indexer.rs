//! The workers of one chain on a simulated node, moved pass by pass.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use herald::chain::Chain;
use herald::decode::{KINDS, LogKind};
use herald::index::fold::{Fold, Sizes};
use herald::index::indexes::Indexes;
use herald::index::live::LiveEdge;
use herald::index::load::Load;
use herald::index::probe::Probe;
use herald::index::track::Track;
use herald::index::{Context, Rules};
use herald::store::{Pool, chains};
use herald::types::Caip2;
use herald::upkeep::{Progress, Prune, Purge};
use herald::work::{Pass, Worker};
use rand::Rng;
use rand::rngs::SmallRng;
use sqlx::postgres::PgConnectOptions;

use super::sim::SimNode;

/// Most rounds until nothing is left to do; more means that a worker never rests.
const ROUNDS_MAX: usize = 5_000;

/// Sizes that make several steps of every fold.
const SIZES: Sizes = Sizes { removed: 3, by_tokens: 3, by_blocks: 3, last: 2 };

/// Id of the simulated chain.
pub(crate) const CHAIN: Caip2 = Caip2(31_337);

/// One replica's workers for the simulated chain.
pub(crate) struct Indexer {
    /// What the workers share.
    pub(crate) context: Context,
    workers: Vec<Box<dyn Worker>>,
}

impl Indexer {
    /// A replica named `owner`, with rules under which a test needs no patience.
    pub(crate) async fn new(pool: &Pool, node: SimNode, owner: &str) -> Self {
        Self::with_rules(pool, node, owner, rules()).await
    }

    /// The same under other rules.
    pub(crate) async fn with_rules(pool: &Pool, node: SimNode, owner: &str, rules: Rules) -> Self {
        Self::over(pool, (CHAIN, Arc::new(node)), owner, rules).await
    }

    /// The same for any chain of this id.
    pub(crate) async fn over(
        pool: &Pool,
        (id, chain): (Caip2, Arc<dyn Chain>),
        owner: &str,
        rules: Rules,
    ) -> Self {
        let mut tx = pool.begin().await.expect("a transaction");
        let key = chains::ensure(&mut tx, id, "sim").await.expect("the chain's row");
        tx.commit().await.expect("a commit");
        let context = Context {
            pool: pool.clone(),
            chain,
            key,
            id,
            name: "sim".into(),
            owner: owner.into(),
            rules,
            kinds: KINDS,
            asked: Arc::default(),
        };
        Self { workers: workers(&context), context }
    }

    /// The same replica of a release that reads these kinds of logs.
    pub(crate) fn reading(mut self, kinds: &'static [LogKind]) -> Self {
        self.context.kinds = kinds;
        self.workers = workers(&self.context);
        self
    }

    /// The same replica in a new process: connections and everything in memory are new, and its
    /// claims on folds have run out.
    async fn reborn(&mut self) {
        let options = PgConnectOptions::clone(&self.context.pool.connect_options());
        self.context.pool = herald::store::pool::open(options, 5);
        self.workers = workers(&self.context);
        sqlx::query("update chain.folds set lease_until = null where lease_owner = $1")
            .bind(&*self.context.owner)
            .execute(&self.context.pool)
            .await
            .expect("folds");
    }

    /// One pass of the live edge.
    pub(crate) async fn live(&self) -> anyhow::Result<Pass> {
        self.workers[0].pass().await
    }

    /// One pass of the worker that joins contracts.
    pub(crate) async fn track(&self) -> anyhow::Result<Pass> {
        self.workers[1].pass().await
    }

    /// One pass of the worker that loads the past.
    pub(crate) async fn load(&self) -> anyhow::Result<Pass> {
        self.workers[2].pass().await
    }

    /// One pass of the worker that builds ownership.
    pub(crate) async fn fold(&self) -> anyhow::Result<Pass> {
        self.workers[3].pass().await
    }

    /// One pass of the worker that builds indexes.
    pub(crate) async fn index(&self) -> anyhow::Result<Pass> {
        self.workers[7].pass().await
    }

    /// One pass of the worker that judges contracts and asks for their names.
    pub(crate) async fn probe(&self) -> anyhow::Result<Pass> {
        self.workers[9].pass().await
    }

    /// One pass of a worker taken by chance; now and then it dies at one of its awaits. Failures
    /// are what the next pass is for, and answered to whoever wants to know them.
    pub(crate) async fn some_pass(&mut self, rng: &mut SmallRng) -> Option<anyhow::Error> {
        let worker = &self.workers[rng.random_range(0..self.workers.len())];
        if rng.random_ratio(1, 4) {
            if dies_after(rng.random_range(1..40), worker.pass()).await {
                self.reborn().await;
            }
            None
        } else {
            worker.pass().await.err()
        }
    }

    /// A pass of the live edge that dies after so many polls, if it lives that long; the process is
    /// a new one then.
    pub(crate) async fn live_dies_after(&mut self, polls: u32) -> bool {
        let dies = dies_after(polls, self.workers[0].pass()).await;
        if dies {
            self.reborn().await;
        }
        dies
    }

    /// Passes of all workers until none finds work.
    pub(crate) async fn rest(&self) {
        self.rest_of(|_| true).await;
    }

    /// Passes of all workers but this one until none finds work.
    pub(crate) async fn rest_but(&self, idle: &str) {
        self.rest_of(|worker| !worker.name().starts_with(idle)).await;
    }

    async fn rest_of(&self, works: impl Fn(&dyn Worker) -> bool) {
        for _ in 0..ROUNDS_MAX {
            let mut worked = false;
            for worker in self.workers.iter().filter(|worker| works(worker.as_ref())) {
                let pass = worker.pass().await.unwrap_or_else(|error| {
                    panic!("{} fails though nothing is wrong: {error:#}", worker.name())
                });
                worked |= pass == Pass::Worked;
            }
            if !worked {
                return;
            }
        }
        panic!("a worker still finds work after {ROUNDS_MAX} rounds");
    }
}

/// Rules of a chain whose node has a `finalized` tag and honest blooms.
pub(crate) fn rules() -> Rules {
    Rules {
        finalized_tag: true,
        finality_depth: Duration::from_secs(900),
        block_time: Duration::from_secs(12),
        trust_bloom: true,
        range_max: 7,
    }
}

/// Polls `work` at most `polls` times and drops it then, wherever it is; whether it came to that.
async fn dies_after<T>(mut polls: u32, work: impl Future<Output = T>) -> bool {
    let mut work = pin!(work);
    std::future::poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(true);
        }
        polls -= 1;
        work.as_mut().poll(cx).map(|_| false)
    })
    .await
}

fn workers(context: &Context) -> Vec<Box<dyn Worker>> {
    vec![
        Box::new(LiveEdge::new(context.clone())),
        Box::new(Track::new(context.clone())),
        Box::new(Load::new(context.clone(), 0)),
        Box::new(Fold::sized(context.clone(), SIZES)),
        Box::new(Prune::new(context.pool.clone(), context.key, &context.name)),
        Box::new(Load::new(context.clone(), 1)),
        Box::new(Purge::new(context.pool.clone(), context.key, &context.name)),
        Box::new(Indexes::new(context.clone())),
        Box::new(Progress::new(context.pool.clone(), context.key, &context.name)),
        Box::new(Probe::new(context.clone())),
    ]
}
