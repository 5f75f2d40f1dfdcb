//! What Herald says about itself: log lines and metrics.
//!
//! `logs` starts the log; `catalogue` is the one table of every metric; `metrics` hands each out as
//! a function whose arguments are its labels, of which `labels` has those that only take some words;
//! `exporter` renders them for Prometheus.

pub mod logs;
pub mod screen;
pub mod catalogue;
mod labels;
pub mod metrics;
pub mod exporter;
