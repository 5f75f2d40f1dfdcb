//! What is remembered of an endpoint that numbered logs wrongly. Pure: the clock is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// How long a mark stays, whatever the endpoint answers meanwhile: what makes a node number logs
/// wrongly is its software, which nobody changes by the minute.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// The mark of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Mark {
    last: Option<(String, Instant)>,
    blocks: u64,
}

impl Mark {
    /// It gave two different logs one index in `blocks` more blocks; whether that is news.
    pub(super) fn add(&mut self, now: Instant, what: &str, blocks: u64) -> bool {
        let is_new = self.shown(now).is_none();
        self.blocks += blocks;
        self.last = Some((what.to_owned(), now + MEMORY));
        is_new
    }

    /// What it did last, while that is remembered.
    pub(super) fn shown(&self, now: Instant) -> Option<&str> {
        self.last.as_ref().filter(|(_, until)| now < *until).map(|(what, _)| what.as_str())
    }

    /// Blocks so far, forgotten ones too.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_ends_an_hour_after_its_last_cause_and_is_news_again_then() {
        let mut mark = Mark::default();
        let now = Instant::now();
        assert_eq!(mark.shown(now), None);
        assert!(mark.add(now, "block 7", 2));
        assert!(!mark.add(now + MEMORY / 2, "block 8", 1), "said already");
        let end = now + MEMORY / 2 + MEMORY;
        assert_eq!(mark.shown(end - Duration::from_secs(1)), Some("block 8"));
        assert_eq!(mark.shown(end), None);
        assert!(mark.add(end, "block 9", 1));
        assert_eq!(mark.blocks(), 4);
    }
}
