//! The figures as a table, for people and for `docs/BENCHMARKS.md`.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context as _;

use crate::keys::Dataset;
use crate::latency::Latencies;
use crate::pgbench::Reached;
use crate::questions::Question;
use crate::settings::Settings;
use crate::{OPEN_RATE, load};

/// The file that is written beside what is printed.
const FILE: &str = "reads.md";

/// What was measured of a question.
pub(crate) struct Row {
    /// The question.
    pub(crate) question: Question,
    /// How Herald answered.
    pub(crate) answered: Latencies,
    /// What `pgbench` reached.
    pub(crate) reached: Reached,
    /// How many statements an answer takes.
    pub(crate) statements: usize,
}

/// All that was measured.
pub(crate) struct Report {
    /// What is stored.
    pub(crate) dataset: Dataset,
    /// The database's server.
    pub(crate) server: String,
    /// The closed loops.
    pub(crate) rows: Vec<Row>,
    /// The open loop.
    pub(crate) open: Latencies,
    /// How long each took.
    pub(crate) seconds: u64,
}

impl Row {
    /// Its line of the table.
    pub(crate) fn line(&self) -> String {
        let all = &self.answered;
        format!(
            "| {} | {:.0} | {:.1} | {:.1} | {:.1} | {} | {:.0} ({}) | {:.2} |",
            self.question.title(),
            all.rate(),
            all.within(500),
            all.within(990),
            all.within(1_000),
            self.statements,
            self.reached.rate,
            self.reached.how,
            all.rate() / self.reached.rate
        )
    }

    fn failures(&self) -> u64 {
        self.answered.failures
    }
}

impl Report {
    /// Prints it and writes it to the benchmark's folder; fails where answers failed.
    pub(crate) fn publish(self, settings: &Settings) -> anyhow::Result<()> {
        let text = self.text()?;
        std::fs::write(settings.file(FILE), &text)?;
        write!(std::io::stdout().lock(), "{text}")?;
        let failures = self.open.failures + self.rows.iter().map(Row::failures).sum::<u64>();
        anyhow::ensure!(failures == 0, "{failures} requests were not answered with 200");
        Ok(())
    }

    fn text(&self) -> anyhow::Result<String> {
        let Dataset { transfers, tokens, contracts, blocks, wallets, .. } = &self.dataset;
        let mut text = format!(
            "{transfers} transfers of {tokens} tokens of {contracts} contracts in {blocks} blocks, \
             {wallets} wallets.\n{}; {}.\n{} connections, {} s a question; times in milliseconds.\n\n\
             | question | requests/s | p50 | p99 | max | statements | pgbench/s | ratio |\n\
             |---|---|---|---|---|---|---|---|\n",
            machine()?,
            self.server,
            load::CONNECTIONS,
            self.seconds,
        );
        for row in &self.rows {
            writeln!(text, "{}", row.line())?;
        }
        let open = &self.open;
        writeln!(
            text,
            "\nAll questions in turn, {OPEN_RATE} requests a second sent whether or not there were \
             answers:\n{:.0} answered a second, p50 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1}; {} \
             failures.",
            open.rate(),
            open.within(500),
            open.within(990),
            open.within(999),
            open.within(1_000),
            open.failures
        )?;
        Ok(text)
    }
}

/// Cores and memory.
fn machine() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total = total.and_then(|rest| rest.split_whitespace().next()).context("no MemTotal")?;
    let gigabytes = total.parse::<u64>()? >> 20;
    let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("", |(_, name)| name);
    Ok(format!("{cores} cores ({model}), {gigabytes} GB"))
}
