//! Log lines on standard error, so that standard output stays what a command answers.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Log, LogFormat};

/// Starts the log of this process.
///
/// # Errors
///
/// When a log has already been started, or the filter is none, which the configuration has checked.
pub fn init(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).context("log.filter is no filter")?;
    let terminal = std::io::stderr().is_terminal();
    let layer: Box<dyn Layer<Registry> + Send + Sync> = if is_pretty(log.format, terminal) {
        Box::new(fmt::layer().with_writer(std::io::stderr).with_ansi(terminal))
    } else {
        // Fields beside the message, not below it, so that a query names them directly.
        Box::new(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init()
        .context("the log of this process has already been started")
}

fn is_pretty(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_pretty_on_a_terminal_only() {
        assert!(is_pretty(LogFormat::Auto, true) && !is_pretty(LogFormat::Auto, false));
        assert!(is_pretty(LogFormat::Pretty, false) && !is_pretty(LogFormat::Json, true));
    }
}
