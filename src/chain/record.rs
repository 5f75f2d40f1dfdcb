//! How an endpoint has done, and what follows for when it is asked again. Pure: the clock is an
//! argument.

use std::time::Duration;

use tokio::time::Instant;

use super::EndpointReport;
use super::limits::Limits;
use super::mark::Mark;
use super::width::Width;

/// Weight of the newest request in the smoothed figures: about the last ten count.
const SMOOTHING: f64 = 0.2;

/// An endpoint that always fails counts as this much slower than one that never does.
const ERROR_WEIGHT: f64 = 20.0;

/// How long an endpoint that lacked a block is asked after those that may have it.
const LAG_MEMORY: Duration = Duration::from_secs(2);

/// What is known about who answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Identity {
    /// To be asked before anything else.
    #[default]
    Unchecked,
    /// The configured chain, as far as was asked; to be asked again after this time, because
    /// another node may have taken its place without the connection's having been cut.
    Right(Instant),
    /// Another chain; to be asked again after this time.
    Wrong(Instant),
}

/// The record of one endpoint; the default knows nothing.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) identity: Identity,
    head: Option<u64>,
    requests: u64,
    failures: u64,
    latency_ms: Option<f64>,
    /// Share of failed requests, smoothed, from 0 to 1.
    error_rate: f64,
    rest: Duration,
    rests_until: Option<Instant>,
    lags_until: Option<Instant>,
    has_answered: bool,
    detail: Option<String>,
    /// What was odd about its logs; a later success does not take it back.
    pub(super) mark: Mark,
    /// How wide a range of blocks it takes; no success takes that back either.
    pub(super) width: Width,
    /// It does not offer `eth_call`, as far as was asked.
    pub(super) cannot_call: bool,
}

impl Record {
    /// A request goes out.
    pub(super) fn asked(&mut self) {
        self.requests += 1;
    }

    /// It was answered.
    pub(super) fn answered(&mut self, latency: Duration) {
        let newest = latency.as_secs_f64() * 1_000.0;
        let before = self.latency_ms.unwrap_or(newest);
        self.latency_ms = Some(before + SMOOTHING * (newest - before));
    }

    /// The answer could be used.
    pub(super) fn succeeded(&mut self) {
        self.error_rate -= SMOOTHING * self.error_rate;
        self.rest = Duration::ZERO;
        self.rests_until = None;
        self.has_answered = true;
        if matches!(self.identity, Identity::Right(_)) {
            self.detail = None;
        }
    }

