//! `herald dev`: the daemon with everything it needs on this machine.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use sqlx::{ConnectOptions, Connection};
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use super::{Exit, duration, keys, progress};
use crate::app::App;
use crate::config::{Config, Roles};
use crate::devnet::{self, Course, Ending, Stage};
use crate::store::{self, migrate};
use crate::telemetry::metrics;

/// Address of the API where nobody chose one and it is free.
const USUAL_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

/// Run everything on this machine: Postgres, two chains, contracts, traffic, the daemon
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = "Examples:\n  herald dev\n  \
                        herald dev --for 60s    stop by itself, compare every owner, exit 1 on any \
                        difference")]
pub struct Args {
    /// Stop after this time and compare every owner and balance with the contracts' own answers
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    pub stop_after: Option<Duration>,
    /// Address and port of the API; 127.0.0.1:8080 where that is free, else any free port
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Whether the configuration says where to listen; filled in by the caller.
    #[arg(skip)]
    pub listen_is_set: bool,
    /// Index in this many processes of their own, of which one is killed at half time
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub replicas: Option<u8>,
    /// Seed of the traffic: the same seed makes the same mints, transfers, burns and reorgs
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// Runs the demo; what it started has ended when it returns.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let mut signals = Signals::catch()?;
    let seed = args.seed.unwrap_or_else(clock);
    devnet::show::say(&format!("setting up Postgres and two chains (--seed {seed}) …"));
    let mut stage = Stage::set(&config.dev, &config.database, seed).await?;
    let outcome = play(config, args, (&mut stage, seed), &mut signals).await;
    let stopped = stage.stop().await;
    let exit = outcome?;
    stopped?;
    Ok(exit)
}

async fn play(
    mut config: Config,
    args: Args,
    (stage, seed): (&mut Stage, u64),
    signals: &mut Signals,
) -> anyhow::Result<Exit> {
    // Replicas do the indexing, where there are any.
    config.roles = Roles { index: args.replicas.is_none(), api: true };
    config.chains = stage.devnet.configuration();
    config.http.listen = match args.listen {
        Some(address) => address,
        None if args.listen_is_set => config.http.listen,
        None => devnet::free_address(USUAL_ADDRESS),
    };
    let options = stage.database().application_name("herald/dev");
    let mut connection = options.clone().connect().await.context("the demo's database")?;
    let mut guard = options.clone().connect().await.context("the demo's database")?;
    migrate::apply(&mut connection, &mut guard).await?;
    connection.close().await?;
    guard.close().await?;
    let mut app = App::build(&config, options.clone(), metrics::install()?).await?;
    progress::watch(&mut app, &config);
    stage.announce(app.address())?;
    let pool = store::pool::open(options, 1);
    let admin_key = keys::admin(&pool).await?;
    pool.close().await;
    let herald = app.address();
    let mut replicas = match args.replicas {
        Some(count) => Some(stage.replicas(&config.chains, usize::from(count))?),
        None => None,
    };
    let course = Course { herald, admin_key, length: args.stop_after, seed };
    // The demo stops first: its comparison needs the daemon.
    let (stop_demo, stop_daemon) = (CancellationToken::new(), CancellationToken::new());
    let acts = async {
        let ending = devnet::run(&mut stage.devnet, &course, replicas.as_mut(), &stop_demo).await;
        stop_daemon.cancel();
        match replicas {
            Some(replicas) => replicas.stop().await.and(ending),
            None => ending,
        }
    };
    let asked = async {
        signals.asked().await;
        stop_demo.cancel();
        std::future::pending::<Infallible>().await
    };
    let daemon = async {
        app.run(stop_daemon.clone()).await;
        stop_demo.cancel();
    };
    tokio::select! {
        (ending, ()) = async { tokio::join!(acts, daemon) } => ended(ending?),
        never = asked => match never {},
    }
}

fn ended(ending: Ending) -> anyhow::Result<Exit> {
    Ok(match ending {
        Ending::Stopped => Exit::Done,
        Ending::Compared(report) if report.differences() == 0 => Exit::Done,
        Ending::Compared(_) => Exit::Failed,
    })
}

fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn arguments_are_typed_and_optional() {
        let parse = |words: &[&str]| Probe::try_parse_from([&["dev"], words].concat());
        let args = parse(&["--for", "2m", "--seed", "7"]).ok().unwrap().args;
        assert_eq!((args.stop_after, args.seed), (Some(Duration::from_secs(120)), Some(7)));
        assert_eq!(args.listen, None);
        assert!(parse(&["--for", "soon"]).is_err() && parse(&["--listen", "here"]).is_err());
    }
}
