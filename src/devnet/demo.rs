//! The course of a demo beside a running daemon: wait for it, show it, drive the chains, announce
//! a contract, and at the end compare.
//!
//! One future does it all. It spawns nothing, so whoever polls it decides when it ends.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use futures_util::future::try_join_all;
use secrecy::SecretString;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::chains::{BLOCK_TIME, DevChain, Devnet};
use super::contracts::Deployed;
use super::herald::Herald;
use super::replicas::Replicas;
use super::report::Report;
use super::show::{self, Row, say};
use super::verify;

/// Longest that Herald may take until the configured contracts answer ownership; their history has
/// a few blocks.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two looks at whether they do.
const READY_POLL: Duration = Duration::from_millis(100);

/// How long the traffic runs before the other contracts are announced, so that they have a past.
const ANNOUNCE_AFTER: Duration = Duration::from_secs(8);

/// Between two status lines.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// Longest that the traffic may take to come to rest once the demo is stopped: some blocks.
const REST_TIMEOUT: Duration = Duration::from_secs(1);

/// What a demo is told.
#[derive(Clone, Debug)]
pub struct Course {
    /// Where the daemon answers.
    pub herald: SocketAddr,
    /// A key that may add contracts.
    pub admin_key: SecretString,
    /// How long the traffic runs; for ever where absent.
    pub length: Option<Duration>,
    /// Chooses the tokens that are compared one by one.
    pub seed: u64,
}

/// How a demo ended.
#[derive(Debug)]
pub enum Ending {
    /// It was stopped before its time; nothing was compared.
    Stopped,
    /// Its time was over and every owner and balance was compared.
    Compared(Report),
}

/// Runs the demo until its length is over or `stop` is cancelled. An error means that a node, the
/// daemon or the comparison failed.
pub async fn run(
    devnet: &mut Devnet,
    course: &Course,
    replicas: Option<&mut Replicas>,
    stop: &CancellationToken,
) -> Result<Ending> {
    let herald = Herald::new(course.herald)?;
    let (chains, lost) = devnet.watched();
    let acts = async {
        wait_until_ready(&herald, chains).await?;
        welcome(&herald, chains).await?;
        tell_of(replicas.as_deref());
        drive(&herald, chains, (course, replicas), stop).await?;
        if stop.is_cancelled() {
            return Ok(Ending::Stopped);
        }
        say("the traffic has stopped; comparing with the contracts' own ownerOf and balanceOf");
        let report = verify::verify(&herald, chains, course.seed).await?;
        say(&report.text());
        Ok(Ending::Compared(report))
    };
    let ending = tokio::select! {
        biased;
        ending = acts => ending,
        how = lost => Err(anyhow!(how)),
        () = given_up(stop) => Ok(Ending::Stopped),
    };
    match ending {
        // Whoever stops the demo also stops what it waits for.
        Err(err) if stop.is_cancelled() => {
            tracing::debug!(error = format!("{err:#}"), "the demo was stopped");
            Ok(Ending::Stopped)
        }
        ending => ending,
    }
}

/// Returns a while after `stop`: the traffic comes to rest in less, and nothing else is worth
/// waiting for.
async fn given_up(stop: &CancellationToken) {
    stop.cancelled().await;
    sleep(REST_TIMEOUT).await;
}

async fn wait_until_ready(herald: &Herald, chains: &[DevChain]) -> Result<()> {
    let deadline = Instant::now() + READY_TIMEOUT;
    for chain in chains {
        for contract in chain.configured() {
            ready(herald, chain, contract, deadline).await?;
        }
    }
    Ok(())
}

async fn ready(
    herald: &Herald,
    chain: &DevChain,
    contract: &Deployed,
    deadline: Instant,
) -> Result<()> {
    loop {
        match herald.contract(chain.name, contract.address).await {
            Ok(answer) if answer.status == "ready" => return Ok(()),
            Ok(_) | Err(_) if Instant::now() < deadline => sleep(READY_POLL).await,
            Ok(answer) => {
                bail!("{} of {} stays {}", contract.plan.name, chain.name, answer.status)
            }
            Err(err) => return Err(err),
        }
    }
}

async fn welcome(herald: &Herald, chains: &[DevChain]) -> Result<()> {
    let rows: Vec<Row> = chains.iter().map(Row::from).collect();
    let Some(chain) = chains.first() else { bail!("a demo without chains") };
    let wallets = chain.node.accounts().await?;
    say(&show::welcome(herald.base(), &rows, wallets.first().copied().unwrap_or_default()));
    Ok(())
}

/// Traffic on every chain at once, until the length is over or `stop`; afterwards all is at rest.
async fn drive(
    herald: &Herald,
    chains: &[DevChain],
    (course, replicas): (&Course, Option<&mut Replicas>),
    stop: &CancellationToken,
) -> Result<()> {
    let rest = stop.child_token();
    let traffic = try_join_all(
        chains.iter().map(|chain| async { chain.traffic().await?.run(BLOCK_TIME, &rest).await }),
    );
    let length = course.length.unwrap_or(Duration::MAX);
    let announce = async {
        if pause(ANNOUNCE_AFTER.min(length / 2), &rest).await {
            announce(herald, chains, &course.admin_key).await?;
        }
        Ok(())
    };
    let lose = async {
        if let Some(replicas) = replicas
            && pause(length / 2, &rest).await
            && let Some(id) = replicas.kill_one().await?
        {
            say(&format!("       killed replica {id} with SIGKILL; another one takes over"));
        }
        Ok(())
    };
    let clock = async {
        pause(length, &rest).await;
        rest.cancel();
        Ok(())
    };
    let status = async {
        let began = Instant::now();
        while pause(STATUS_EVERY, &rest).await {
            say(&show::status(herald, chains, began.elapsed()).await);
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::try_join!(traffic, announce, lose, clock, status)?;
    Ok(())
}

fn tell_of(replicas: Option<&Replicas>) {
    if let Some(replicas) = replicas {
        let ids: Vec<String> = replicas.ids().iter().map(u32::to_string).collect();
        say(&format!("       indexed by the processes {}", ids.join(", ")));
    }
}

async fn announce(herald: &Herald, chains: &[DevChain], key: &SecretString) -> Result<()> {
    for chain in chains {
        for contract in chain.announced() {
            herald.track(chain.name, contract, key).await?;
            let (address, name) = (contract.address, contract.plan.name);
            say(&format!("       announced {} {address} ({name})", chain.name));
        }
    }
    Ok(())
}

/// Whether this time has passed without `rest`.
async fn pause(time: Duration, rest: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = rest.cancelled() => false,
        () = sleep(time) => true,
    }
}
