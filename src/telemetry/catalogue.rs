//! The catalogue: every metric with its name, kind, labels and meaning.
//!
//! Names begin with `herald_` and end in their unit; what only grows ends in `_total`. Labels come
//! from closed sets: names that the configuration gives, states, routes, never addresses.

/// How the values of a metric behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows while the process runs.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations counted in buckets with these upper bounds, in the metric's unit.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Name as Prometheus sees it.
    pub name: &'static str,
    /// How its values behave.
    pub kind: Kind,
    /// Names of its labels, in the order of the arguments of its function in `metrics`.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// Seconds: from an answer out of memory to one that a time-out cuts off.
const DURATIONS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Blocks: from the reorg of one block to a chain without finality.
const DEPTHS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0];

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(
    name: &'static str,
    buckets: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram(buckets), labels, help }
}

/// Every metric, for the exporter and for the document that lists them.
pub fn catalogue() -> &'static [Metric] {
    CATALOGUE
}

const CATALOGUE: &[Metric] = &[
    BUILD_INFO,
    CHAIN_HEAD,
    CHAIN_CHECKPOINT,
    CHAIN_FINALIZED,
    CHAIN_LAG,
    CHAIN_HALTED,
    BLOCKS_COMMITTED,
    TRANSFERS_COMMITTED,
    COMMIT_DURATION,
    REWINDS,
    REWIND_DEPTH,
    EVENTS_APPENDED,
    LOGS_SKIPPED,
    SPANS_PENDING,
    SPANS,
    LOAD_BLOCKS_DONE,
    LOAD_BLOCKS,
    LOAD_RATE,
    LOAD_ETA,
    CONTRACTS,
    PASS_DURATION,
    PASS_ERRORS,
    WORKER_PANICS,
    ENDPOINT_REQUESTS,
    ENDPOINT_FAILURES,
    ENDPOINT_DOUBLED_LOGS,
    ENDPOINT_LATENCY,
    ENDPOINT_UP,
    HTTP_REQUESTS,
    HTTP_REQUEST_DURATION,
    DATABASE_CONNECTIONS,
    READ_REPLICA_USED,
    READ_REPLICA_LAG,
    READS_MOVED,
    REPLICAS,
    REPLICAS_BURIED,
];

pub(super) const BUILD_INFO: Metric =
    gauge("herald_build_info", &["version"], "Always 1; the release that runs.");
pub(super) const CHAIN_HEAD: Metric = gauge(
    "herald_chain_head_block",
    &["chain"],
    "Newest block that an endpoint of the chain has shown.",
);
pub(super) const CHAIN_CHECKPOINT: Metric =
    gauge("herald_chain_checkpoint_block", &["chain"], "Last block committed on the live edge.");
pub(super) const CHAIN_FINALIZED: Metric =
    gauge("herald_chain_finalized_block", &["chain"], "Newest block that is final.");
pub(super) const CHAIN_LAG: Metric =
    gauge("herald_chain_lag_blocks", &["chain"], "Blocks between the checkpoint and the head.");
pub(super) const CHAIN_HALTED: Metric = gauge(
    "herald_chain_halted",
    &["chain"],
    "1 while the chain is halted and a person has to decide, else 0.",
);
pub(super) const BLOCKS_COMMITTED: Metric = counter(
    "herald_blocks_committed_total",
    &["chain", "path"],
    "Blocks whose transfers were committed.",
);
pub(super) const TRANSFERS_COMMITTED: Metric =
    counter("herald_transfers_committed_total", &["chain", "path"], "Transfers committed.");
pub(super) const COMMIT_DURATION: Metric = histogram(
    "herald_commit_duration_seconds",
    DURATIONS,
    &["chain"],
    "Time from the begin to the end of a commit of the live edge.",
);
pub(super) const REWINDS: Metric =
    counter("herald_rewinds_total", &["chain"], "Rewinds after a reorg.");
pub(super) const REWIND_DEPTH: Metric =
    histogram("herald_rewind_depth_blocks", DEPTHS, &["chain"], "Blocks that a rewind took back.");
pub(super) const EVENTS_APPENDED: Metric =
    counter("herald_events_appended_total", &["chain", "type"], "Events appended to the outbox.");
