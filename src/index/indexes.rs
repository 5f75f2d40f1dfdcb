//! Builds the secondary indexes of a chain's transfers once its first load is done.
//!
//! A load into a table without them takes half the time, and one build at the end is cheaper than
//! keeping them. Later loads keep them: readers use them. A pass builds one index beside writers,
//! under a lease; one that a killed process left unfinished is waited for, and built again if nobody
//! finishes it. Folds wait for the indexes, which they read.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::{Context, unless_passing};
use crate::store::leases::{self, Lease};
use crate::store::{StoreError, chains, indexes, notify};
use crate::work::{Pass, Topic, Worker};

/// How long a replica may build unrenewed: a lost one is replaced within this time.
const LEASE: Duration = Duration::from_secs(15);
/// The lease is renewed so often while an index is built: twice before it runs out.
const RENEW: Duration = Duration::from_secs(5);
/// Failures in a row after which a span waits for a person or for a node to come back, so the first
/// load is taken for done without it: three minutes, since the pauses between tries grow to ten
/// seconds.
pub const FAILURES_MAX: i32 = 24;
/// How long contracts whose pasts are whole wait for those of others: a build in the middle of a load
/// doubles its rest at worst, and no past is to keep the others from being answered.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// Builds the indexes of one chain.
pub struct Indexes {
    context: Context,
    name: String,
    lease: String,
    /// They were there when this process looked last, and stay.
    ready: AtomicBool,
}

impl Indexes {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        Self {
            name: format!("indexes {}", context.name),
            lease: format!("indexes:{}", context.id),
            ready: AtomicBool::new(false),
            context,
        }
    }

    async fn work(&self) -> Result<Pass, StoreError> {
        let Context { pool, key, owner, .. } = &self.context;
        if self.ready.load(Ordering::Relaxed) {
            return Ok(Pass::Idle);
        }
        if indexes::ready(pool, *key).await? {
            self.ready.store(true, Ordering::Relaxed);
            return Ok(Pass::Idle);
        }
        if !indexes::due(pool, *key, FAILURES_MAX, WAIT_MAX).await? {
            return Ok(Pass::Idle);
        }
        let Some(lease) = leases::acquire(pool, &self.lease, owner, LEASE).await? else {
            return Ok(Pass::Idle);
        };
        tokio::select! {
            outcome = self.step(&lease) => outcome,
            never = self.keep(&lease) => match never {},
        }
    }

    /// Builds one index, or says that none is missing.
    async fn step(&self, lease: &Lease) -> Result<Pass, StoreError> {
        let Context { pool, key, name, id, .. } = &self.context;
        indexes::begin(pool, *key).await?;
        let mut connection = indexes::connect(pool).await?;
        let mut missing = indexes::missing(&mut connection, *key).await?;
        if missing.as_ref().is_some_and(|index| index.unfinished) {
            indexes::wait(&mut connection, *key).await?;
            missing = indexes::missing(&mut connection, *key).await?;
        }
        let Some(index) = missing else {
            indexes::analyze(&mut connection, *key).await?;
            return self.finish(lease).await;
        };
        if index.unfinished {
            indexes::remove(&mut connection, &index).await?;
        }
        indexes::build(&mut connection, *key, &index).await?;
        tracing::info!(chain.id = %id, "{name} has built the index {}", index.name);
        Ok(Pass::Worked)
    }

    async fn finish(&self, lease: &Lease) -> Result<Pass, StoreError> {
        let Context { pool, key, .. } = &self.context;
        let mut tx = pool.begin().await?;
        chains::lock(&mut tx, *key).await?;
        leases::check(&mut tx, lease).await?;
        indexes::finish(&mut *tx, *key).await?;
        tx.commit().await?;
        leases::give_back(pool, lease).await?;
        notify::send(pool, Topic::Folds.as_str()).await?;
        Ok(Pass::Worked)
    }

    /// Renews the lease while an index is built. One that is lost does no harm: whoever takes it waits
    /// for the statement to end.
    async fn keep(&self, lease: &Lease) -> Infallible {
        let Context { pool, owner, .. } = &self.context;
        loop {
            tokio::time::sleep(RENEW).await;
            let _ = leases::acquire(pool, &lease.name, owner, LEASE).await;
        }
    }
}

#[async_trait]
impl Worker for Indexes {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        let ready = self.ready.load(Ordering::Relaxed);
        if ready { Duration::from_secs(60) } else { Duration::from_secs(1) }
    }

    fn topic(&self) -> Option<Topic> {
        Some(Topic::Indexes)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        unless_passing(self.work().await.map_err(anyhow::Error::from))
    }
}
