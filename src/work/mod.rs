//! How everything that is not HTTP runs.
//!
//! A [`Worker`] makes passes: idempotent steps without input that find their work in Postgres.
//! `drive` is the one loop behind all of them; it passes again at once while there is work, else
//! when a wake-up or the timer comes, and after a failure when the `retry` policy says so. A wake-up
//! (`wake`) only hurries: losing one costs at most a timer's length.

mod drive;
mod retry;
mod wake;

use std::time::Duration;

use async_trait::async_trait;

pub use drive::drive;
pub use wake::{Topic, Wakes, listen};

/// What a pass found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Nothing to do now.
    Idle,
    /// Something was done, and there may be more.
    Worked,
}

/// A part of Herald that works through passes.
#[async_trait]
pub trait Worker: Send + Sync {
    /// Name in logs and metrics, such as `live ethereum`.
    fn name(&self) -> &str;

    /// Longest wait between two passes.
    fn every(&self) -> Duration;

    /// Longest wait after a pass that failed.
    fn retries_within(&self) -> Duration {
        retry::WAIT_MAX
    }

    /// Which wake-up hurries it, if any.
    fn topic(&self) -> Option<Topic> {
        None
    }

    /// One idempotent step. May be dropped at any await.
    async fn pass(&self) -> anyhow::Result<Pass>;

    /// Returns when something outside Postgres calls for a pass, such as an announced head.
    async fn hurried(&self) {
        std::future::pending().await
    }
}
