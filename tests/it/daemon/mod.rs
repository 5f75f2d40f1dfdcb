//! The built daemon as its users run it: a process, a configuration file, HTTP, signals.
//!
//! Reading order: `setup` is a configuration file, `process` the program that was started on it,
//! with its `log` line by line, and `client` asks its API; `site` is a simulated node that can go
//! down and come back, `feed` what a subscriber reads. Nothing here sleeps: whoever waits is woken
//! by a line of the daemon's log, since its live edge takes up its lease in every pass.

mod setup;
mod log;
mod process;
mod client;
mod site;
mod feed;

mod kill;
mod chains;
mod contracts;
mod commands;
mod stop;
mod roles;
mod connections;
mod frozen;
mod takeover;
mod demo;
mod refuse;
mod keys;
mod telemetry;
mod load;

use std::time::Duration;

/// Longest that anything is waited for before the test fails instead of hanging: many times what
/// the slowest wait takes on a busy machine. Nothing is asserted about time by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what has to come, and says what did not.
async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not come"),
    }
}
