//! Log lines on standard error, so that standard output stays what a command answers.

use std::io::IsTerminal;

use anyhow::Context;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::screen::Above;
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
        Box::new(fmt::layer().with_writer(Above).with_ansi(terminal))
    } else {
        // Fields beside the message, not below it, so that a query names them directly.
        Box::new(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
    };
    // The filters stand before everything, not on the one layer: there a question whether a line
    // would be told, such as sqlx asks of every statement, swallows the next line.
    tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .with(filter_fn(|line| may_be_told(line.target(), line.level())))
        .try_init()
        .context("the log of this process has already been started")
}

/// Crates whose lines below `info` can show nothing secret: this one, and the statements of sqlx,
/// whose values are bound.
const DISCREET: [&str; 2] = ["herald", "sqlx"];

/// Whether a line may be told, whatever the filter says: libraries print whole requests below
/// `info`, with the keys that providers put into URLs.
fn may_be_told(target: &str, level: &Level) -> bool {
    let origin = target.split("::").next().unwrap_or_default();
    *level <= Level::INFO || DISCREET.contains(&origin)
}

/// Whether the lines are made for people and not for programs.
pub fn is_for_people(log: &Log) -> bool {
    is_pretty(log.format, std::io::stderr().is_terminal())
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
    fn libraries_tell_nothing_below_info() {
        for (target, level, told) in [
            ("herald::chain::pool", Level::TRACE, true),
            ("sqlx::query", Level::DEBUG, true),
            ("tungstenite::handshake::client", Level::INFO, true),
            ("tungstenite::handshake::client", Level::DEBUG, false),
            ("heraldic", Level::TRACE, false),
            ("log", Level::TRACE, false),
        ] {
            assert_eq!(may_be_told(target, &level), told, "{target} {level}");
        }
    }

    #[test]
    fn auto_is_pretty_on_a_terminal_only() {
        assert!(is_pretty(LogFormat::Auto, true) && !is_pretty(LogFormat::Auto, false));
        assert!(is_pretty(LogFormat::Pretty, false) && !is_pretty(LogFormat::Json, true));
    }
}
