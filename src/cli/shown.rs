//! What is shown of loads: bars at the bottom of a terminal, lines in the log elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::words;
use crate::config::Log;
use crate::store::progress::{ChainLoad, Load};
use crate::telemetry::{logs, screen};

/// Time between two looks at what bars show: they are watched.
const BAR_EVERY: Duration = Duration::from_secs(1);

/// Time between two looks where lines are told: the end of a load is told so late at most.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// What loads has a line at every so many looks: one in ten seconds does not fill a log.
const LINE_LOOKS: u32 = 2;

/// Parts of a bar, so that it moves by a hundredth of a percent.
const BAR_PARTS: u64 = 10_000;

/// A bar fills what the words leave of the line.
const BAR: &str = "{prefix} [{wide_bar}] {msg}";

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// A bar for each load at the bottom of the terminal.
    Bars,
    /// A line in the log at most every ten seconds for each load, and one at its end.
    Lines,
}

impl Show {
    /// Bars where standard error is a terminal and the log is for people.
    pub fn on(log: &Log) -> Self {
        if screen::shows_bars() && logs::is_for_people(log) { Self::Bars } else { Self::Lines }
    }

    /// Time between two looks.
    pub(super) fn every(self) -> Duration {
        match self {
            Self::Bars => BAR_EVERY,
            Self::Lines => LINE_EVERY,
        }
    }
}

/// `34 %`, rounded down: only what is whole is 100.
pub(super) fn share(percent: f64) -> String {
    format!("{} %", percent.clamp(0.0, 100.0).floor())
}

/// Rate and time left, as far as they are known, behind a comma each.
pub(super) fn pace(load: &Load) -> String {
    let rate = load.blocks_per_s.map(|rate| format!(", {}", words::rate(rate)));
    let left = load.eta_s().map(|seconds| format!(", {}", words::left(seconds)));
    [rate, left].into_iter().flatten().collect()
}

/// What is shown now, by name.
pub(super) struct Shown {
    show: Show,
    bars: HashMap<String, ProgressBar>,
    /// How often each was looked at.
    looks: HashMap<String, u32>,
}

impl Shown {
    pub(super) fn new(show: Show) -> Self {
        Self { show, bars: HashMap::new(), looks: HashMap::new() }
    }

    /// Shows the chains that load, and answers the lines to be told: those of what loads, and one
    /// for each that was loading and does no more.
    pub(super) fn look(&mut self, chains: &[ChainLoad]) -> Vec<String> {
        let mut lines = Vec::new();
        for ChainLoad { name, load, .. } in chains {
            if load.loading {
                let text = format!("{} of the past loaded{}", share(load.percent()), pace(load));
                lines.extend(self.one(name, load, &text));
            } else if self.looks.remove(name).is_some() {
                self.bars.remove(name).inspect(ProgressBar::finish_and_clear);
                lines.push(format!("{name}: the past is loaded"));
            }
        }
        lines
    }

    /// Shows one that loads, and answers the line to be told.
    pub(super) fn one(&mut self, name: &str, load: &Load, text: &str) -> Option<String> {
        let looks = self.looks.entry(name.to_owned()).or_insert(0);
        *looks += 1;
        if self.show == Show::Lines {
            return (*looks % LINE_LOOKS == 1).then(|| format!("{name}: {text}"));
        }
        let bar = self.bars.entry(name.to_owned()).or_insert_with(|| bar(name));
        bar.set_position((load.percent() / 100.0 * BAR_PARTS as f64) as u64);
        bar.set_message(format!("{}{}", share(load.percent()), pace(load)));
        None
    }
}

impl Drop for Shown {
    /// Leaves the terminal as it was.
    fn drop(&mut self) {
        for bar in self.bars.values() {
            bar.finish_and_clear();
        }
    }
}

fn bar(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(BAR_PARTS).with_prefix(name.to_owned());
    screen::add(bar.with_style(style.progress_chars("=> ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, done: i64, blocks_per_s: Option<f64>) -> ChainLoad {
        let (loading, blocks_total) = (done < 1_000_000, 1_000_000);
        let load = Load { loading, blocks_done: done, blocks_total, blocks_per_s };
        ChainLoad { name: name.into(), load, waiting: 0, reading: 1, failing: 0 }
    }

    #[test]
    fn a_load_is_told_at_every_second_look_and_at_its_end() {
        let mut shown = Shown::new(Show::Lines);
        assert!(shown.look(&[load("base", 1_000_000, None)]).is_empty(), "nothing loads");
        let told = shown.look(&[load("base", 0, None)]);
        assert_eq!(told, ["base: 0 % of the past loaded"]);
        assert!(shown.look(&[load("base", 300_000, Some(100.0))]).is_empty());
        let told = shown.look(&[load("base", 349_999, Some(12_345.6)), load("other", 0, None)]);
        let line = "base: 34 % of the past loaded, 12,345 blocks/s, about 53 s left";
        assert_eq!(told, [line, "other: 0 % of the past loaded"]);
        let told = shown.look(&[load("base", 1_000_000, None), load("other", 1, None)]);
        assert_eq!(told, ["base: the past is loaded"]);
        let told = shown.look(&[load("base", 1_000_000, None), load("other", 2, None)]);
        assert_eq!(told, ["other: 0 % of the past loaded"]);
    }

    #[test]
    fn where_nothing_moves_neither_rate_nor_time_is_told() {
        assert_eq!(pace(&load("base", 10, None).load), "");
        assert_eq!((share(99.999), share(100.0)), ("99 %".into(), "100 %".into()));
    }
}
