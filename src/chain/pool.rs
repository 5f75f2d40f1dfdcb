//! All nodes of one chain behind [`Chain`]: who is asked, and who next when that fails.
//!
//! An endpoint answers only after it has shown that it is on the right chain. Nothing is opened
//! before the first question, so a node that is down at start is no fault. The questions are in
//! `answers`.

use std::sync::{Mutex, PoisonError};

use alloy::primitives::B256;
use futures_util::future::{BoxFuture, join_all};
use tokio::time::{Instant, timeout};

use super::endpoint::Endpoint;
use super::failure::{Failure, with_text};
use super::limits::Limits;
use super::record::Identity;
use super::{Chain, ChainError, EndpointReport, question};
use crate::config::{ChainConfig, EndpointRole};
use crate::types::Caip2;

/// The endpoints of one chain.
pub struct Pool {
    chain: Caip2,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) limits: Limits,
    /// Hash of block 0: from the tables, or from the first endpoint that answered.
    genesis: Mutex<Option<B256>>,
}

/// The pool of a configured chain; opens no connection. Fails on a URL that no endpoint can be
/// made of, naming all such endpoints.
pub fn connect(config: &ChainConfig) -> Result<Pool, ChainError> {
    connect_with(config, Limits::default())
}

/// The same with other bounds.
pub fn connect_with(config: &ChainConfig, limits: Limits) -> Result<Pool, ChainError> {
    let mut endpoints = Vec::with_capacity(config.endpoints.len());
    let mut faults = Vec::new();
    for endpoint in &config.endpoints {
        match Endpoint::new(config.id, endpoint, limits) {
            Ok(endpoint) => endpoints.push(endpoint),
            Err(why) => faults.push(format!("{}: {why}", endpoint.name)),
        }
    }
    if !faults.is_empty() {
        return Err(ChainError::NoEndpoint { text: faults.join("; ") });
    }
    Ok(Pool { chain: config.id, endpoints, limits, genesis: Mutex::default() })
}

impl Pool {
    /// States the hash of block 0, as the tables know it: an endpoint with another one is on
    /// another chain. Every endpoint is checked again before its next answer.
    pub fn expect_genesis(&self, genesis: B256) {
        *self.genesis.lock().unwrap_or_else(PoisonError::into_inner) = Some(genesis);
        self.doubt();
    }

    /// States the most blocks of one query for logs that endpoints of these names have said to
    /// take ([`EndpointReport::range_max`]), so that it is not found out anew by being refused.
    /// What they say from now on can only narrow it; names of no endpoint are passed over.
    pub fn remember(&self, caps: &[(String, u64)]) {
        for endpoint in &self.endpoints {
            for (_, cap) in caps.iter().filter(|(name, _)| name == endpoint.name()) {
                endpoint.record().width.learn(*cap);
            }
        }
    }

    /// Asks every endpoint who and where it is, resting ones too, and reports all of them.
    pub async fn probe_all(&self) -> Vec<EndpointReport> {
        join_all(self.endpoints.iter().map(|endpoint| async move {
            let probe = async {
                self.identify(endpoint).await?;
                question::head(endpoint).await
            };
            let outcome = probe.await;
            endpoint.settle_unless_wrong(&outcome);
            endpoint.report()
        }))
        .await
    }

