//! `herald status`: what is wrong, since when, and what to do next.

use super::database::{Need, open};
use super::shown::{pace, share};
use super::{Exit, out, words};
use crate::config::Config;
use crate::store::progress::ChainLoad;
use crate::store::standing::{self, ChainStanding};
use crate::store::{self};

/// Say what is wrong, since when, what to do next, and how far a load is
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
        let loads = store::progress::loads(&pool, None).await;
        pool.close().await;
        anyhow::Ok((chains?, loads?))
    };
    let looked = looked.await;
    opened.close().await?;
    let (chains, loads) = looked?;
    if args.json {
        out::line(json(&chains, &loads)?)?;
    } else {
        for line in lines(&chains, &loads) {
            out::line(line)?;
        }
    }
    Ok(if chains.iter().all(ChainStanding::well) { Exit::Done } else { Exit::Failed })
}

fn json(chains: &[ChainStanding], loads: &[ChainLoad]) -> serde_json::Result<serde_json::Value> {
    let mut shown = Vec::new();
    for chain in chains {
        let mut value = serde_json::to_value(chain)?;
        value["load"] = match loading(chain, loads) {
            None => serde_json::Value::Null,
            Some(of) => serde_json::json!({
                "percent": of.load.percent(),
                "blocks_done": of.load.blocks_done,
                "blocks_total": of.load.blocks_total,
                "blocks_per_s": of.load.blocks_per_s,
                "eta_s": of.load.eta_s(),
                "spans_waiting": of.waiting,
                "spans_reading": of.reading,
                "spans_failing": of.failing,
            }),
        };
        shown.push(value);
    }
    Ok(serde_json::json!({ "chains": shown }))
}

/// The load of this chain, if it has one.
fn loading<'a>(chain: &ChainStanding, loads: &'a [ChainLoad]) -> Option<&'a ChainLoad> {
    loads.iter().find(|of| of.name == chain.name && of.load.loading)
}

fn lines(chains: &[ChainStanding], loads: &[ChainLoad]) -> Vec<String> {
    if chains.is_empty() {
        return vec!["no chain is known yet; `herald run` follows the configured ones".into()];
    }
    let mut lines = Vec::new();
    for chain in chains {
        let height = |number: Option<i64>| number.map_or("-".into(), |number| number.to_string());
        lines.push(format!(
            "{} ({}): {} since {}",
            chain.name, chain.caip2, chain.status, chain.since
        ));
        lines.extend(chain.detail.iter().map(|detail| format!("  {detail}")));
        lines.push(format!(
            "  block {} of {}, final {}; {} contracts, {} not ready",
            height(chain.checkpoint),
            height(chain.head),
            height(chain.finalized),
            chain.contracts,
            chain.not_ready
        ));
        let load = loading(chain, loads);
        lines.extend(load.into_iter().flat_map(of_load));
        lines.extend(of_building(chain));
        lines.extend(chain.troubles.iter().map(|trouble| format!("  {trouble}")));
        lines.extend(next(chain, load).map(|next| format!("  next: {next}")));
    }
    lines
}

/// How far the past is, in a line about blocks and one about spans.
fn of_load(of: &ChainLoad) -> [String; 2] {
    let pace = match of.load.blocks_per_s {
        Some(_) => pace(&of.load),
        None => ", no rate yet".into(),
    };
    [
        format!(
            "  past: {} loaded, {} blocks left{pace}",
            share(of.load.percent()),
            words::grouped(of.load.left())
        ),
        format!(
            "  spans: {} being read, {} waiting, {} failing",
            of.reading, of.waiting, of.failing
        ),
    ]
}

/// What is built of what was loaded.
fn of_building(chain: &ChainStanding) -> Vec<String> {
    let folding = (chain.folding > 0).then(|| {
        format!("  ownership: being built for {} contracts", words::grouped(chain.folding))
    });
    let indexes = match chain.indexes.as_str() {
        "absent" if chain.contracts > 0 => {
            Some("  indexes: none until the first load is done; no transfers are listed".into())
        }
        "building" => Some("  indexes: being built; until then no transfers are listed".into()),
        _ => None,
    };
    folding.into_iter().chain(indexes).collect()
}