    /// The request failed; the endpoint rests for as long as it asked, or twice as long as last
    /// time, within the limits.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        why: &str,
        ask: Option<Duration>,
        limits: &Limits,
    ) {
        self.failures += 1;
        self.error_rate += SMOOTHING * (1.0 - self.error_rate);
        // Several requests that were under way together fail as one.
        if !self.is_resting(now) {
            self.rest = (self.rest * 2).clamp(limits.rest_min, limits.rest_max);
        }
        let rest = self.rest.max(ask.unwrap_or_default()).min(limits.rest_max);
        self.rests_until = Some(now + rest);
        self.detail = Some(why.to_owned());
    }

    /// Whether it has shown lately that it is on the configured chain.
    pub(super) fn is_known(&self, now: Instant) -> bool {
        matches!(self.identity, Identity::Right(until) if now < until)
    }

    /// Whether it last showed that it is on another chain.
    pub(super) fn is_on_another_chain(&self) -> bool {
        matches!(self.identity, Identity::Wrong(_))
    }

    /// It answered for another chain.
    pub(super) fn is_wrong(&mut self, now: Instant, why: &str, recheck: Duration) {
        self.identity = Identity::Wrong(now + recheck);
        self.detail = Some(why.to_owned());
    }

    /// It lacked a block that was asked for.
    pub(super) fn lagged(&mut self, now: Instant) {
        self.lags_until = Some(now + LAG_MEMORY);
    }

    /// It showed this block as its newest.
    pub(super) fn saw_head(&mut self, head: u64) {
        self.head = Some(head);
    }

    /// Why it is not asked now.
    pub(super) fn refuses(&self, now: Instant) -> Option<String> {
        let why = self.detail.as_deref().unwrap_or("unknown");
        match self.identity {
            Identity::Wrong(until) if now < until => Some(format!("misconfigured: {why}")),
            _ if self.is_resting(now) => Some(format!("resting after: {why}")),
            _ => None,
        }
    }

    /// Order of asking: smaller first. An unknown endpoint is tried before a known slow one.
    pub(super) fn score(&self, now: Instant) -> ((bool, bool), f64) {
        let lags = self.lags_until.is_some_and(|until| now < until);
        let speed = self.latency_ms.unwrap_or(0.0) * (1.0 + ERROR_WEIGHT * self.error_rate);
        ((self.mark.shown(now).is_some(), lags), speed)
    }

    fn is_resting(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    /// For people.
    pub(super) fn report(&self, name: &str, now: Instant) -> EndpointReport {
        let status = match self.identity {
            Identity::Wrong(_) => "misconfigured",
            _ if self.rests_until.is_some() => "failing",
            _ if self.has_answered => "ok",
            _ => "unknown",
        };
        let mark = || self.mark.shown(now).map(str::to_owned);
        EndpointReport {
            name: name.to_owned(),
            head: self.head,
            requests: self.requests,
            failures: self.failures,
            latency_ms: self.latency_ms,
            status,
            detail: self.detail.clone().filter(|_| status != "ok").or_else(mark),
            doubled: self.mark.blocks(),
            range_max: self.width.said(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_the_cap_and_end_with_a_success() {
        let limits = Limits::default();
        let mut record = Record::default();
        let mut now = Instant::now();
        let mut rests = Vec::new();
        for _ in 0..9 {
            record.failed(now, "HTTP 500", None, &limits);
            let until = record.rests_until.unwrap();
            rests.push((until - now).as_millis());
            assert!(record.refuses(now).is_some_and(|why| why.contains("HTTP 500")));
            now = until;
            assert_eq!(record.refuses(now), None);
        }
        assert_eq!(rests, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(record.report("a", now).status, "failing");
        record.succeeded();
        record.failed(now, "HTTP 500", Some(Duration::from_secs(3)), &limits);
        assert_eq!(record.rests_until, Some(now + Duration::from_secs(3)));
    }

    #[test]
    fn failures_under_way_together_double_once() {
        let limits = Limits::default();
        let mut record = Record::default();
        let now = Instant::now();
        for _ in 0..5 {
            record.failed(now, "reset", None, &limits);
        }
        assert_eq!(record.rests_until, Some(now + limits.rest_min));
        assert_eq!(record.report("a", now).failures, 5);
    }

    #[test]
    fn errors_and_lag_cost_an_endpoint_its_place() {
        let now = Instant::now();
        let answered = |ms| {
            let mut record = Record::default();
            record.answered(Duration::from_millis(ms));
            record.succeeded();
            record
        };
        let (slow, mut fast) = (answered(100), answered(50));
        assert!(fast.score(now) < slow.score(now));
        fast.failed(now, "reset", None, &Limits::default());
        assert!(fast.score(now) > slow.score(now));
        let mut fast = answered(50);
        fast.lagged(now);
        assert!(fast.score(now) > slow.score(now));
        assert!(fast.score(now + LAG_MEMORY) < slow.score(now));
        let (mut marked, lagging) = (answered(1), fast);
        marked.mark.add(now, "gave two logs one index in block 7", 1);
        marked.succeeded();
        assert!(marked.score(now) > lagging.score(now));
        let report = marked.report("a", now);
        assert_eq!((report.status, report.doubled), ("ok", 1));
        assert_eq!(report.detail.as_deref(), Some("gave two logs one index in block 7"));
    }
}