    /// Puts a question to one endpoint after another until one answers. `is_whole` says that the
    /// question cannot be made smaller, so that another endpoint is the only way left.
    pub(super) async fn any<'s, T>(
        &'s self,
        is_whole: bool,
        ask: impl Fn(&'s Endpoint) -> BoxFuture<'s, Result<T, Failure>> + Send,
    ) -> Result<T, ChainError> {
        let rounds = self.one_after_another(is_whole, ask);
        timeout(self.limits.deadline, rounds).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", self.limits.deadline.as_secs());
            Err(ChainError::NoEndpoint { text })
        })
    }

    async fn one_after_another<'s, T>(
        &'s self,
        is_whole: bool,
        ask: impl Fn(&'s Endpoint) -> BoxFuture<'s, Result<T, Failure>> + Send,
    ) -> Result<T, ChainError> {
        let (order, mut reasons) = self.order();
        let mut errors = Vec::new();
        for endpoint in order {
            let outcome = match self.identify(endpoint).await {
                Ok(()) => ask(endpoint).await,
                Err(failure) => Err(failure),
            };
            endpoint.settle_unless_wrong(&outcome);
            let error = match outcome {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure.error,
            };
            reasons.push(format!("{}: {error}", endpoint.name()));
            let error = with_text(error, |text| format!("{}: {text}", endpoint.name()));
            if is_limit(&error) && !is_whole {
                return Err(error);
            }
            errors.push(error);
        }
        Err(conclude(errors, &reasons))
    }

    /// The endpoints to be asked, best first, and why the others are not.
    pub(super) fn order(&self) -> (Vec<&Endpoint>, Vec<String>) {
        let now = Instant::now();
        let mut order = Vec::new();
        let mut reasons = Vec::new();
        for endpoint in &self.endpoints {
            let record = endpoint.record();
            match record.refuses(now) {
                Some(why) => reasons.push(format!("{}: {why}", endpoint.name())),
                None => order.push((record.score(now), endpoint)),
            }
        }
        let rank = |endpoint: &Endpoint| endpoint.role() == EndpointRole::Spare;
        order.sort_by(|((a_flaws, a), one), ((b_flaws, b), other)| {
            (rank(one), a_flaws).cmp(&(rank(other), b_flaws)).then(a.total_cmp(b))
        });
        (order.into_iter().map(|(_, endpoint)| endpoint).collect(), reasons)
    }

    /// The refusal of a query for logs over `blocks` blocks by the endpoint that would be asked
    /// first, where it is known to refuse so many.
    pub(super) fn refuses(&self, blocks: u64) -> Option<ChainError> {
        let first = *self.order().0.first()?;
        let error = first.record().width.refuses(blocks)?;
        Some(with_text(error, |text| format!("{}: {text}", first.name())))
    }

    /// Makes sure that `endpoint` is on this chain.
    async fn identify(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        if endpoint.record().is_known(Instant::now()) {
            return Ok(());
        }
        let found = question::identity(endpoint).await?;
        let mut known = self.genesis.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = match (found.genesis, *known) {
            _ if found.chain != self.chain => {
                Some(format!("it is on {}, configured is {}", found.chain, self.chain))
            }
            (Some(found), Some(known)) if found != known => {
                Some(format!("its genesis is {found}, that of this chain is {known}"))
            }
            _ => None,
        };
        let mut record = endpoint.record();
        if let Some(why) = wrong {
            record.is_wrong(Instant::now(), &why, self.limits.recheck);
            let text = format!("misconfigured: {why}");
            return Err(ChainError::Transient { text }.into());
        }
        record.identity = Identity::Right(Instant::now() + self.limits.recheck);
        *known = known.or(found.genesis);
        Ok(())
    }

    /// Whether every endpoint of this chain said that it does not offer calls.
    pub(super) fn nobody_calls(&self) -> bool {
        let records = || self.endpoints.iter().map(Endpoint::record);
        records().any(|record| record.cannot_call)
            && records().all(|record| record.cannot_call || record.is_on_another_chain())
    }

    /// Whether `count` endpoints, at least one, are all that are not on another chain.
    pub(super) fn are_all(&self, count: usize) -> bool {
        let is_ours = |endpoint: &&Endpoint| !endpoint.record().is_on_another_chain();
        count > 0 && count >= self.endpoints.iter().filter(is_ours).count()
    }

    pub(super) async fn announced_by(&self, endpoint: &Endpoint) {
        while self.identify(endpoint).await.is_err() {
            tokio::time::sleep(self.limits.recheck).await;
        }
        endpoint.announced().await;
    }
}

fn is_limit(error: &ChainError) -> bool {
    matches!(error, ChainError::RangeTooWide { .. } | ChainError::TooManyLogs { .. })
}

/// What to tell the caller after all endpoints failed: what he can act on comes first.
fn conclude(errors: Vec<ChainError>, reasons: &[String]) -> ChainError {
    let is_behind = |error: &ChainError| matches!(error, ChainError::Behind { .. });
    let is_nonsense = |error: &ChainError| matches!(error, ChainError::Nonsense { .. });
    let all_nonsense = errors.iter().all(is_nonsense);
    let mut best = None;
    for error in errors {
        if is_behind(&error) {
            return error;
        }
        if all_nonsense || is_limit(&error) {
            best = Some(error);
        }
    }
    best.unwrap_or_else(|| ChainError::NoEndpoint { text: reasons.join("; ") })
}
