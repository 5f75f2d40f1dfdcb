//! The live edge forward: the blocks that the plan has linked, and after them those read ahead.
//!
//! Lots are committed one after the other, each through the same fences. What was read ahead is
//! dropped as soon as it does not stand on the block committed before it, or the filter that it was
//! read with is not the one in force any more; the next pass then plans anew. Logs are decoded in
//! order, just before their commit, because how a contract is read follows from what was committed
//! before.

use std::collections::HashMap;
use std::time::Instant;

use alloy::primitives::B256;

use super::ahead::{Ahead, Reach};
use super::commit::{Batch, commit};
use super::condition::Condition;
use super::lot::{self, Lot};
use super::settle::Sight;
use super::view::View;
use super::{Context, fetch, read};
use crate::chain::Header;
use crate::store::chains;
use crate::store::contracts::{self, Contract};
use crate::store::leases::Lease;
use crate::telemetry::metrics;
use crate::work::Pass;

/// What advances a chain in one pass.
pub(super) struct Advance<'a> {
    pub(super) context: &'a Context,
    pub(super) lease: &'a Lease,
    pub(super) condition: &'a Condition,
    pub(super) sight: &'a Sight,
    pub(super) reach: &'a Reach,
}

/// Where a pass stands between two commits.
struct Front {
    /// The last committed block.
    at: (u64, B256),
    /// The filter that everything in this pass is read with.
    filter_version: i64,
    /// Its contracts, as far as is known how they are read.
    contracts: Vec<Contract>,
    /// Whether lots before may have shown more of that.
    stale: bool,
}

impl Front {
    /// Looks again at how the contracts are read of which a lot before may have shown it; whether the
    /// filter is still the same. Which of them are ready the commit finds out.
    async fn renew(&mut self, context: &Context) -> anyhow::Result<bool> {
        if !self.stale {
            return Ok(true);
        }
        self.stale = false;
        if chains::load(&context.pool, context.key).await?.filter_version != self.filter_version {
            return Ok(false);
        }
        let open = |contract: &&mut Contract| contract.standard.is_none();
        let keys: Vec<_> = self.contracts.iter_mut().filter(open).map(|it| it.key).collect();
        if !keys.is_empty() {
            let known = contracts::by_keys(&context.pool, &keys).await?;
            let mut known: HashMap<_, _> = known.into_iter().map(|it| (it.key, it)).collect();
            for contract in self.contracts.iter_mut().filter(open) {
                *contract = known.remove(&contract.key).unwrap_or_else(|| contract.clone());
            }
        }
        Ok(true)
    }
}

impl Advance<'_> {
    /// Commits the blocks in `view` up to `to`, then those above them up to `until`.
    pub(super) async fn run(&self, view: &View, (to, until): (u64, u64)) -> anyhow::Result<Pass> {
        let Self { context, reach, .. } = *self;
        let at = view.facts.checkpoint;
        let headers: Vec<Header> =
            view.headers.range(at.0 + 1..=to).map(|(_, header)| header.clone()).collect();
        let (filter_version, asked) = contracts::followed(&context.pool, context.key).await?;
        let mut front = Front { at, filter_version, contracts: asked.clone(), stale: false };
        let logs = fetch::logs(context, &asked, &headers).await?;
        let mut lot = Lot { headers, logs };
        let mut ahead = Ahead::new(context, reach, &asked, (to + 1, until));
        loop {
            let whole = tokio::select! {
                whole = self.write(&mut front, lot) => whole?,
                never = ahead.read() => match never {},
            };
            if !whole {
                tracing::debug!(chain.id = %context.id, "other contracts are followed now");
                return Ok(Pass::Worked);
            }
            lot = match ahead.next().await {
                None => break,
                Some(Ok(next)) if next.stands_on(front.at) => next,
                Some(Ok(_)) => {
                    let above = front.at.0 + 1;
                    tracing::debug!(chain.id = %context.id, "block {above} does not link");
                    return Ok(Pass::Worked);
                }
                Some(Err(error)) => {
                    // The next pass asks again, and fails where that fails.
                    tracing::debug!(chain.id = %context.id, "reading ahead failed: {error}");
                    reach.failed();
                    return Ok(Pass::Worked);
                }
            };
        }
        reach.held();
        let is_behind = front.at.0 < self.sight.head.latest.number;
        Ok(if is_behind { Pass::Worked } else { Pass::Idle })
    }

    /// Commits a lot, in as many transactions as it takes; whether the filter let all of it pass.
    async fn write(&self, front: &mut Front, lot: Lot) -> anyhow::Result<bool> {
        let Lot { mut headers, logs } = lot;
        if !front.renew(self.context).await? {
            return Ok(false);
        }
        let mut transfers = read::decoded(self.context, &front.contracts, &logs).await?;
        drop(logs);
        while !headers.is_empty() {
            let rest = lot::fit(&mut headers, &mut transfers);
            let batch = Batch {
                expected: front.at,
                filter_version: front.filter_version,
                contracts: &front.contracts,
                headers: &headers,
                transfers: &transfers,
                sight: self.sight,
            };
            self.commit(&batch).await?;
            let last = headers.last().map(|header| (header.block.number, header.block.hash));
            front.at = last.unwrap_or(front.at);
            front.stale = true;
            let head = self.sight.head.latest.number;
            self.condition.stands_at(head, front.at.0).await?;
            (headers, transfers) = rest;
        }
        Ok(true)
    }

    async fn commit(&self, batch: &Batch<'_>) -> anyhow::Result<()> {
        let context = self.context;
        let (blocks, transfers) = (batch.headers.len(), batch.transfers.len());
        let started = Instant::now();
        commit(context, self.lease, batch).await?;
        metrics::commit_duration(&context.name).record(started.elapsed());
        metrics::blocks_committed(&context.name, metrics::Path::Live).increment(blocks as u64);
        metrics::transfers_committed(&context.name, metrics::Path::Live)
            .increment(transfers as u64);
        let to = batch.expected.0 + blocks as u64;
        tracing::debug!(
            chain.id = %context.id,
            block.number = to,
            blocks,
            transfers,
            "{} committed up to block {to}", context.name
        );
        Ok(())
    }
}