/// What to do about a chain that is not well.
fn next(chain: &ChainStanding, load: Option<&ChainLoad>) -> Option<String> {
    match chain.status.as_str() {
        "halted" => Some(format!(
            "compare the chain with another node, then `herald rewind --chain {} --to BLOCK`",
            chain.name
        )),
        "stalled" => Some("`herald check` asks every endpoint what is wrong with it".into()),
        _ if chain.idle_seconds > STALE_SECONDS => Some("is `herald run` running?".into()),
        _ if load.is_some_and(|of| of.failing > 0) => {
            Some(format!("`herald spans list --chain {} --failing`", chain.name))
        }
        _ => None,
    }
}

/// A chain that nobody has looked at for so long is followed by no daemon.
const STALE_SECONDS: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::progress::Load;

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
            folding: 0,
            indexes: "ready".into(),
            idle_seconds,
            troubles: Vec::new(),
        }
    }

    fn load(blocks_per_s: Option<f64>, failing: i64) -> ChainLoad {
        let load = Load { loading: true, blocks_done: 2_500, blocks_total: 10_000, blocks_per_s };
        ChainLoad { name: "base".into(), load, waiting: 4, reading: 2, failing }
    }

    #[test]
    fn a_chain_that_is_not_well_is_told_with_the_next_command() {
        let told = |standing| lines(&[standing], &[]).join("\n");
        let text = told(standing("halted", 0));
        assert!(text.contains("halted since 2026-01-01T00:00:00Z\n"), "{text}");
        assert!(text.contains("\n  block 7 of 9, final -; 3 contracts, 1 not ready"), "{text}");
        assert!(text.contains("next: compare") && text.contains("--chain base --to"), "{text}");
        assert!(told(standing("stalled", 0)).contains("herald check"));
        assert!(told(standing("live", 600)).contains("herald run"));
        assert_eq!(told(standing("live", 1)).lines().count(), 2);
        assert!(!standing("halted", 0).well() && standing("live", 1).well());
    }

    #[test]
    fn a_load_is_told_with_its_rate_and_the_time_left() {
        let told = |load: ChainLoad| lines(&[standing("loading", 0)], &[load]);
        let text = told(load(Some(50.0), 0));
        assert_eq!(
            text[2],
            "  past: 25 % loaded, 7,500 blocks left, 50 blocks/s, about 3 min left"
        );
        assert_eq!(text[3..], ["  spans: 2 being read, 4 waiting, 0 failing"]);
        assert!(text.iter().all(|line| line.len() <= 80), "{text:?}");
        let text = told(load(None, 1));
        assert_eq!(text[2], "  past: 25 % loaded, 7,500 blocks left, no rate yet");
        assert_eq!(text[4], "  next: `herald spans list --chain base --failing`");
        let other = ChainLoad { name: "other".into(), ..load(None, 1) };
        assert_eq!(told(other).len(), 2, "another chain's load");
    }

    #[test]
    fn what_is_being_built_is_told() {
        let chain =
            ChainStanding { folding: 1_234, indexes: "building".into(), ..standing("loading", 0) };
        let text = lines(&[chain], &[]).join("\n");
        assert!(text.contains("ownership: being built for 1,234 contracts"), "{text}");
        assert!(text.contains("indexes: being built"), "{text}");
    }

    #[test]
    fn programs_read_the_same() {
        let value = json(&[standing("loading", 0)], &[load(Some(50.0), 1)]).unwrap();
        let of = &value["chains"][0];
        assert_eq!((&of["name"], &of["indexes"]), (&"base".into(), &"ready".into()));
        assert_eq!((&of["load"]["percent"], &of["load"]["eta_s"]), (&25.0.into(), &150.0.into()));
        assert!(json(&[standing("live", 0)], &[]).unwrap()["chains"][0]["load"].is_null());
    }
}
