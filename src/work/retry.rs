//! How long a worker waits after a failed pass: the one user of the `backoff` crate
//! (docs/decisions/0001-backoff.md).

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

/// First wait: a passing fault is over by then.
const WAIT_FIRST: Duration = Duration::from_millis(200);
/// Longest wait: an operator who has mended something should see it work within this time.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(10);

/// Waits that double, with jitter, until a pass succeeds.
pub(super) struct Retry(ExponentialBackoff);

impl Retry {
    pub(super) fn new() -> Self {
        Self(ExponentialBackoff {
            current_interval: WAIT_FIRST,
            initial_interval: WAIT_FIRST,
            max_interval: WAIT_MAX,
            multiplier: 2.0,
            randomization_factor: 0.2,
            // A worker never gives up.
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        })
    }

    /// The next wait.
    pub(super) fn failed(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(WAIT_MAX)
    }

    /// Starts over.
    pub(super) fn succeeded(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_start_over() {
        let mut retry = Retry::new();
        let first = retry.failed();
        assert!(first <= WAIT_FIRST.mul_f64(1.2), "{first:?}");
        let last = (0..40).map(|_| retry.failed()).last().expect("forty waits");
        assert!(last >= WAIT_MAX.mul_f64(0.8) && last <= WAIT_MAX.mul_f64(1.2), "{last:?}");
        retry.succeeded();
        assert!(retry.failed() <= WAIT_FIRST.mul_f64(1.2));
    }
}
