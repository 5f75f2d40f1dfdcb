//! How fast the API answers reads, beside what `pgbench` reaches with the same statements.
//!
//! Reading order: `settings` (what can be asked), `cluster` (a Postgres of its own), `dataset` (what
//! is stored in it), `keys` (which of it is asked for), `questions`, `daemon` (the release that
//! answers), `http` and `load` (who asks, and how fast), `statements` (what the answers cost, as the
//! server saw it), `pgbench`, `report`.

mod settings;
mod cluster;
mod dataset;
mod keys;
mod questions;
mod daemon;
mod http;
mod load;
mod latency;
mod statements;
mod parameters;
mod pgbench;
mod report;

use std::io::{Write as _, stderr};
use std::time::Duration;

use clap::Parser as _;

use cluster::Server;
use daemon::Daemon;
use keys::Dataset;
use latency::Latencies;
use load::Load;
use questions::Question;
use report::{Report, Row};
use settings::Settings;
use statements::Statement;

/// Load before what is measured, so that caches and prepared statements are there.
const WARM_UP: Duration = Duration::from_secs(2);

/// Requests a second of the open loop.
const OPEN_RATE: u32 = 1_000;

/// Says what is done, to whoever waits for it.
fn say(text: &str) {
    let _ = writeln!(stderr().lock(), "bench: {text}");
}

/// One thread asks: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::parse();
    let server = Server::start(&settings).await?;
    let measured = measure(&settings, &server).await;
    server.stop().await?;
    measured?.publish(&settings)
}

async fn measure(settings: &Settings, server: &Server) -> anyhow::Result<Report> {
    let dataset = dataset::prepare(settings, server).await?;
    let statements = statements_of(settings, server, &dataset).await?;
    let daemon = Daemon::start(settings, &server.url).await?;
    let load = Load { address: daemon.address, dataset: &dataset, seed: settings.seed };
    let mut rows = Vec::new();
    for (question, statements) in Question::ALL.into_iter().zip(&statements) {
        load.check(question).await?;
        let answered = closed(&load, question, settings).await?;
        let reached = pgbench::run(settings, server, (question, statements, &dataset)).await?;
        let row = Row { question, answered, reached, statements: statements.len() };
        say(&row.line());
        rows.push(row);
    }
    say(&format!("all questions in turn, {OPEN_RATE} a second"));
    load.open(OPEN_RATE, WARM_UP).await?;
    let open = load.open(OPEN_RATE, settings.length()).await?;
    daemon.stop().await?;
    Ok(Report { dataset, server: server.version().await?, rows, open, seconds: settings.seconds })
}

async fn closed(
    load: &Load<'_>,
    question: Question,
    settings: &Settings,
) -> anyhow::Result<Latencies> {
    say(question.title());
    load.closed(question, WARM_UP).await?;
    load.closed(question, settings.length()).await
}

/// What Herald asks Postgres for each question, as seen by a server that logs it.
async fn statements_of(
    settings: &Settings,
    server: &Server,
    dataset: &Dataset,
) -> anyhow::Result<Vec<Vec<Statement>>> {
    say("which statements Herald sends");
    let daemon = Daemon::start(settings, &server.talkative_url()?).await?;
    let mut found = Vec::new();
    for question in Question::ALL {
        found.push(statements::of(question, dataset, server, daemon.address).await?);
    }
    daemon.stop().await?;
    Ok(found)
}