pub(super) const LOGS_SKIPPED: Metric =
    counter("herald_logs_skipped_total", &["reason"], "Logs that were read and are no transfer.");
pub(super) const SPANS_PENDING: Metric =
    gauge("herald_spans_pending", &["chain"], "Spans of the past that are still to be loaded.");
pub(super) const SPANS: Metric = gauge(
    "herald_spans",
    &["chain", "state"],
    "Spans of the past that are still to be loaded, by state.",
);
pub(super) const LOAD_BLOCKS_DONE: Metric = gauge(
    "herald_load_blocks_done",
    &["chain"],
    "Blocks of the load under way that are loaded; 0 where nothing is loading.",
);
pub(super) const LOAD_BLOCKS: Metric = gauge(
    "herald_load_blocks",
    &["chain"],
    "Blocks of the load under way; 0 where nothing is loading.",
);
pub(super) const LOAD_RATE: Metric = gauge(
    "herald_load_rate",
    &["chain"],
    "Smoothed blocks per second that all replicas load; 0 where nothing moves.",
);
pub(super) const LOAD_ETA: Metric = gauge(
    "herald_load_eta_seconds",
    &["chain"],
    "Time until the load is done at this rate; 0 where nothing is loading, NaN where nothing moves.",
);
pub(super) const CONTRACTS: Metric =
    gauge("herald_contracts", &["chain", "state"], "Contracts by state.");
pub(super) const PASS_DURATION: Metric = histogram(
    "herald_pass_duration_seconds",
    DURATIONS,
    &["worker"],
    "Time that a pass of a worker took.",
);
pub(super) const PASS_ERRORS: Metric =
    counter("herald_pass_errors_total", &["worker"], "Passes that ended with an error.");
pub(super) const WORKER_PANICS: Metric =
    counter("herald_worker_panics_total", &["worker"], "Passes that ended with a panic.");
pub(super) const ENDPOINT_REQUESTS: Metric = counter(
    "herald_endpoint_requests_total",
    &["chain", "endpoint"],
    "Requests sent to an endpoint.",
);
pub(super) const ENDPOINT_FAILURES: Metric = counter(
    "herald_endpoint_failures_total",
    &["chain", "endpoint"],
    "Requests to an endpoint that failed.",
);
pub(super) const ENDPOINT_DOUBLED_LOGS: Metric = counter(
    "herald_endpoint_doubled_logs_total",
    &["chain", "endpoint"],
    "Blocks in which an endpoint gave two different logs one index.",
);
pub(super) const ENDPOINT_LATENCY: Metric = gauge(
    "herald_endpoint_latency_seconds",
    &["chain", "endpoint"],
    "Smoothed time of an endpoint's answers.",
);
pub(super) const ENDPOINT_UP: Metric = gauge(
    "herald_endpoint_up",
    &["chain", "endpoint"],
    "1 while an endpoint is used, 0 while it fails or is misconfigured.",
);
pub(super) const HTTP_REQUESTS: Metric = counter(
    "herald_http_requests_total",
    &["route", "method", "status"],
    "Requests answered by the API.",
);
pub(super) const HTTP_REQUEST_DURATION: Metric = histogram(
    "herald_http_request_duration_seconds",
    DURATIONS,
    &["route"],
    "Time until the API had answered a request.",
);
pub(super) const DATABASE_CONNECTIONS: Metric =
    gauge("herald_database_connections", &["state"], "Connections of the pool by state.");
pub(super) const READ_REPLICA_USED: Metric =
    gauge("herald_read_replica_used", &[], "1 while reads go to the read replica, else 0.");
pub(super) const READ_REPLICA_LAG: Metric = gauge(
    "herald_read_replica_lag_seconds",
    &[],
    "How long ago the primary was where the read replica is.",
);
pub(super) const READS_MOVED: Metric = counter(
    "herald_reads_moved_total",
    &["reason"],
    "Reads that the primary answered in the place of the read replica, by reason.",
);
pub(super) const REPLICAS: Metric =
    gauge("herald_replicas", &[], "Replicas that are there, this one included.");
pub(super) const REPLICAS_BURIED: Metric = counter(
    "herald_replicas_buried_total",
    &[],
    "Vanished replicas whose connections, leases and claims this one has ended.",
);
