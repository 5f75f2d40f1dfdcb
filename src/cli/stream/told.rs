//! How far a stream is: a bar on a terminal, lines on standard error elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::words::grouped;
use crate::cli::{out, shown::Show};
use crate::telemetry::screen;

/// Time between two lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How many rows there will be is not known, so the bar is a sign of life beside a count.
const BAR: &str = "{spinner} {msg}";

/// Says how many rows have come.
pub(in crate::cli) struct Told {
    /// Minus one before the head of a CSV.
    rows: i64,
    began: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
    silent: bool,
}

impl Told {
    /// Of a file in this format. Nothing is said while its rows are `on_screen` themselves.
    pub(in crate::cli) fn new(show: Show, format: &str, on_screen: bool) -> Self {
        let style =
            ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = (show == Show::Bars && !on_screen)
            .then(|| screen::add(ProgressBar::new_spinner().with_style(style)));
        let now = Instant::now();
        let rows = if format == "csv" { -1 } else { 0 };
        Self { rows, began: now, said: now, bar, silent: on_screen }
    }

    /// So many rows more.
    pub(super) fn more(&mut self, rows: i64) {
        self.rows += rows;
        if let Some(bar) = &self.bar {
            bar.set_message(self.text());
            bar.tick();
        } else if !self.silent && self.said.elapsed() >= LINE_EVERY {
            self.said = Instant::now();
            out::complain(&self.text());
        }
    }

    /// The last word.
    pub(in crate::cli) fn done(&self, block: &str) {
        if !self.silent {
            self.clear();
            out::complain(&format!("{}, {block}", self.text()));
        }
    }

    fn text(&self) -> String {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let rows = self.rows.max(0);
        let rate = (rows as f64 / seconds) as i64;
        format!("{} rows, {} rows/s", grouped(rows), grouped(rate))
    }

    fn clear(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl Drop for Told {
    /// Leaves the terminal as it was.
    fn drop(&mut self) {
        self.clear();
    }
}
