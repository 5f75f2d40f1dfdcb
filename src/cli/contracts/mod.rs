//! `herald contracts`: the commands about what is followed, on the database of the configuration or,
//! with `--url`, on a running daemon.

pub(super) mod place;
mod local;
mod remote;
mod words;
mod wait;

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use alloy::primitives::Address;
use clap::builder::PossibleValuesParser;
use secrecy::SecretString;
use url::Url;

use self::place::{Filter, Named, Place, Refusal, Wish};
use super::{Exit, out};
use crate::config::Config;
use crate::types::Standard;

/// Follow, list and stop following contracts
#[derive(Clone, Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands about contracts.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Follow a contract, and say whether it can be followed
    #[command(after_help = "Examples:\n  herald contracts add --chain base --contract \
        0x60e4d786628fea6478f785a6d7e704777c86a7c6\n  herald contracts add --chain base --contract \
        0x60e4d786628fea6478f785a6d7e704777c86a7c6 --wait --url http://127.0.0.1:8080 --key hk_…")]
    Add(Add),
    /// List the contracts with how much of their past is loaded
    #[command(after_help = "Examples:\n  herald contracts list --chain base --status loading\n  \
        herald contracts list --url http://127.0.0.1:8080")]
    List(List),
    /// Stop following a contract; its facts stay unless they are purged
    #[command(
        after_help = "The configuration does not bring it back; `herald contracts add` does.\n\n\
        Example:\n  herald contracts remove --chain base --contract \
        0x60e4d786628fea6478f785a6d7e704777c86a7c6 --purge --yes"
    )]
    Remove(Remove),
}

/// Where a command acts.
#[derive(Clone, Debug, clap::Args)]
pub struct At {
    /// A running daemon; without it, the database of the configuration
    #[arg(long, value_name = "URL", value_parser = base)]
    pub url: Option<Url>,
    /// API key for it: `contracts:write` to add, `admin` to remove
    #[arg(long, value_name = "KEY", requires = "url", value_parser = secret)]
    pub key: Option<SecretString>,
}

/// Which contract.
#[derive(Clone, Debug, clap::Args)]
pub struct Which {
    /// Alias, number or CAIP-2 id of the chain
    #[arg(long, value_name = "CHAIN")]
    pub chain: String,
    /// Its address
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub contract: Address,
}

/// Arguments of `herald contracts add`.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The contract.
    #[command(flatten)]
    pub which: Which,
    /// First block that can hold its logs; without it, the block of its deployment is looked for
    #[arg(long, value_name = "BLOCK", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub start_block: Option<u64>,
    /// Its standard; without it, its logs show it
    #[arg(long, value_name = "STANDARD", value_parser = PossibleValuesParser::new(["erc721", "erc1155"]))]
    pub standard: Option<String>,
    /// Wait until its ownership is answered
    #[arg(long)]
    pub wait: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Arguments of `herald contracts list`.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only of this chain
    #[arg(long, value_name = "CHAIN")]
    pub chain: Option<String>,
    /// Only with this status
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(
        ["probing", "loading", "folding", "ready", "stopped"]))]
    pub status: Option<String>,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Arguments of `herald contracts remove`.
#[derive(Clone, Debug, clap::Args)]
pub struct Remove {
    /// The contract.
    #[command(flatten)]
    pub which: Which,
    /// Remove its transfers and its ownership too
    #[arg(long)]
    pub purge: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Runs a command about contracts.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let at = match &args.command {
        Command::Add(add) => &add.at,
        Command::List(list) => &list.at,
        Command::Remove(remove) => &remove.at,
    };
    if let Command::Remove(remove) = &args.command
        && let Some(exit) = declined(remove)?
    {
        return Ok(exit);
    }
    let place: Box<dyn Place> = match &at.url {
        Some(url) => Box::new(remote::Remote::new(url.clone(), at.key.clone())?),
        None => Box::new(local::Local::open(&config.database).await?),
    };
    let done = match &args.command {
        Command::Add(args) => add(&*place, args).await,
        Command::List(args) => list(&*place, args).await,
        Command::Remove(args) => remove(&*place, args).await,
    };
    place.close().await?;
    match done {
        Err(error) if error.is::<Refusal>() => {
            out::complain(&format!("error: {error}"));
            Ok(error.downcast_ref().map_or(Exit::Failed, Refusal::exit))
        }
        done => done,
    }
}

async fn add(place: &dyn Place, args: &Add) -> anyhow::Result<Exit> {
    let named = Named::of(&args.which);
    let standard = args.standard.as_deref().and_then(Standard::parse);
    let wish = Wish { start_block: args.start_block, standard };
    let added = place.add(&named, &wish).await?;
    out::line(words::added(&added))?;
    if args.wait { wait::until_ready(place, &named).await } else { Ok(Exit::Done) }
}

/// A page at a time, so that a list of any length is printed as it comes.
async fn list(place: &dyn Place, args: &List) -> anyhow::Result<Exit> {
    let filter = Filter { chain: args.chain.clone(), status: args.status.clone() };
    let mut after = None;
    out::line(words::head())?;
    loop {
        let (rows, next) = place.page(&filter, after).await?;
        for row in &rows {
            out::line(words::row(row))?;
        }
        if next.is_none() {
            return Ok(Exit::Done);
        }
        after = next;
    }
}

async fn remove(place: &dyn Place, args: &Remove) -> anyhow::Result<Exit> {
    let seen = place.remove(&Named::of(&args.which), args.purge).await?;
    out::line(words::removed(&seen))?;
    Ok(Exit::Done)
}

/// Why a removal is not done, where a person has not agreed to it.
fn declined(args: &Remove) -> anyhow::Result<Option<Exit>> {
    if args.yes {
        return Ok(None);
    }
    if !stdin().is_terminal() {
        out::complain("error: there is no terminal to ask on; --yes removes without asking");
        return Ok(Some(Exit::Wrong));
    }
    let facts = if args.purge { " and remove its facts" } else { "" };
    let Which { chain, contract } = &args.which;
    write!(stderr(), "Stop following {contract} on {chain}{facts}? [y/N] ")?;
    stderr().flush()?;
    if agrees(&mut stdin().lock())? {
        return Ok(None);
    }
    out::complain("left as it is");
    Ok(Some(Exit::Failed))
}

fn agrees(answers: &mut impl BufRead) -> std::io::Result<bool> {
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

pub(super) fn address(text: &str) -> Result<Address, &'static str> {
    let allowed = "allowed: 0x and 40 hexadecimal digits";
    text.starts_with("0x").then(|| text.parse().ok()).flatten().ok_or(allowed)
}

pub(super) fn base(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or("allowed: http:// or https:// and an address")
}

fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}
