//! `herald export`: the transfers of a contract or of a chain as a file.

use alloy::primitives::Address;

use super::shown::Show;
use super::stream::{Cut, Sink, Source, Told, Whereto, block, copy, run_on};
use super::{Exit, contracts, out};
use crate::config::Config;

/// Write the transfers of a contract or a chain, oldest first
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "One that was cut off goes on behind its last line with --after, and with --to-block and\n\
    --block-hash of the first one, so that both are of one chain.\n\nExamples:\n  \
    herald export --chain base --contract 0x60e4d786628fea6478f785a6d7e704777c86a7c6 --output transfers.csv\n  \
    herald export --chain base --from-block 20000000 --to-block 20100000 --format ndjson --url http://127.0.0.1:8080"
)]
pub struct Args {
    /// Alias, number or CAIP-2 id of the chain
    #[arg(long, value_name = "CHAIN")]
    pub chain: String,
    /// Only of this contract
    #[arg(long, value_name = "ADDRESS", value_parser = contracts::address)]
    pub contract: Option<Address>,
    /// First block
    #[arg(long, value_name = "BLOCK", value_parser = clap::value_parser!(u64).range(..i64::MAX as u64))]
    pub from_block: Option<u64>,
    /// Only behind this row: its block, log index and batch index
    #[arg(long, value_name = "BLOCK.LOG.BATCH")]
    pub after: Option<String>,
    /// Last block; without it, the newest
    #[arg(long, value_name = "BLOCK", value_parser = clap::value_parser!(u64).range(..i64::MAX as u64))]
    pub to_block: Option<u64>,
    /// Hash that the last block must have
    #[arg(long, value_name = "HASH", requires = "to_block")]
    pub block_hash: Option<String>,
    /// Only up to the newest block that is `latest`, `safe` or `finalized`
    #[arg(long, value_name = "FINALITY", value_parser = ["latest", "safe", "finalized"])]
    pub min_finality: Option<String>,
    /// Form and places.
    #[command(flatten)]
    pub to: Whereto,
}

/// Writes transfers.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let source = Source::open(&config, args.to.url.as_ref()).await?;
    let again = "no file was kept; run it again, with --min-finality finalized where blocks were taken back";
    run_on(source, again, async |source| written(source, &config, &args).await).await
}

async fn written(source: &Source, config: &Config, args: &Args) -> anyhow::Result<Exit> {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let mut query = vec![("format", args.to.format.clone())];
    let sent = [
        ("from_block", number(args.from_block)),
        ("after_position", args.after.clone()),
        ("to_block", number(args.to_block)),
        ("block_hash", args.block_hash.clone()),
        ("min_finality", args.min_finality.clone()),
    ];
    query.extend(sent.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let begun = match args.contract.map(|contract| contract.to_string()) {
        Some(contract) => {
            let path = ["contracts", &args.chain, &contract, "transfers", "export"];
            source.get(&path, &query).await?
        }
        None => {
            query.push(("chain", args.chain.clone()));
            source.get(&["transfers", "export"], &query).await?
        }
    };
    let block = block(&begun.headers);
    let mut sink = Sink::open(args.to.output.as_deref())?;
    let mut told = Told::new(Show::on(&config.log), &args.to.format, sink.is_on_screen());
    if let Some(left) = begun.headers.get("x-herald-incomplete").filter(|left| *left != "0") {
        let left = left.to_str().unwrap_or_default();
        out::complain(&format!("left out: {left} contracts whose history is not whole yet"));
    }
    match copy(begun.body, &mut sink, &mut told, &mut |_| Ok(())).await {
        Err(error) if args.to.output.is_none() => {
            let cut = error.downcast_ref::<Cut>();
            if let Some(position) = cut.and_then(|cut| position(&cut.last)) {
                out::complain(&format!(
                    "the last line is whole: go on with --after {position}, {block}"
                ));
            }
            return Err(error);
        }
        copied => copied?,
    };
    sink.finish()?;
    told.done(&block);
    Ok(Exit::Done)
}

/// The position that a line begins with, as `--after` takes it.
fn position(line: &str) -> Option<String> {
    if let Ok(row) = serde_json::from_str::<serde_json::Value>(line) {
        let of = |name: &str| row[name].as_i64();
        return Some(format!("{}.{}.{}", of("block")?, of("log_index")?, of("batch_index")?));
    }
    let columns: Vec<&str> = line.split(',').take(3).collect();
    let numbers = columns.len() == 3 && columns.iter().all(|column| column.parse::<u64>().is_ok());
    numbers.then(|| columns.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_cut_off_is_told_where_to_go_on() {
        assert_eq!(position("12,0,3,2026-01-01T00:00:00Z,0x"), Some("12.0.3".into()));
        let json = r#"{"block":12,"log_index":0,"batch_index":3,"time":null}"#;
        assert_eq!(position(json), Some("12.0.3".into()));
        assert_eq!(position("block,log_index,batch_index,time"), None);
        assert_eq!(position(""), None);
    }
}
