//! Reads the next lots while one is committed, in parallel and in their order.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;

use super::Context;
use super::lot::Lot;
use super::plan::LOOK_MAX;
use crate::chain::ChainError;
use crate::store::contracts::Contract;

/// Most lots that are read, or wait, beside the one that is committed. A lot is asked for in two
/// questions, so that four at once hide a node as far away as two commits; their logs are some
/// megabytes in common, and what four answers may hold at most.
pub(super) const LOTS_MAX: usize = 4;

/// How many lots at once the nodes have shown to bear: halved by a failure, grown again by every pass
/// without one.
pub(super) struct Reach {
    lots: AtomicUsize,
}

impl Default for Reach {
    fn default() -> Self {
        Self { lots: AtomicUsize::new(LOTS_MAX) }
    }
}

impl Reach {
    /// Lots could not be read: another time fewer are asked for at once.
    pub(super) fn failed(&self) {
        let fewer = self.lots.load(Ordering::Relaxed) / 2;
        self.lots.store(fewer.max(1), Ordering::Relaxed);
    }

    /// All lots of a pass were read.
    pub(super) fn held(&self) {
        let more = self.lots.load(Ordering::Relaxed) + 1;
        self.lots.store(more.min(LOTS_MAX), Ordering::Relaxed);
    }
}

/// The lots above a block, being read for one filter.
pub(super) struct Ahead<'a> {
    ask: (&'a Context, &'a [Contract]),
    lots_max: usize,
    next: u64,
    until: u64,
    reading: FuturesOrdered<BoxFuture<'a, Result<Lot, ChainError>>>,
    ready: VecDeque<Result<Lot, ChainError>>,
}

impl<'a> Ahead<'a> {
    /// The lots of the blocks `next..=until`; nothing is asked yet.
    pub(super) fn new(
        context: &'a Context,
        reach: &'a Reach,
        contracts: &'a [Contract],
        (next, until): (u64, u64),
    ) -> Self {
        Self {
            ask: (context, contracts),
            lots_max: reach.lots.load(Ordering::Relaxed),
            next,
            until,
            reading: FuturesOrdered::new(),
            ready: VecDeque::new(),
        }
    }

    /// Reads for as long as it is polled.
    pub(super) async fn read(&mut self) -> Infallible {
        loop {
            self.ask();
            match self.reading.next().await {
                Some(lot) => self.ready.push_back(lot),
                None => std::future::pending().await,
            }
        }
    }

    /// The next lot, lowest first; none after the last.
    pub(super) async fn next(&mut self) -> Option<Result<Lot, ChainError>> {
        if let Some(lot) = self.ready.pop_front() {
            return Some(lot);
        }
        self.ask();
        self.reading.next().await
    }

    fn ask(&mut self) {
        let (context, contracts) = self.ask;
        while self.next <= self.until && self.reading.len() + self.ready.len() < self.lots_max {
            let to = self.until.min(self.next + LOOK_MAX - 1);
            self.reading.push_back(Box::pin(Lot::read(context, contracts, (self.next, to))));
            self.next = to + 1;
        }
    }
}
