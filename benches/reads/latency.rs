//! How long the answers took.

use std::time::Duration;

/// What was answered in a time, and how long each took.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    /// Of every answer with status 200, in microseconds; in order once summed up.
    took: Vec<u32>,
    /// Other answers, and requests without one.
    pub(crate) failures: u64,
    /// How long was measured.
    pub(crate) length: Duration,
}

impl Latencies {
    /// Takes one in.
    pub(crate) fn answered(&mut self, took: Duration) {
        self.took.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// All of several connections that asked at the same time.
    pub(crate) fn sum(parts: Vec<Self>, length: Duration) -> Self {
        let failures = parts.iter().map(|part| part.failures).sum();
        let mut took: Vec<u32> = parts.into_iter().flat_map(|part| part.took).collect();
        took.sort_unstable();
        Self { took, failures, length }
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.took.len()).unwrap_or(u32::MAX)) / self.length.as_secs_f64()
    }

    /// Milliseconds within which this part of a thousand was answered.
    pub(crate) fn within(&self, thousandth: usize) -> f64 {
        let at = (self.took.len() * thousandth).div_ceil(1_000).saturating_sub(1);
        self.took.get(at).map_or(f64::NAN, |took| f64::from(*took) / 1_000.0)
    }
}
