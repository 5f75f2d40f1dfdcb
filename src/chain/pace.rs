//! Spaces out the requests of one endpoint, so that its rate limit is kept rather than hit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Longest wait for a turn: whoever would wait longer asks another endpoint instead.
const TURN_WAIT_MAX: Duration = Duration::from_secs(10);

/// An even spacing of requests.
pub(super) struct Pace {
    /// Time that each request takes up; zero where there is no limit.
    gap: Duration,
    free_at: Mutex<Instant>,
}

/// The queue of an endpoint is longer than anybody should wait.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("its configured request rate is used up for the next {} ms", .0.as_millis())]
pub(super) struct TooBusy(Duration);

impl Pace {
    /// At most `rps` requests a second; `None` for no limit.
    pub(super) fn new(rps: Option<u32>) -> Self {
        let gap = rps.map_or(Duration::ZERO, |rps| Duration::from_secs(1) / rps.max(1));
        Self { gap, free_at: Mutex::new(Instant::now()) }
    }

    /// Waits until `requests` more may be sent.
    pub(super) async fn turn(&self, requests: u32) -> Result<(), TooBusy> {
        if self.gap.is_zero() {
            return Ok(());
        }
        let wait = self.take(Instant::now(), requests)?;
        sleep(wait).await;
        Ok(())
    }

    /// Books `requests` and says how long to wait for the first of them.
    fn take(&self, now: Instant, requests: u32) -> Result<Duration, TooBusy> {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let start = (*free_at).max(now);
        let wait = start - now;
        if wait > TURN_WAIT_MAX {
            return Err(TooBusy(wait));
        }
        *free_at = start + self.gap * requests;
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_spaced_and_the_queue_is_bounded() {
        let pace = Pace::new(Some(10));
        let now = Instant::now();
        assert_eq!(pace.take(now, 1), Ok(Duration::ZERO));
        assert_eq!(pace.take(now, 5), Ok(Duration::from_millis(100)));
        assert_eq!(pace.take(now, 1), Ok(Duration::from_millis(600)));
        assert_eq!(pace.take(now, 200), Ok(Duration::from_millis(700)));
        assert_eq!(pace.take(now, 1), Err(TooBusy(Duration::from_millis(20_700))));
        let later = now + Duration::from_secs(30);
        assert_eq!(pace.take(later, 1), Ok(Duration::ZERO));
    }
}
