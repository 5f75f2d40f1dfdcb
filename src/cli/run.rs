//! `herald run`: the daemon.

use std::future::Future;
use std::pin::pin;

use tokio_util::sync::CancellationToken;

use super::Exit;
use super::database::{Need, Opened, Running, reach};
use super::progress;
use super::signals::Signals;
use crate::app::App;
use crate::config::{Config, Roles};
use crate::postgres::Cluster;
use crate::telemetry::metrics::{self, Exporter};

/// Run the daemon: follow the configured chains and answer over HTTP until SIGTERM or Ctrl-C
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = "Examples:\n  herald run --config herald.toml\n  \
                        herald run --roles api    answer requests, follow no chain")]
pub struct Args {
    /// What this process does, with commas between: index (follow the chains), api (answer /v1)
    #[arg(long, value_name = "ROLES")]
    pub roles: Option<Roles>,
}

/// Runs until a signal; ends within ten seconds of it, whatever it is doing.
pub async fn run(mut config: Config, args: Args) -> anyhow::Result<Exit> {
    config.roles = args.roles.unwrap_or(config.roles);
    let mut signals = Signals::catch()?;
    let exporter = metrics::install()?;
    let mut opened = tokio::select! {
        opened = reach(&config.database, ("run", Need::Daemon)) => opened?,
        () = signals.asked() => return Ok(Exit::Done),
    };
    let built = tokio::select! {
        built = build(&config, &mut opened, exporter) => built.map(Some),
        () = signals.asked() => Ok(None),
    };
    let mut app = match built {
        Ok(Some(app)) => app,
        other => {
            opened.close().await?;
            return other.map(|_| Exit::Done);
        }
    };
    let chains: Vec<&str> = config.chains.iter().map(|chain| chain.name.as_str()).collect();
    tracing::info!(
        address = %app.address(),
        chains = chains.join(","),
        roles = %config.roles,
        replica = app.owner(),
        "herald {} answers at http://{}", env!("CARGO_PKG_VERSION"), app.address()
    );
    progress::watch(&mut app, &config);
    let stop = CancellationToken::new();
    let daemon = app.run(stop.clone());
    let asked = until_ended(daemon, &stop, &mut signals, opened.embedded.as_mut()).await;
    opened.close().await?;
    tracing::info!("herald has stopped");
    Ok(if asked { Exit::Done } else { Exit::Failed })
}

async fn build(config: &Config, opened: &mut Opened, exporter: Exporter) -> anyhow::Result<App> {
    opened.probe().await?;
    opened.say_share(config.database.connections_max);
    opened.migrate().await?;
    opened.inherit().await?;
    let mut app = App::build(config, opened.options.clone(), exporter).await?;
    if let Some(read) = &opened.read {
        app.read_from(config, read);
    }
    announce(opened, &app)?;
    Ok(app)
}

/// Tells whoever starts a second daemon on the same embedded server where this one answers.
pub(super) fn announce(opened: &mut Opened, app: &App) -> anyhow::Result<()> {
    if let Some(claim) = opened.embedded.as_mut().and_then(|running| running.claim.as_mut()) {
        claim.announce(&format!("http://{}", app.address()))?;
    }
    Ok(())
}

/// Waits for the daemon's end; a signal asks for it, and an embedded server that dies meanwhile is
/// started again. Answers whether the end was asked for.
async fn until_ended(
    daemon: impl Future<Output = ()>,
    stop: &CancellationToken,
    signals: &mut Signals,
    mut embedded: Option<&mut Running>,
) -> bool {
    let mut daemon = pin!(daemon);
    let mut asked = false;
    loop {
        tokio::select! {
            () = &mut daemon => return asked,
            () = signals.asked(), if !asked => {
                tracing::info!("stopping: a signal asked for it");
                asked = true;
                stop.cancel();
            }
            () = died(embedded.as_deref_mut()), if !stop.is_cancelled() => {
                tracing::error!("the embedded Postgres has ended; starting it again");
                tokio::select! {
                    () = restart(embedded.as_deref_mut(), stop) => {}
                    () = signals.asked() => {
                        tracing::info!("stopping: a signal asked for it");
                        asked = true;
                        stop.cancel();
                    }
                }
            }
        }
    }
}

async fn died(embedded: Option<&mut Running>) {
    match embedded {
        Some(running) => running.cluster.ended().await,
        None => std::future::pending().await,
    }
}

/// Starts the server again; where that fails, the daemon stops. May be dropped: a server that was
/// being started ends.
async fn restart(embedded: Option<&mut Running>, stop: &CancellationToken) {
    let Some(running) = embedded else { return };
    match Cluster::start(&running.settings).await {
        Ok(cluster) => running.cluster = cluster,
        Err(error) => {
            let error = anyhow::Error::new(error);
            tracing::error!("the embedded Postgres does not start: {error:#}");
            stop.cancel();
        }
    }
}
