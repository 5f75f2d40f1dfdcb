//! `herald rewind`: takes stored blocks back by a person's decision.

use super::database::{Need, open};
use super::{Exit, out};
use crate::app;
use crate::config::Config;

/// Take the stored blocks above a block back, so that the chain is followed anew from there
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "The way out of a halt: look up, on a node that you trust, the newest block \
                        that is the\nsame on the chain and in Herald, and go back to it. Removals \
                        are told for every fact that\ngoes. A running daemon goes on by itself.\n\n\
                        Example:\n  herald rewind --chain base --to 21000000"
)]
pub struct Args {
    /// Alias of the chain in the configuration
    #[arg(long, value_name = "NAME")]
    pub chain: String,
    /// Highest block that stays
    #[arg(long, value_name = "BLOCK")]
    pub to: u64,
}

/// Takes the blocks back and says what went.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let Some(chain) = config.chains.iter().find(|chain| chain.name == args.chain) else {
        let known: Vec<&str> = config.chains.iter().map(|chain| chain.name.as_str()).collect();
        let known = known.join(", ");
        out::complain(&format!("error: --chain {}: configured are {known}", args.chain));
        return Ok(Exit::Wrong);
    };
    let opened = open(&config.database, ("rewind", Need::Command)).await?;
    let done = async {
        opened.require_current().await?;
        app::rewind(chain, opened.options.clone(), args.to).await
    };
    let outcome = done.await;
    opened.close().await?;
    let outcome = outcome?;
    out::line(format!(
        "{}: took {} blocks with {} transfers back; block {} is the newest now",
        args.chain, outcome.depth, outcome.transfers, args.to
    ))?;
    Ok(Exit::Done)
}
