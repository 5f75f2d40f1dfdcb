//! `herald spans`: what is still to be loaded, and trying it again.

use super::database::{Need, Opened, open};
use super::{Exit, out, words};
use crate::config::Config;
use crate::store::backlog::{self, LISTED_MAX, Pending, Which};
use crate::store::{self, Pool, chains, notify};

/// List what is still to be loaded of the past, and try it again
#[derive(Clone, Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands about spans.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// List the spans that are not done: which blocks, who reads them, and what fails
    #[command(after_help = "Examples:\n  herald spans list\n  \
                            herald spans list --chain ethereum --failing")]
    List(List),
    /// End the claims on spans and forget their failures, so that they are tried at once
    #[command(after_help = "Examples:\n  herald spans requeue --chain ethereum --failing\n  \
                            herald spans requeue --chain ethereum --id 7 --from-start")]
    Requeue(Requeue),
}

/// Arguments of `herald spans list`.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only of this chain, by its alias
    #[arg(long, value_name = "NAME")]
    pub chain: Option<String>,
    /// Only those whose last step has failed
    #[arg(long)]
    pub failing: bool,
    /// Answer as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `herald spans requeue`.
#[derive(Clone, Debug, clap::Args)]
pub struct Requeue {
    /// Alias of the chain
    #[arg(long, value_name = "NAME")]
    pub chain: String,
    /// Only this span
    #[arg(long, value_name = "NUMBER", conflicts_with = "failing")]
    pub id: Option<i64>,
    /// Only those whose last step has failed
    #[arg(long)]
    pub failing: bool,
    /// Read them again from their first blocks, as where what was read is not believed
    #[arg(long)]
    pub from_start: bool,
}

/// Runs a command about spans.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let need = if matches!(args.command, Command::List(_)) { Need::Look } else { Need::Command };
    let opened = open(&config.database, ("spans", need)).await?;
    let done = done(&opened, &args.command).await;
    opened.close().await?;
    done
}

async fn done(opened: &Opened, command: &Command) -> anyhow::Result<Exit> {
    opened.require_current().await?;
    let pool = store::pool::open(opened.options.clone(), 1);
    let done = match command {
        Command::List(args) => list(&pool, args).await,
        Command::Requeue(args) => requeue(&pool, args).await,
    };
    pool.close().await;
    done
}

/// Complains of a chain that the database does not have.
fn unknown(name: &str, known: &[String]) -> Exit {
    let known = if known.is_empty() { "none yet".into() } else { known.join(", ") };
    out::complain(&format!("error: --chain {name}: the database has {known}"));
    Exit::Wrong
}

async fn list(pool: &Pool, args: &List) -> anyhow::Result<Exit> {
    let chain = match &args.chain {
        None => None,
        Some(name) => match backlog::chain_named(pool, name).await? {
            Ok(key) => Some(key),
            Err(known) => return Ok(unknown(name, &known)),
        },
    };
    let spans = backlog::pending(pool, chain, args.failing).await?;
    if args.json {
        out::line(serde_json::json!({ "spans": spans }))?;
        return Ok(Exit::Done);
    }
    if spans.is_empty() {
        let what = if args.failing { "no span fails" } else { "nothing is left to be loaded" };
        out::line(what)?;
    }
    for span in &spans {
        for line in lines(span) {
            out::line(line)?;
        }
    }
    if spans.len() as i64 >= LISTED_MAX {
        out::line(format!("there may be more: the first {LISTED_MAX} are listed"))?;
    }
    Ok(Exit::Done)
}

fn lines(span: &Pending) -> Vec<String> {
    let contracts = match &span.contract {
        Some(contract) => contract.clone(),
        None => format!("{} contracts", words::grouped(span.contracts)),
    };
    let done = (span.next_block - span.from_block) as f64;
    let all = (span.to_block - span.from_block + 1).max(1) as f64;
    let mut lines = vec![
        format!("{} of {}: {contracts}", span.id, span.chain),
        format!(
            "  blocks {} to {}, next {} ({:.1} %)",
            span.from_block,
            span.to_block,
            span.next_block,
            (1_000.0 * done / all).floor() / 10.0
        ),
    ];
    if let (Some(reader), Some(until)) = (&span.reader, &span.until) {
        lines.push(format!("  read by {reader} until {until}"));
    }
    if span.failures > 0 {
        let why = span.detail.as_deref().unwrap_or("the reason was not kept");
        lines.push(format!("  failed {}: {why}", times(span.failures)));
    }
    lines
}

/// `once`, `3 times`.
pub(super) fn times(count: i32) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

async fn requeue(pool: &Pool, args: &Requeue) -> anyhow::Result<Exit> {
    let chain = match backlog::chain_named(pool, &args.chain).await? {
        Ok(key) => key,
        Err(known) => return Ok(unknown(&args.chain, &known)),
    };
    let which = match args.id {
        Some(id) => Which::One(id),
        None if args.failing => Which::Failing,
        None => Which::All,
    };
    let mut tx = pool.begin().await?;
    chains::lock(&mut tx, chain).await?;
    let count = backlog::requeue(&mut tx, chain, which, args.from_start).await?;
    tx.commit().await?;
    if let (Which::One(id), 0) = (which, count) {
        out::complain(&format!(
            "error: --id {id}: {chain} has no such span that is not done; `herald spans list --chain \
             {chain}` names them",
            chain = args.chain
        ));
        return Ok(Exit::Failed);
    }
    notify::send(pool, notify::SPANS).await?;
    let how = if args.from_start { "from their first blocks " } else { "" };
    out::line(format!("{}: {count} spans are tried again {how}now", args.chain))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Probe {
        #[command(flatten)]
        args: Args,
    }

    fn parses(words: &str) -> bool {
        Probe::try_parse_from(std::iter::once("spans").chain(words.split(' '))).is_ok()
    }

    #[test]
    fn one_span_is_named_or_those_that_fail() {
        assert!(parses("requeue --chain base") && parses("requeue --chain base --id 3"));
        assert!(parses("requeue --chain base --failing --from-start"));
        for wrong in ["requeue", "requeue --id 3", "requeue --chain base --id 3 --failing"] {
            assert!(!parses(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_span_says_what_it_reads_for_whom_and_what_fails() {
        let span = Pending {
            id: 7,
            chain: "base".into(),
            contracts: 1,
            contract: Some("0xab".into()),
            from_block: 100,
            to_block: 1_099,
            next_block: 1_099,
            reader: None,
            until: None,
            failures: 0,
            detail: None,
        };
        let plain = ["7 of base: 0xab", "  blocks 100 to 1099, next 1099 (99.9 %)"];
        assert_eq!(lines(&span), plain);
        let busy = Pending {
            contracts: 1_200,
            contract: None,
            reader: Some("12-ab#0".into()),
            until: Some("2026-01-01T00:00:00Z".into()),
            failures: 1,
            detail: Some("no answer".into()),
            ..span
        };
        let told = lines(&busy);
        assert_eq!(told[0], "7 of base: 1,200 contracts");
        let rest = ["  read by 12-ab#0 until 2026-01-01T00:00:00Z", "  failed once: no answer"];
        assert_eq!(told[2..], rest);
        assert_eq!(times(3), "3 times");
    }
}
