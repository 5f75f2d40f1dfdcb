//! A daemon that dies and comes back while its chains go on, and the comparison at the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use alloy::primitives::{Address, B256, U256};
use herald::devnet::anvil;
use herald::devnet::chains::{DevChain, Devnet};
use herald::devnet::contracts::{Deployed, Kind};
use herald::devnet::herald::Herald;
use herald::devnet::traffic::Traffic;
use herald::devnet::truth::{self, Holders};
use herald::devnet::verify;
use herald::store::Pool;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use tokio_util::sync::CancellationToken;

use super::moment::{COMMITTED, Moment};
use crate::daemon::feed;
use crate::daemon::process::Program;
use crate::daemon::setup::{Setup, url};
use crate::support::compare::assert_same;

/// Blocks of each chain before the daemon first looks: a past that takes many steps.
const HISTORY: u64 = 90;

/// Most turns that a chain makes while nobody looks.
const AWAY_MAX: u32 = 8;

/// Rules of the chains: short pauses, and steps so small that a load is met in its middle.
const RULES: &str = "block_time_ms = 100\nrange_max = 3\n";

/// Who dies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Victim {
    Daemon,
    Postgres,
    Both,
}

/// A daemon that dies and comes back.
pub(super) struct Story {
    rng: SmallRng,
    setup: Setup,
    /// Its database, where that is not its own.
    database: Option<Pool>,
}

/// Two chains with a history; the daemon is configured with the first contracts of each.
async fn devnet(seed: u64, setup: &mut Setup) -> Devnet {
    let path = setup.path().canonicalize().expect("it exists");
    let tools = herald::config::tools_dirs();
    let program = anvil::find(None, &tools, &herald::config::search_path());
    let program = program.expect("`make setup` installs it");
    let devnet = Devnet::start(&program, &path, seed).await.expect("the chains start");
    for chain in &devnet.chains {
        chain.traffic().await.unwrap().advance(HISTORY).await.unwrap();
        setup.chain(chain.name, chain.id.0, &[&url(&chain.url)], RULES);
        for contract in chain.configured() {
            setup.unstated(chain.name, contract.address, contract.block);
        }
    }
    devnet
}

/// Deaths before and after the other contracts are configured, whose past has to be loaded while
/// the chains go on.
pub(super) struct Deaths {
    pub(super) before: Vec<(Moment, Victim)>,
    pub(super) after: Vec<(Moment, Victim)>,
}

impl Story {
    /// Tells it to its end.
    pub(super) async fn told(seed: u64, mut setup: Setup, database: Option<Pool>, deaths: Deaths) {
        let devnet = devnet(seed, &mut setup).await;
        let mut story = Self { rng: SmallRng::seed_from_u64(seed), setup, database };
        let mut traffic = Vec::new();
        for chain in &devnet.chains {
            traffic.push(chain.traffic().await.unwrap());
        }
        for (moment, victim) in deaths.before {
            story.round(&mut traffic, moment, victim).await;
        }
        for chain in &devnet.chains {
            for contract in chain.announced() {
                story.setup.unstated(chain.name, contract.address, contract.block);
            }
        }
        for (moment, victim) in deaths.after {
            story.round(&mut traffic, moment, victim).await;
        }
        story.ends_well(traffic, &devnet.chains).await;
        devnet.stop().await.unwrap();
    }

    /// The chains go on, a daemon starts, and at the moment somebody dies, while the chains still
    /// go on.
    async fn round(&mut self, traffic: &mut [Traffic<'_>], moment: Moment, victim: Victim) {
        for one in traffic.iter_mut() {
            for _ in 0..self.rng.random_range(0..=AWAY_MAX) {
                one.turn().await.unwrap();
            }
        }
        let daemon = Program::run(&self.setup);
        let home = self.setup.home();
        let stop = CancellationToken::new();
        let dying = async {
            moment.comes(&daemon).await;
            if victim != Victim::Daemon {
                kill_postgres(&home);
            }
            if victim == Victim::Postgres {
                let (at, _) = daemon.says("the embedded Postgres has ended").await;
                daemon.says_from(at, COMMITTED).await;
            }
            daemon.signal(Signal::KILL);
            stop.cancel();
        };
        tokio::join!(dying, drive(traffic, &stop));
        let ended = daemon.ended().await;
        assert_eq!(ended.code(), None, "{moment:?} found it ended:\n{}", ended.log);
        assert!(!ended.log.contains("panicked"), "{moment:?}: {}", ended.log);
        if moment.words != COMMITTED {
            self.time_passes().await;
        }
    }

    /// The leases of the dead end, as they would if the next start came late. A daemon with its own
    /// Postgres knows that it is alone and does so itself.
    async fn time_passes(&self) {
        let Some(pool) = &self.database else { return };
        // What the dead had asked for last may still be going on.
        let mut busy = 1_i64;
        while busy > 0 {
            busy = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where datname = current_database()
                 and pid <> pg_backend_pid() and state <> 'idle'",
            )
            .fetch_one(pool)
            .await
            .expect("the sessions");
        }
        for statement in [
            "update chain.leases set until = clock_timestamp()",
            "update chain.spans set lease_until = clock_timestamp() where lease_until is not null",
        ] {
            sqlx::query(statement).execute(pool).await.expect("the leases end");
        }
    }

    /// The last start: everything is caught up with and compared.
    async fn ends_well(self, mut traffic: Vec<Traffic<'_>>, chains: &[DevChain]) {
        for one in &mut traffic {
            one.settle().await.unwrap();
        }
        self.time_passes().await;
        let (daemon, client) = Program::answering(&self.setup).await;
        let herald = Herald::new(client.address()).unwrap();
        let report = verify::verify(&herald, chains, 1).await;
        let report = report.unwrap_or_else(|error| panic!("{error:#}:\n{}", daemon.log.tail()));
        assert_eq!(report.differences(), 0, "{}", report.text());
        for chain in chains {
            let events = feed::read(&client, chain.name).await;
            let head = chain.node.head().await.unwrap();
            // Of ERC-1155 contracts a fold has balances, not owners.
            let is_owned = |contract: &&Deployed| contract.plan.kind != Kind::Items;
            for contract in chain.contracts.iter().filter(is_owned) {
                let owners = owners(chain, contract, head.hash).await;
                let folded = feed::folded(&client, &events, chain.name, contract.address).await;
                assert_same(&format!("the feed of {}", contract.address), &owners, &folded);
            }
        }
        daemon.stop().await;
    }
}

/// What the contract itself says.
async fn owners(chain: &DevChain, contract: &Deployed, at: B256) -> BTreeMap<U256, Address> {
    let told = truth::ask(&chain.node, contract, at).await.unwrap();
    let owner = |(token, holders): (U256, Holders)| Some((token, holders.into_keys().next()?));
    told.tokens.into_iter().filter_map(owner).collect()
}

/// Turns on every chain until `stop`; none is given up half-way.
async fn drive(traffic: &mut [Traffic<'_>], stop: &CancellationToken) {
    while !stop.is_cancelled() {
        for one in traffic.iter_mut() {
            one.turn().await.unwrap();
        }
    }
}

/// Kills the first process of the private Postgres in `home`; it may not have been started yet.
fn kill_postgres(home: &Path) {
    let cluster = home.join("cluster");
    let text = fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    let Some(pid) = pid.and_then(Pid::from_raw) else { return };
    let works_in = fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
    if works_in.is_ok_and(|directory| directory == cluster) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
