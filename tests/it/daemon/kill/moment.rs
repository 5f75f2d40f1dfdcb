//! When somebody is killed, told by the lines of the daemon's log.

use rand::Rng;
use rand::rngs::SmallRng;

use crate::daemon::process::Program;

/// What the daemon says when it answers, joins a contract, commits, loads, folds, rewinds; the
/// statements are its log's too.
pub(super) const ANSWERS: &str = "answers at http://";
pub(super) const COMMITTED: &str = "committed up to block";
pub(super) const LOADED: &str = "loaded blocks";
pub(super) const FOLDING: &str = "set state = 'folding'";
pub(super) const APPENDING: &str = "insert into chain.blocks";
pub(super) const TAKING_BACK: &str = "delete from chain.blocks where";

/// When somebody is killed: so many lines after the so manyth line with these words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) words: &'static str,
    times: usize,
    lines: usize,
}

impl Moment {
    /// A moment by chance: up to `times_max` times and up to `lines_max` lines later.
    pub(super) fn any(
        rng: &mut SmallRng,
        words: &'static str,
        times_max: usize,
        lines_max: usize,
    ) -> Self {
        let times = rng.random_range(1..=times_max);
        Self { words, times, lines: rng.random_range(0..=lines_max) }
    }

    /// Waits for it, from the first line of the program on.
    pub(super) async fn comes(self, program: &Program) {
        let mut next = 0;
        for _ in 0..self.times {
            next = program.says_from(next, self.words).await.0 + 1;
        }
        for _ in 0..self.lines {
            next = program.says_from(next, "").await.0 + 1;
        }
    }
}
