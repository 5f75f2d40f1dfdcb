//! `herald status`: what is wrong, since when, and what to do next.

use super::database::{Need, open};
use super::{Exit, out};
use crate::config::Config;
use crate::store::standing::{self, ChainStanding};
use crate::store::{self};

/// Say what is wrong, since when, and what to do next
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = "Examples:\n  herald status --config herald.toml\n  herald status --json")]
pub struct Args {
    /// Answer as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Prints the standing of every chain; [`Exit::Failed`] where a person should act.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let opened = open(&config.database, ("status", Need::Look)).await?;
    let looked = async {
        opened.require_current().await?;
        let pool = store::pool::open(opened.options.clone(), 1);
        let chains = standing::chains(&pool).await;
        pool.close().await;
        anyhow::Ok(chains?)
    };
    let chains = looked.await;
    opened.close().await?;
    let chains = chains?;
    if args.json {
        out::line(serde_json::to_string(&serde_json::json!({ "chains": chains }))?)?;
    } else {
        for line in lines(&chains) {
            out::line(line)?;
        }
    }
    Ok(if chains.iter().all(ChainStanding::well) { Exit::Done } else { Exit::Failed })
}

fn lines(chains: &[ChainStanding]) -> Vec<String> {
    if chains.is_empty() {
        return vec!["no chain is known yet; `herald run` follows the configured ones".into()];
    }
    let mut lines = Vec::new();
    for chain in chains {
        let height = |number: Option<i64>| number.map_or("-".into(), |number| number.to_string());
        lines.push(format!(
            "{} ({}): {} since {}; block {} of {}, final {}; {} contracts, {} not ready",
            chain.name,
            chain.caip2,
            chain.status,
            chain.since,
            height(chain.checkpoint),
            height(chain.head),
            height(chain.finalized),
            chain.contracts,
            chain.not_ready
        ));
        lines.extend(chain.detail.iter().map(|detail| format!("  {detail}")));
        lines.extend(chain.troubles.iter().map(|trouble| format!("  {trouble}")));
        lines.extend(next(chain).map(|next| format!("  next: {next}")));
    }
    lines
}

/// What to do about a chain that is not well.
fn next(chain: &ChainStanding) -> Option<String> {
    match chain.status.as_str() {
        "halted" => Some(format!(
            "compare the chain with another node, then `herald rewind --chain {} --to BLOCK`",
            chain.name
        )),
        "stalled" => Some("`herald check` asks every endpoint what is wrong with it".into()),
        _ if chain.idle_seconds > STALE_SECONDS => Some("is `herald run` running?".into()),
        _ => None,
    }
}

/// A chain that nobody has looked at for so long is followed by no daemon.
const STALE_SECONDS: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(status: &str, idle_seconds: i64) -> ChainStanding {
        ChainStanding {
            name: "base".into(),
            caip2: "eip155:8453".into(),
            status: status.into(),
            detail: None,
            since: "2026-01-01T00:00:00Z".into(),
            head: Some(9),
            checkpoint: Some(7),
            finalized: None,
            contracts: 3,
            not_ready: 1,
            idle_seconds,
            troubles: Vec::new(),
        }
    }

    #[test]
    fn a_chain_that_is_not_well_is_told_with_the_next_command() {
        let text = lines(&[standing("halted", 0)]).join("\n");
        assert!(
            text.contains("halted since 2026-01-01T00:00:00Z; block 7 of 9, final -"),
            "{text}"
        );
        assert!(text.contains("next: compare") && text.contains("--chain base --to"), "{text}");
        assert!(lines(&[standing("stalled", 0)]).join("\n").contains("herald check"));
        assert!(lines(&[standing("live", 600)]).join("\n").contains("herald run"));
        assert_eq!(lines(&[standing("live", 1)]).len(), 1);
        assert!(!standing("halted", 0).well() && standing("live", 1).well());
    }
}
