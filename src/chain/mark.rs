//! What is remembered of an endpoint that numbered logs wrongly. Pure: the clock is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// How long a mark stays, whatever the endpoint answers meanwhile: what makes a node number logs
/// wrongly is its software, which nobody changes by the minute.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// Answers that are all looked at; later ones ever more seldom. On a chain whose blocks hold one
/// transaction each there is nothing to see, and nothing to be numbered wrongly.
const LOOKS: u64 = 16;

/// The mark of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Mark {
    last: Option<(String, Instant)>,
    blocks: u64,
    numbers_well: bool,
    answers: u64,
}

impl Mark {
    /// It gave two different logs one index in `blocks` more blocks; whether that is news.
    pub(super) fn add(&mut self, now: Instant, what: &str, blocks: u64) -> bool {
        let is_new = self.shown(now).is_none();
        self.blocks += blocks;
        (self.numbers_well, self.answers) = (false, 0);
        self.last = Some((what.to_owned(), now + MEMORY));
        is_new
    }

    /// What it did last, while that is remembered.
    pub(super) fn shown(&self, now: Instant) -> Option<&str> {
        self.last.as_ref().filter(|(_, until)| now < *until).map(|(what, _)| what.as_str())
    }

    /// Whether to look at its numbering in this answer, which is counted: until that was once seen
    /// to be right.
    pub(super) fn looks(&mut self, now: Instant) -> bool {
        if self.numbers_well || self.shown(now).is_some() {
            return false;
        }
        self.answers += 1;
        self.answers <= LOOKS || self.answers.is_power_of_two()
    }

    /// All logs of a block of several transactions had indices of their own.
    pub(super) fn numbers_well(&mut self) {
        self.numbers_well = true;
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

    #[test]
    fn numbering_is_looked_at_until_it_is_known_and_anew_after_a_mark() {
        let now = Instant::now();
        let mut quiet = Mark::default();
        assert_eq!((0..1_000).filter(|_| quiet.looks(now)).count(), 16 + 5, "32 to 512");
        let mut mark = Mark::default();
        assert!(mark.looks(now));
        mark.numbers_well();
        assert!(!mark.looks(now));
        mark.add(now, "block 7", 1);
        assert!(!mark.looks(now), "what it is is known");
        assert!(mark.looks(now + MEMORY));
    }
}
