//! `herald check`: says what the configuration comes to, and whether everything it names answers.

use super::database::{Need, open};
use super::read_replica;
use super::{Exit, out};
use crate::chain::{self, EndpointReport};
use crate::config::{ChainConfig, Config, DatabaseSource};
use crate::pin::kubo;
use crate::postgres::Cluster;
use crate::store::migrate::{self, Schema};

/// Check the configuration, the database and every endpoint; every fault is told at once
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  herald check --config herald.toml\n  herald check --offline --config herald.toml"
)]
pub struct Args {
    /// Read the configuration only; ask neither endpoints nor the database
    #[arg(long)]
    pub offline: bool,
}

/// Prints the summary of a sound configuration and, unless offline, how everything it names
/// answers; [`Exit::Failed`] where something does not.
///
/// # Errors
///
/// `NoDatabase`, since `herald run` would refuse this configuration.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    for line in summary(&config)? {
        out::line(line)?;
    }
    if args.offline {
        return Ok(Exit::Done);
    }
    let mut findings = database(&config).await?;
    findings.extend(read_replica::findings(&config).await?);
    for chain in &config.chains {
        findings.extend(endpoints(chain).await?);
    }
    findings.extend(kubo(&config).await);
    for finding in &findings {
        out::line(&finding.text)?;
    }
    Ok(if findings.iter().all(|finding| finding.well) { Exit::Done } else { Exit::Failed })
}

/// One thing that was asked.
pub(super) struct Finding {
    pub(super) text: String,
    pub(super) well: bool,
}

pub(super) fn well(text: String) -> Finding {
    Finding { text, well: true }
}

pub(super) fn fault(text: String) -> Finding {
    Finding { text, well: false }
}

/// A server with less memory for pages than this misses what Herald promises; Postgres' own
/// default is 128 MiB.
const SHARED_BUFFERS_MIN: i64 = 512 << 20;

async fn database(config: &Config) -> anyhow::Result<Vec<Finding>> {
    if let DatabaseSource::Embedded(embedded) = config.database.required()?
        && Cluster::attach(embedded).await?.is_none()
    {
        return Ok(vec![well("database: embedded, does not run; `herald run` starts it".into())]);
    }
    let opened = match open(&config.database, ("check", Need::Look)).await {
        Ok(opened) => opened,
        Err(error) => return Ok(vec![fault(format!("database: {error:#}"))]),
    };
    let schema = opened.schema().await;
    let server = opened.server.clone();
    opened.close().await?;
    let mut findings = Vec::new();
    match schema? {
        Schema::Current => findings.push(well("database: ok, schema current".into())),
        Schema::Behind { applied, newest } => findings.push(well(format!(
            "database: ok, schema at migration {applied} of {newest}; `herald run` migrates it"
        ))),
        Schema::TooNew { compatible_from } => {
            findings.push(fault(format!("database: {}", migrate::too_new(&compatible_from))));
        }
    }
    let Some(server) = server else { return Ok(findings) };
    if i64::from(server.connections_max) < i64::from(config.database.connections_max) {
        findings.push(fault(format!(
            "database: the server allows {} connections, database.connections_max is {}",
            server.connections_max, config.database.connections_max
        )));
    }
    let most = config.database.connections_max;
    let embedded = matches!(config.database.source, Some(DatabaseSource::Embedded(_)));
    let two = if embedded || server.takes_two(most) { "" } else { ": two replicas do not fit" };
    findings.push(well(format!("database: {}{two}", server.share(most))));
    if server.shared_buffers < SHARED_BUFFERS_MIN {
        findings.push(well(format!(
            "database: shared_buffers is {} MiB; a quarter of the memory is usual",
            server.shared_buffers >> 20
        )));
    }
    Ok(findings)
}

async fn endpoints(chain: &ChainConfig) -> anyhow::Result<Vec<Finding>> {
    let reports = chain::connect(chain)?.probe_all().await;
    Ok(reports.into_iter().map(|report| endpoint(&chain.name, &report)).collect())
}

fn endpoint(chain: &str, report: &EndpointReport) -> Finding {
    let name = format!("chain {chain}: endpoint {}", report.name);
    match (report.status, report.head) {
        ("ok", Some(head)) => well(format!("{name}: ok, newest block {head}")),
        (status, _) => {
            let detail = report.detail.as_deref().unwrap_or("no answer");
            fault(format!("{name}: {status}: {detail}"))
        }
    }
}

async fn kubo(config: &Config) -> Option<Finding> {
    let url = config.pin.kubo.as_deref()?;
    Some(match kubo::version(url).await {
        Ok(version) => well(format!("pin.kubo: ok, Kubo {version}")),
        Err(error) => fault(format!("pin.kubo: {:#}", anyhow::Error::new(error))),
    })
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
