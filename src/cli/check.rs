//! `herald check`: says what the configuration comes to, having found no fault in it.

use crate::config::{ChainConfig, Config, DatabaseSource};

use super::{Exit, out};

/// Check the configuration; every fault is told at once
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = "Example:\n  herald check --offline --config herald.toml")]
pub struct Args {
    /// Read the configuration only; ask neither endpoints nor the database
    #[arg(long)]
    pub offline: bool,
}

/// Prints the summary of a sound configuration.
///
/// # Errors
///
/// `NoDatabase`, since `herald run` would refuse this configuration.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    for line in summary(&config)? {
        out::line(line)?;
    }
    if !args.offline {
        out::line("endpoints and database: not asked")?;
    }
    Ok(Exit::Done)
}

fn summary(config: &Config) -> anyhow::Result<Vec<String>> {
    let database = match config.database.required()? {
        DatabaseSource::Url(_) => "at the configured URL",
        DatabaseSource::Embedded(_) => "embedded",
    };
    let mut lines = vec!["configuration: ok".into(), format!("database: {database}")];
    if config.chains.is_empty() {
        lines.push("chains: none".into());
    }
    lines.extend(config.chains.iter().map(chain_line));
    Ok(lines)
}

/// Endpoints by name: their URLs are secrets.
fn chain_line(chain: &ChainConfig) -> String {
    let names: Vec<&str> = chain.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
    format!(
        "chain {} ({}): endpoints {}; contracts {}",
        chain.name,
        chain.id,
        names.join(", "),
        chain.contracts.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NoDatabase, load_text};

    #[test]
    fn the_summary_names_chains_and_endpoints_but_no_url() {
        let text = "[database]\nurl = 'postgres://secret/d'\n[chains.base]\n\
                    endpoints = ['https://secret', { name = 'b', url = 'ws://secret' }]\n";
        let config = load_text("f", text, []).unwrap().config;
        assert_eq!(
            summary(&config).unwrap(),
            [
                "configuration: ok",
                "database: at the configured URL",
                "chain base (eip155:8453): endpoints endpoint-1, b; contracts 0"
            ]
        );
    }

    #[test]
    fn a_configuration_without_database_is_refused() {
        let config = load_text("f", "", []).unwrap().config;
        assert!(summary(&config).unwrap_err().is::<NoDatabase>());
    }
}
