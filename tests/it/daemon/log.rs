//! What a running program prints, line by line, kept and waited for.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// Lines that a failing test shows.
const TAIL: usize = 40;

/// Longest part of a line that a failing test shows.
const SHOWN_MAX: usize = 300;

/// Everything that one output of a program has said so far.
#[derive(Clone)]
pub(super) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    /// How many there are; closed when the output is.
    count: watch::Receiver<usize>,
}

impl Log {
    /// Reads until the output ends, whether somebody waits or not, so that the program is never
    /// held up by a full pipe.
    pub(super) fn of(output: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (sender, count) = watch::channel(0);
        let log = Self { lines: Arc::default(), count };
        let kept = log.lines.clone();
        #[expect(clippy::disallowed_methods, reason = "the reader is no part of the daemon")]
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().expect("nobody panics while holding it").push(line);
                sender.send_modify(|count| *count += 1);
            }
        });
        log
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        *self.count.borrow()
    }

    /// All lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("nobody panics while holding it").clone()
    }

    /// All of it in one text.
    pub(super) fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The last lines, shortened and without statements and requests, for a failing test.
    pub(super) fn tail(&self) -> String {
        let is_noise = |line: &String| line.contains("sqlx::query") || line.contains("api::finish");
        let lines: Vec<String> = self.lines().into_iter().filter(|line| !is_noise(line)).collect();
        let tail = &lines[lines.len().saturating_sub(TAIL)..];
        let short = |line: &String| line.chars().take(SHOWN_MAX).collect::<String>();
        tail.iter().map(short).collect::<Vec<_>>().join("\n")
    }

    /// Waits for the first line from `from` on that `wanted` accepts, and answers its number and
    /// text; none where the output has ended without it.
    pub(super) async fn line(
        &self,
        from: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<(usize, String)> {
        let mut count = self.count.clone();
        let mut next = from;
        loop {
            let there = *count.borrow_and_update();
            let found = {
                let lines = self.lines.lock().expect("nobody panics while holding it");
                let new = lines.get(next..there).unwrap_or_default();
                new.iter().position(|line| wanted(line)).map(|at| (next + at, new[at].clone()))
            };
            if found.is_some() {
                return found;
            }
            next = next.max(there);
            if count.changed().await.is_err() && self.len() <= next {
                return None;
            }
        }
    }

    /// Waits until the output has ended.
    pub(super) async fn ended(&self) {
        let mut count = self.count.clone();
        while count.changed().await.is_ok() {}
    }
}
