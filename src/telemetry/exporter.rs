//! The recorder of metrics and their text for Prometheus.

use anyhow::Context;
use metrics::Recorder;
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::catalogue::{Kind, catalogue};

/// The metrics of this process as text.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl Exporter {
    /// The page that Prometheus scrapes (text exposition format 0.0.4).
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds recorded observations into their buckets. To be called every few seconds, for they
    /// gather in memory between two calls while nobody scrapes.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Makes the metrics of the catalogue known and starts to record, for the whole process.
///
/// # Errors
///
/// When a recorder has already been installed.
pub fn install() -> anyhow::Result<Exporter> {
    let (recorder, exporter) = build()?;
    metrics::with_local_recorder(&recorder, || {
        super::metrics::build_info(env!("CARGO_PKG_VERSION")).set(1.0);
    });
    metrics::set_global_recorder(recorder)
        .map_err(|_| anyhow::anyhow!("the metrics of this process are already recorded"))?;
    Ok(exporter)
}

/// A recorder that knows the catalogue, and its text; nothing is installed. For tests, with
/// `metrics::with_local_recorder`.
///
/// # Errors
///
/// When a histogram of the catalogue has no buckets.
pub fn build() -> anyhow::Result<(PrometheusRecorder, Exporter)> {
    let mut builder = PrometheusBuilder::new();
    for metric in catalogue() {
        if let Kind::Histogram(buckets) = metric.kind {
            builder = builder
                .set_buckets_for_metric(Matcher::Full(metric.name.into()), buckets)
                .with_context(|| format!("buckets of {}", metric.name))?;
        }
    }
    let recorder = builder.build_recorder();
    for metric in catalogue() {
        let (name, help) = (metric.name.into(), metric.help.into());
        match metric.kind {
            Kind::Counter => recorder.describe_counter(name, None, help),
            Kind::Gauge => recorder.describe_gauge(name, None, help),
            Kind::Histogram(_) => recorder.describe_histogram(name, None, help),
        }
    }
    let exporter = Exporter(recorder.handle());
    Ok((recorder, exporter))
}

#[cfg(test)]
mod tests {
    use super::super::metrics::{self as ours, Connection, Moved, Path, SpanState};
    use super::*;
    use crate::types::{ContractState, EventKind};

    fn record_each() {
        ours::build_info("0.1.0").set(1.0);
        for gauge in [
            ours::chain_head("c"),
            ours::chain_checkpoint("c"),
            ours::chain_finalized("c"),
            ours::chain_lag("c"),
            ours::chain_halted("c"),
            ours::spans_pending("c"),
            ours::spans("c", SpanState::Waiting),
            ours::load_blocks_done("c"),
            ours::load_blocks("c"),
            ours::load_rate("c"),
            ours::load_eta("c"),
            ours::contracts("c", ContractState::Ready),
            ours::endpoint_up("c", "e"),
            ours::endpoint_latency("c", "e"),
            ours::database_connections(Connection::Idle),
            ours::database_connections(Connection::InUse),
            ours::replicas(),
            ours::read_replica_used(),
            ours::read_replica_lag(),
        ] {
            gauge.set(1.0);
        }
        for counter in [
            ours::blocks_committed("c", Path::Live),
            ours::transfers_committed("c", Path::Load),
            ours::rewinds("c"),
            ours::replicas_buried(),
            ours::events_appended("c", EventKind::TokenMinted),
            ours::logs_skipped("topics"),
            ours::pass_errors("w"),
            ours::worker_panics("w"),
            ours::endpoint_requests("c", "e"),
            ours::endpoint_failures("c", "e"),
            ours::endpoint_doubled_logs("c", "e"),
            ours::http_requests("/v1/chains", "BREW", 405),
            ours::reads_moved(Moved::Behind),
        ] {
            counter.increment(1);
        }
        for histogram in [
            ours::commit_duration("c"),
            ours::rewind_depth("c"),
            ours::pass_duration("w"),
            ours::http_request_duration("/v1/chains"),
        ] {
            histogram.record(2.0);
        }
    }

    #[test]
    fn every_metric_of_the_catalogue_is_rendered_with_help_kind_and_labels() {
        let (recorder, exporter) = build().unwrap();
        ::metrics::with_local_recorder(&recorder, record_each);
        exporter.upkeep();
        let page = exporter.render();
        for metric in catalogue() {
            let name = metric.name;
            assert!(page.contains(&format!("# HELP {name} {}", metric.help)), "{name}\n{page}");
            let end = if metric.labels.is_empty() { ' ' } else { '{' };
            let (kind, sample) = match metric.kind {
                Kind::Counter => ("counter", format!("\n{name}{end}")),
                Kind::Gauge => ("gauge", format!("\n{name}{end}")),
                Kind::Histogram(_) => ("histogram", format!("\n{name}_bucket{{")),
            };
            assert!(page.contains(&format!("# TYPE {name} {kind}\n")), "{name}\n{page}");
            let start = page.find(&sample).unwrap_or_else(|| panic!("{name} has no sample"));
            let line = page[start + 1..].lines().next().unwrap();
            for label in metric.labels {
                assert!(line.contains(&format!("{label}=\"")), "{line}");
            }
        }
        let types = page.lines().filter(|line| line.starts_with("# TYPE ")).count();
        assert_eq!(types, catalogue().len(), "a metric is missing in the catalogue\n{page}");
        assert!(page.contains("method=\"other\""), "{page}");
    }

    #[test]
    fn names_are_unique_and_end_in_their_unit() {
        let mut names: Vec<_> = catalogue().iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), catalogue().len());
        for metric in catalogue() {
            let total = metric.name.ends_with("_total");
            assert_eq!(total, metric.kind == Kind::Counter, "{}", metric.name);
            let unit = metric.name.ends_with("_seconds") || metric.name.ends_with("_blocks");
            assert!(unit || !matches!(metric.kind, Kind::Histogram(_)), "{}", metric.name);
            assert!(metric.name.starts_with("herald_"), "{}", metric.name);
        }
    }
}
