//! One node: its way, its pace and its record, and how lists of requests reach it.
//!
//! What is asked is in `question`; which endpoint is asked is `pool`'s decision.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::pubsub::RawSubscription;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use super::failure::{Blame, Failure};
use super::limits::Limits;
use super::line::{Call, Line, Reply};
use super::pace::Pace;
use super::record::{Identity, Record};
use super::{ChainError, EndpointReport, HEADERS_MAX};
use crate::config::{EndpointConfig, EndpointRole};
use crate::types::Caip2;

/// Lists under way at once where an endpoint takes short ones only: keeps up with one long list
/// and stays below what providers allow at the same time.
const LISTS_AT_ONCE: usize = 8;

/// A refused list is cut to this share: from 64 requests to one in three refusals.
const LIST_SHRINK: usize = 4;

/// One node of a chain.
pub(super) struct Endpoint {
    chain: Caip2,
    name: String,
    role: EndpointRole,
    line: Line,
    pace: Pace,
    limits: Limits,
    record: Mutex<Record>,
    /// Longest list it is known to take.
    list_max: AtomicUsize,
    heads: tokio::sync::Mutex<Option<RawSubscription>>,
}

impl Endpoint {
    /// An endpoint of `chain` that nothing was asked yet. The error says what is wrong with its URL.
    pub(super) fn new(
        chain: Caip2,
        config: &EndpointConfig,
        limits: Limits,
    ) -> Result<Self, String> {
        use secrecy::ExposeSecret;
        Ok(Self {
            chain,
            name: config.name.clone(),
            role: config.role,
            line: Line::new(config.url.expose_secret(), limits)?,
            pace: Pace::new(config.rps),
            limits,
            record: Mutex::new(Record::default()),
            list_max: AtomicUsize::new(HEADERS_MAX),
            heads: tokio::sync::Mutex::default(),
        })
    }

    /// Configured name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Configured role.
    pub(super) fn role(&self) -> EndpointRole {
        self.role
    }

    /// Whether it can announce heads.
    pub(super) fn can_announce(&self) -> bool {
        self.line.can_subscribe()
    }

    /// Its record; to be held for no longer than a statement.
    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it may cost.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Its record for people.
    pub(super) fn report(&self) -> EndpointReport {
        self.record().report(&self.name, Instant::now())
    }

    /// Notes that it gave two different logs one index in `blocks` blocks, of which `first` is the
    /// lowest. Said once, until it has not happened for a while.
    pub(super) fn mark(&self, first: u64, blocks: usize) {
        let what = format!("gave two logs one index in block {first}");
        if self.record().mark.add(Instant::now(), &what, blocks as u64) {
            tracing::warn!(
                chain.id = %self.chain,
                endpoint = self.name,
                block.number = first,
                "endpoint {} {what}; its blocks are read by their receipts, and other endpoints \
                 are asked first",
                self.name
            );
        }
    }

    /// Asks everything at once, in as few lists as it takes; replies come in the order of `calls`.
    pub(super) async fn ask(&self, calls: &[Call]) -> Result<Vec<Reply>, Failure> {
        let known = self.list_max.load(Ordering::Relaxed);
        let mut size = known;
        loop {
            let lists: Vec<_> = calls.chunks(size).map(|list| self.send(list).boxed()).collect();
            let replies: Result<Vec<_>, _> =
                stream::iter(lists).buffered(LISTS_AT_ONCE).try_collect().await;
            match replies {
                Err(refusal) if refusal.blame == Blame::List && size.min(calls.len()) > 1 => {
                    size = (size.min(calls.len()) / LIST_SHRINK).max(1);
                }
                Err(failure) => return Err(failure),
                Ok(replies) => {
                    let replies: Vec<Reply> = replies.into_iter().flatten().collect();
                    if size < known {
                        self.learn_list_max(size, &replies);
                    }
                    return Ok(replies);
                }
            }
        }
    }

    /// Asks so that each request is worked on after the one before: in one list where lists are
    /// answered as one, else one by one.
    pub(super) async fn ask_in_order(&self, calls: &[Call]) -> Result<Vec<Reply>, Failure> {
        if self.line.has_batches() && self.list_max.load(Ordering::Relaxed) >= calls.len() {
            match self.send(calls).await {
                Err(refusal) if refusal.blame == Blame::List => {}
                answered => return answered,
            }
        }
        let mut replies = Vec::with_capacity(calls.len());
        for call in calls {
            replies.append(&mut self.send(std::slice::from_ref(call)).await?);
        }
        if self.line.has_batches() && calls.len() > 1 {
            self.learn_list_max(1, &replies);
        }
        Ok(replies)
    }

    /// Remembers that lists of `size` were taken where longer ones were not. An endpoint that
    /// refuses the single requests as well has said nothing about lists.
    fn learn_list_max(&self, size: usize, replies: &[Reply]) {
        if replies.iter().all(Result::is_ok) {
            self.list_max.fetch_min(size, Ordering::Relaxed);
        }
    }

    /// Writes the outcome of a whole question into the record. An endpoint of another chain is
    /// quarantined already, which says more than a failure.
    pub(super) fn settle_unless_wrong<T>(&self, outcome: &Result<T, Failure>) {
        let now = Instant::now();
        let mut record = self.record();
        if matches!(record.identity, Identity::Wrong(_)) {
            return;
        }
        let failure = match outcome {
            Ok(_) => return record.succeeded(),
            Err(failure) => failure,
        };
        match &failure.error {
            _ if failure.blame == Blame::Nobody => {}
            // Saying that a question is too large is a correct answer.
            ChainError::RangeTooWide { .. } | ChainError::TooManyLogs { .. } => record.succeeded(),
            ChainError::Behind { .. } => record.lagged(now),
            error => {
                record.failed(now, &error.to_string(), failure.retry_after, &self.limits);
            }
        }
    }

    /// Returns when the node has announced a head; tries again for ever, resting between.
    pub(super) async fn announced(&self) {
        let mut heads = self.heads.lock().await;
        loop {
            let Some(subscription) = heads.as_mut() else {
                match self.line.subscribe().await {
                    Ok(subscription) => *heads = Some(subscription),
                    Err(_) => sleep(self.limits.rest_max).await,
                }
                continue;
            };
            match subscription.recv().await {
                Err(tokio::sync::broadcast::error::RecvError::Closed) => {
                    *heads = None;
                    sleep(self.limits.rest_min).await;
                }
                _ => {
                    // One wake-up is enough for all heads that came meanwhile.
                    while subscription.try_recv().is_ok() {}
                    return;
                }
            }
        }
    }

    async fn send(&self, calls: &[Call]) -> Result<Vec<Reply>, Failure> {
        let count = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        let turn = self.pace.turn(count).await;
        turn.map_err(|busy| Failure::transient(Blame::Nobody, busy.to_string()))?;
        self.record().asked();
        let start = Instant::now();
        let replies = self.line.ask(calls).await;
        let mut record = self.record();
        match &replies {
            Ok(_) => record.answered(start.elapsed()),
            Err(failure) if failure.blame == Blame::Cut => {
                if matches!(record.identity, Identity::Right(_)) {
                    record.identity = Identity::Unchecked;
                }
            }
            Err(_) => {}
        }
        replies
    }
}
