//! Every metric as a function: its arguments are the labels, its result is what to add, set or
//! record. Values go to the recorder that `exporter` installed; before that they go nowhere.

use metrics::{Counter, Gauge, Histogram, Label};

use super::catalogue::{self, Metric};
pub use super::exporter::{Exporter, install};
pub use super::labels::{Connection, Moved, Path, SpanState};
use crate::types::{ContractState, EventKind};

/// Always 1; the release that runs.
pub fn build_info(version: &str) -> Gauge {
    gauge(&catalogue::BUILD_INFO, &[version])
}

/// Newest block that an endpoint of the chain has shown.
pub fn chain_head(chain: &str) -> Gauge {
    gauge(&catalogue::CHAIN_HEAD, &[chain])
}

/// Last block committed on the live edge.
pub fn chain_checkpoint(chain: &str) -> Gauge {
    gauge(&catalogue::CHAIN_CHECKPOINT, &[chain])
}

/// Newest block that is final.
pub fn chain_finalized(chain: &str) -> Gauge {
    gauge(&catalogue::CHAIN_FINALIZED, &[chain])
}

/// Blocks between the checkpoint and the head.
pub fn chain_lag(chain: &str) -> Gauge {
    gauge(&catalogue::CHAIN_LAG, &[chain])
}

/// 1 while the chain is halted and a person has to decide, else 0.
pub fn chain_halted(chain: &str) -> Gauge {
    gauge(&catalogue::CHAIN_HALTED, &[chain])
}

/// Blocks whose transfers were committed.
pub fn blocks_committed(chain: &str, path: Path) -> Counter {
    counter(&catalogue::BLOCKS_COMMITTED, &[chain, path.as_str()])
}

/// Transfers committed.
pub fn transfers_committed(chain: &str, path: Path) -> Counter {
    counter(&catalogue::TRANSFERS_COMMITTED, &[chain, path.as_str()])
}

/// Time from the begin to the end of a commit of the live edge.
pub fn commit_duration(chain: &str) -> Histogram {
    histogram(&catalogue::COMMIT_DURATION, &[chain])
}

/// Rewinds after a reorg.
pub fn rewinds(chain: &str) -> Counter {
    counter(&catalogue::REWINDS, &[chain])
}

/// Blocks that a rewind took back.
pub fn rewind_depth(chain: &str) -> Histogram {
    histogram(&catalogue::REWIND_DEPTH, &[chain])
}

/// Events appended to the outbox.
pub fn events_appended(chain: &str, kind: EventKind) -> Counter {
    counter(&catalogue::EVENTS_APPENDED, &[chain, kind.as_str()])
}

/// Logs that were read and are no transfer.
pub fn logs_skipped(reason: &'static str) -> Counter {
    counter(&catalogue::LOGS_SKIPPED, &[reason])
}

/// Spans of the past that are still to be loaded.
pub fn spans_pending(chain: &str) -> Gauge {
    gauge(&catalogue::SPANS_PENDING, &[chain])
}

/// Spans of the past that are still to be loaded, by state.
pub fn spans(chain: &str, state: SpanState) -> Gauge {
    gauge(&catalogue::SPANS, &[chain, state.as_str()])
}

/// Blocks of the load under way that are loaded.
pub fn load_blocks_done(chain: &str) -> Gauge {
    gauge(&catalogue::LOAD_BLOCKS_DONE, &[chain])
}

/// Blocks of the load under way.
pub fn load_blocks(chain: &str) -> Gauge {
    gauge(&catalogue::LOAD_BLOCKS, &[chain])
}

/// Smoothed blocks per second that all replicas load.
pub fn load_rate(chain: &str) -> Gauge {
    gauge(&catalogue::LOAD_RATE, &[chain])
}

/// Seconds until the load is done at this rate.
pub fn load_eta(chain: &str) -> Gauge {
    gauge(&catalogue::LOAD_ETA, &[chain])
}

