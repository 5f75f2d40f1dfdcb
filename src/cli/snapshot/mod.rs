//! `herald snapshot`: the holders of a contract at a block as a file, with their Merkle tree by
//! choice.

mod holders;

use std::path::PathBuf;

use anyhow::Context as _;

use self::holders::Holders;
use super::contracts::Which;
use super::shown::Show;
use super::stream::{Copied, Sink, Source, Told, Whereto, block, copy, run_on};
use super::{Exit, out};
use crate::config::Config;
use crate::merkle::Leaves;

/// Write the holders of a contract at a block, and their Merkle tree
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Lines are token_id,owner,balance, by token and owner. A block that is not final can be\n\
    taken back, and the stream with it: --min-finality finalized never is.\n\nExamples:\n  \
    herald snapshot --chain base --contract 0x60e4d786628fea6478f785a6d7e704777c86a7c6 --at-block 20000000\n  \
    herald snapshot --chain base --contract 0x60e4d786628fea6478f785a6d7e704777c86a7c6 \
    --min-finality finalized --output holders.csv --merkle tree.json --url http://127.0.0.1:8080"
)]
pub struct Args {
    /// The contract.
    #[command(flatten)]
    pub which: Which,
    /// At the end of this block; without it, the newest
    #[arg(long, value_name = "BLOCK", group = "moment",
        value_parser = clap::value_parser!(u64).range(..i64::MAX as u64))]
    pub at_block: Option<u64>,
    /// At the newest block up to this time (RFC 3339)
    #[arg(long, value_name = "TIME", group = "moment")]
    pub at_time: Option<String>,
    /// At the newest block that is `latest`, `safe` or `finalized`
    #[arg(long, value_name = "FINALITY", group = "moment", value_parser = ["latest", "safe", "finalized"])]
    pub min_finality: Option<String>,
    /// File for the Merkle tree, as `StandardMerkleTree.load` of OpenZeppelin takes it
    #[arg(long, value_name = "FILE")]
    pub merkle: Option<PathBuf>,
    /// Leaves of the tree: `owners` (address, units of all tokens) or `tokens` (token, address, units)
    #[arg(long, value_name = "LEAVES", default_value = "owners", requires = "merkle",
        value_parser = ["owners", "tokens"])]
    pub leaves: String,
    /// Form and places.
    #[command(flatten)]
    pub to: Whereto,
}

/// Writes a snapshot.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let source = Source::open(&config, args.to.url.as_ref()).await?;
    let again = "nothing was kept; run it again, with --min-finality finalized where blocks were taken back";
    run_on(source, again, async |source| written(source, &config, &args).await).await
}

async fn written(source: &Source, config: &Config, args: &Args) -> anyhow::Result<Exit> {
    let mut query = vec![("format", args.to.format.clone())];
    query.extend(args.at_block.map(|block| ("at_block", block.to_string())));
    query.extend(args.at_time.clone().map(|time| ("at_time", time)));
    query.extend(args.min_finality.clone().map(|finality| ("min_finality", finality)));
    let contract = args.which.contract.to_string();
    let begun =
        source.get(&["contracts", &args.which.chain, &contract, "snapshot"], &query).await?;
    let block = block(&begun.headers);
    let mut sink = Sink::open(args.to.output.as_deref())?;
    let mut told = Told::new(Show::on(&config.log), &args.to.format, sink.is_on_screen());
    let leaves = Leaves::parse(&args.leaves).filter(|_| args.merkle.is_some());
    let mut holders = leaves.map(|leaves| Holders::new(leaves, &args.to.format));
    let mut see = |line: &str| match &mut holders {
        Some(holders) => holders.see(line).with_context(|| format!("{line}: no row of a snapshot")),
        None => Ok(()),
    };
    let copied = copy(begun.body, &mut sink, &mut told, &mut see).await?;
    if let (Some(path), Some(holders), Copied::Whole) = (&args.merkle, holders, copied) {
        let mut tree = Sink::open(Some(path))?;
        let (root, count) = holders.write(&mut tree)?;
        tree.finish()?;
        out::complain(&format!("Merkle root {root} of {count} leaves"));
    }
    sink.finish()?;
    told.done(&block);
    Ok(Exit::Done)
}
