//! The loop behind every worker.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::retry::Retry;
use super::wake::Wakes;
use super::{Pass, Worker};
use crate::telemetry::metrics;

/// How long a pass that is under way may go on once stopping was asked for. Passes can be dropped
/// anywhere, but finishing spares the work.
const FINISH: Duration = Duration::from_secs(2);

/// Passes until `stop`; returns two seconds later at most.
pub async fn drive(worker: &dyn Worker, wakes: &Wakes, stop: &CancellationToken) {
    let mut retry = Retry::new();
    let mut failures = 0u32;
    while !stop.is_cancelled() {
        let started = Instant::now();
        let outcome = tokio::select! {
            outcome = worker.pass() => outcome,
            () = overdue(stop) => return,
        };
        metrics::pass_duration(worker.name()).record(started.elapsed());
        let found = match outcome {
            Ok(found) => {
                failures = 0;
                retry.succeeded();
                found
            }
            Err(error) => {
                failures += 1;
                report(worker.name(), &error, failures);
                pause(retry.failed().min(worker.retries_within()), stop).await;
                continue;
            }
        };
        if found == Pass::Worked {
            continue;
        }
        tokio::select! {
            () = pause(worker.every(), stop) => {}
            () = worker.hurried() => {}
            () = woken(worker, wakes) => {}
        }
    }
}

async fn woken(worker: &dyn Worker, wakes: &Wakes) {
    match worker.topic() {
        Some(topic) => wakes.wait(topic).await,
        None => std::future::pending().await,
    }
}

async fn pause(wait: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = stop.cancelled() => {}
    }
}

async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(FINISH).await;
}

/// A fault is said when it begins and then at growing distances, so that a node that is down for
/// a day does not fill the disk.
fn report(worker: &str, error: &anyhow::Error, failures: u32) {
    metrics::pass_errors(worker).increment(1);
    if failures.is_power_of_two() {
        tracing::warn!(worker, failures, error = format!("{error:#}"), "pass failed: {error:#}");
    }
}