/// Contracts by state.
pub fn contracts(chain: &str, state: ContractState) -> Gauge {
    gauge(&catalogue::CONTRACTS, &[chain, state.as_str()])
}

/// Time that a pass of a worker took.
pub fn pass_duration(worker: &str) -> Histogram {
    histogram(&catalogue::PASS_DURATION, &[worker])
}

/// Passes that ended with an error.
pub fn pass_errors(worker: &str) -> Counter {
    counter(&catalogue::PASS_ERRORS, &[worker])
}

/// Passes that ended with a panic.
pub fn worker_panics(worker: &str) -> Counter {
    counter(&catalogue::WORKER_PANICS, &[worker])
}

/// Requests sent to an endpoint.
pub fn endpoint_requests(chain: &str, endpoint: &str) -> Counter {
    counter(&catalogue::ENDPOINT_REQUESTS, &[chain, endpoint])
}

/// Requests to an endpoint that failed.
pub fn endpoint_failures(chain: &str, endpoint: &str) -> Counter {
    counter(&catalogue::ENDPOINT_FAILURES, &[chain, endpoint])
}

/// Blocks in which an endpoint gave two different logs one index.
pub fn endpoint_doubled_logs(chain: &str, endpoint: &str) -> Counter {
    counter(&catalogue::ENDPOINT_DOUBLED_LOGS, &[chain, endpoint])
}

/// Time until an endpoint answered.
pub fn endpoint_latency(chain: &str, endpoint: &str) -> Gauge {
    gauge(&catalogue::ENDPOINT_LATENCY, &[chain, endpoint])
}

/// 1 while an endpoint is used, 0 while it fails or is misconfigured.
pub fn endpoint_up(chain: &str, endpoint: &str) -> Gauge {
    gauge(&catalogue::ENDPOINT_UP, &[chain, endpoint])
}

/// Requests answered by the API. `route` is the route's pattern, never a path that a client chose.
pub fn http_requests(route: &str, method: &str, status: u16) -> Counter {
    counter(&catalogue::HTTP_REQUESTS, &[route, known_method(method), &status.to_string()])
}

/// Time until the API had answered a request. `route` as in [`http_requests`].
pub fn http_request_duration(route: &str) -> Histogram {
    histogram(&catalogue::HTTP_REQUEST_DURATION, &[route])
}

/// Connections of the pool by state.
pub fn database_connections(state: Connection) -> Gauge {
    gauge(&catalogue::DATABASE_CONNECTIONS, &[state.as_str()])
}

/// 1 while reads go to the read replica, else 0.
pub fn read_replica_used() -> Gauge {
    gauge(&catalogue::READ_REPLICA_USED, &[])
}

/// How far the read replica is behind the primary.
pub fn read_replica_lag() -> Gauge {
    gauge(&catalogue::READ_REPLICA_LAG, &[])
}

/// Reads that the primary answered in the place of the read replica.
pub fn reads_moved(reason: Moved) -> Counter {
    counter(&catalogue::READS_MOVED, &[reason.as_str()])
}

/// Replicas that are there.
pub fn replicas() -> Gauge {
    gauge(&catalogue::REPLICAS, &[])
}

/// Vanished replicas that this one has buried.
pub fn replicas_buried() -> Counter {
    counter(&catalogue::REPLICAS_BURIED, &[])
}

/// Methods are a client's choice; those that no route has share one label.
fn known_method(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => method,
        _ => "other",
    }
}

fn counter(metric: &Metric, values: &[&str]) -> Counter {
    metrics::counter!(metric.name, labels(metric, values))
}

fn gauge(metric: &Metric, values: &[&str]) -> Gauge {
    metrics::gauge!(metric.name, labels(metric, values))
}

fn histogram(metric: &Metric, values: &[&str]) -> Histogram {
    metrics::histogram!(metric.name, labels(metric, values))
}

fn labels(metric: &Metric, values: &[&str]) -> Vec<Label> {
    let pairs = metric.labels.iter().zip(values);
    pairs.map(|(name, value)| Label::new(*name, (*value).to_owned())).collect()
}
