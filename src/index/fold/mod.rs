//! Builds the ownership of contracts whose past is whole.
//!
//! `begin` notes up to which final block a contract is built; `parts` builds it from there in steps
//! of bounded size, each a transaction that locks nothing another writer waits for, because what is
//! final changes no more; `last` goes through the few transfers that came since, under the chain's
//! lock, so that no live commit or rewind changes them meanwhile and the next live commit finds the
//! contract ready and goes on from what was built.
//!
//! A pass claims one fold and does one step of it, so that several replicas build several contracts.
//! One whose step fails is left until its claim runs out, while others are built.

mod begin;
mod last;
mod parts;

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;

use super::{Context, unless_passing};
use crate::store::chains::{self, ChainRow};
use crate::store::folds::{self, Folding};
use crate::store::{StoreError, contracts, indexes};
use crate::work::{Pass, Topic, Worker};

/// How long a claim lasts unrenewed: a killed process is replaced within this time.
const LEASE: Duration = Duration::from_secs(30);
/// A claim is renewed so often while a step goes on: twice before it runs out.
const RENEW: Duration = Duration::from_secs(10);

/// How much one transaction does.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of each table that are removed at once, of what was built before.
    pub removed: i64,
    /// Transfers that are built at once by their tokens; a token is never cut.
    pub by_tokens: i64,
    /// Transfers that are gone through at once by their blocks; a block is never cut.
    pub by_blocks: i64,
    /// Transfers that are left for the last step, which holds the chain's lock.
    pub last: i64,
}

impl Default for Sizes {
    /// One to a few seconds each, and some tens of megabytes; the last step holds the lock for about
    /// as long as a live commit of a full pass.
    fn default() -> Self {
        Self { removed: 50_000, by_tokens: 200_000, by_blocks: 10_000, last: 1_000 }
    }
}

/// Folds the contracts of one chain.
pub struct Fold {
    context: Context,
    name: String,
    sizes: Sizes,
}

impl Fold {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        Self::sized(context, Sizes::default())
    }

    /// The same with steps of other sizes.
    pub fn sized(context: Context, sizes: Sizes) -> Self {
        Self { name: format!("fold {}", context.name), context, sizes }
    }

    async fn fold(&self) -> anyhow::Result<Pass> {
        let context = &self.context;
        let row = chains::load(&context.pool, context.key).await?;
        if !may_fold(context, &row) || !indexes::ready(&context.pool, context.key).await? {
            return Ok(Pass::Idle);
        }
        let claim = (&*context.owner, LEASE);
        let claimed = match folds::claim(&context.pool, context.key, claim).await? {
            None => begin::begin(context, claim).await?,
            claimed => claimed,
        };
        let Some(fold) = claimed else { return Ok(Pass::Idle) };
        let outcome = tokio::select! {
            outcome = self.step(&row, &fold) => outcome,
            never = self.keep(&fold) => match never {},
        };
        if matches!(outcome, Ok(Pass::Idle) | Err(StoreError::Fenced { .. })) {
            folds::give_back(&context.pool, &fold).await?;
        }
        match outcome {
            Err(error) => Err(self.named(&fold, error).await),
            Ok(pass) => Ok(pass),
        }
    }

    /// The failure of a step with the contract that it is of.
    async fn named(&self, fold: &Folding, error: StoreError) -> anyhow::Error {
        let found = contracts::by_keys(&self.context.pool, &[fold.contract]).await;
        let address = found.ok().and_then(|found| found.first().map(|it| it.address.to_string()));
        let contract = address.unwrap_or_else(|| format!("number {}", fold.contract.0));
        anyhow::Error::from(error).context(format!("building the ownership of contract {contract}"))
    }

    async fn step(&self, row: &ChainRow, fold: &Folding) -> Result<Pass, StoreError> {
        let (context, sizes) = (&self.context, &self.sizes);
        if !fold.done {
            parts::build(context, sizes, fold).await?;
            return Ok(Pass::Worked);
        }
        let to = final_block(row).unwrap_or(0);
        if parts::is_behind(context, sizes, fold, to).await? {
            parts::catch_up(context, sizes, fold, to).await?;
            return Ok(Pass::Worked);
        }
        last::step(context, sizes, fold).await
    }

    /// Renews the claim while a long step goes on.
    async fn keep(&self, fold: &Folding) -> Infallible {
        loop {
            tokio::time::sleep(RENEW).await;
            // A claim that is lost is left to the step's own fence.
            let _ = folds::renew(&self.context.pool, fold, LEASE).await;
        }
    }
}

/// Whether this release may build ownership on the chain: nobody has to decide about it, and no kind
/// of log is read that this release does not know of.
fn may_fold(context: &Context, row: &ChainRow) -> bool {
    row.is_followed() && context.reads(&row.log_kinds)
}

/// The newest stored block that is final.
fn final_block(row: &ChainRow) -> Option<u64> {
    let (checkpoint, _) = row.checkpoint?;
    Some(row.finalized.unwrap_or(0).min(checkpoint))
}

#[async_trait]
impl Worker for Fold {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn topic(&self) -> Option<Topic> {
        Some(Topic::Folds)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        unless_passing(self.fold().await)
    }
}
