//! What Herald says about itself: log lines and metrics.
//!
//! `logs` starts the log; `catalogue` is the one table of every metric; `metrics` hands each out as
//! a function whose arguments are its labels; `exporter` renders them for Prometheus.

pub mod logs;
pub mod screen;
pub mod catalogue;
pub mod metrics;
pub mod exporter;
