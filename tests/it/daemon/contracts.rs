//! Contracts that are added to a running daemon: while blocks come, go and come back, and while
//! their past cannot be read.

use alloy::primitives::Address;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use super::client::Client;
use super::process::Program;
use super::setup::{FAST, Setup, named};
use super::site::Site;
use super::{feed, keys};
use crate::support::compare::assert_same;
use crate::support::database::fresh;
use crate::support::sim::tracked;

/// What happens to the chain in one story.
const STEPS: usize = 50;

/// Blocks before the daemon looks.
const HISTORY: u64 = 60;

async fn story(seed: u64) {
    let database = fresh().await;
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut site = Site::new("one", 31_337 + seed, HISTORY).await;
    let mut setup = Setup::on(&database);
    let rules = format!("{FAST}range_max = 5\n");
    setup.chain(site.name, site.id, &[&named("node", &site.http())], &rules);
    let (daemon, client) = Program::answering(&setup).await;
    let key = keys::create(&setup, "contracts:write").await;
    let mut waiting = tracked();
    for step in 0..STEPS {
        site.world.step();
        if !waiting.is_empty() && (step == 5 || rng.random_ratio(1, 10)) {
            let answer = client.track(&key, "one", waiting.remove(0), 0).await;
            assert_eq!(answer.status, 202, "{}", answer.text);
        }
        if rng.random() {
            daemon.beat().await;
        }
    }
    for contract in waiting {
        assert_eq!(client.track(&key, "one", contract, 0).await.status, 202);
    }
    site.world.settle();
    site.followed(&daemon, &client).await;
    let when = format!("after the story of seed {seed}");
    site.assert_equal(&database.pool, &when).await;
    let owners = site.world.replay(0).owners();
    let events = feed::read(&client, "one").await;
    for contract in tracked() {
        assert_eq!(client.state("one", contract).await.as_deref(), Some("ready"));
        let of = owners.iter().filter(|((address, _), _)| *address == contract);
        let expected = of.map(|((_, token), (owner, _))| (*token, *owner)).collect();
        let folded = feed::folded(&client, &events, "one", contract).await;
        assert_same(&format!("the feed of {contract} {when}"), &expected, &folded);
        let held = feed::snapshot(&client, "one", contract, "").await;
        assert_same(&format!("the snapshot of {contract} {when}"), &expected, &held);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn contracts_added_while_the_chain_reorgs_become_ready_and_equal_the_replay() {
    for seed in 1..=3 {
        story(seed).await;
    }
}

/// What a route says about a contract that is not ready.
fn assert_not_ready(path: &str, answer: &super::client::Answer) {
    assert_eq!(answer.status, 409, "{path}: {}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["code"], "contract_not_ready", "{path}");
    let percent = problem["loaded_percent"].as_f64();
    assert!(percent.is_some_and(|percent| percent > 0.0 && percent < 100.0), "{path}: {problem}");
    assert!(answer.retry_after, "{path}");
}

/// Which contracts a list says it leaves out.
async fn left_out(client: &Client, path: &str) -> Vec<(String, String)> {
    let meta = client.found(path).await["meta"]["incomplete"].clone();
    let all = meta.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.iter().map(|one| (text(&one["contract"]), text(&one["status"]))).collect()
}

#[tokio::test]
async fn a_contract_whose_past_is_not_whole_is_never_answered_as_if_it_were() {
    let database = fresh().await;
    let mut site = Site::new("one", 1_001, 80).await;
    let [early, late, _] = tracked()[..] else { panic!("three contracts") };
    let mut setup = Setup::on(&database);
    let rules = format!("{FAST}range_max = 2\n");
    setup.chain(site.name, site.id, &[&named("node", &site.http())], &rules);
    setup.contracts(site.name, &[early], 0);
    let (daemon, client) = Program::answering(&setup).await;
    site.followed(&daemon, &client).await;
    let key = keys::create(&setup, "contracts:write").await;

    let from = daemon.log.len();
    assert_eq!(client.track(&key, "one", late, 0).await.status, 202);
    daemon.says_from(from, "loaded blocks").await;
    // No range is answered any more; single blocks are, so that the live edge goes on.
    site.world.node().faults().width_max = Some(0);
    daemon
        .until("a load that stands still", async || {
            let refused =
                daemon.log.lines()[from..].iter().any(|line| line.contains("max block range"));
            refused.then_some(())
        })
        .await;

    let owner = site.world.replay(0).owners().into_iter().find(|((of, _), _)| *of == late);
    let ((_, token), (owner, _)) = owner.expect("somebody holds a token");
    for path in [
        format!("/v1/contracts/one/{late}/owners"),
        format!("/v1/contracts/one/{late}/tokens"),
        format!("/v1/contracts/one/{late}/snapshot"),
        format!("/v1/tokens/one/{late}/{token}"),
        format!("/v1/tokens/one/{late}/{token}/owners"),
    ] {
        assert_not_ready(&path, &client.get(&path).await);
    }
    let named = vec![(late.to_string(), "loading".to_owned())];
    let wallet = format!("/v1/wallets/{owner}/tokens");
    assert_eq!(left_out(&client, &wallet).await, named);
    let transfers = client.get(&format!("/v1/contracts/one/{late}/transfers")).await;
    assert_eq!(transfers.status, 200, "{}", transfers.text);
    assert_eq!(transfers.json()["meta"]["incomplete"][0]["contract"], late.to_string());
    let loading = async || (client.chain("one").await["status"] == "loading").then_some(());
    daemon.until("a chain that loads", loading).await;

    site.world.mine(6);
    live(&daemon, &client, &site).await;
    assert_eq!(client.state("one", early).await.as_deref(), Some("ready"));
    site.world.node().faults().width_max = None;
    site.followed(&daemon, &client).await;
    assert_eq!(left_out(&client, &wallet).await, []);
    assert_eq!(holds(&client, early, late, &site).await, [true, true]);
    daemon.stop().await;
}

/// Waits until the live edge has the newest block, whatever is loaded.
async fn live(daemon: &Program, client: &Client, site: &Site) {
    let head = site.world.canonical().last().expect("a chain has a block").clone();
    let (number, hash) = (head.header.number, head.hash.to_string());
    let there = async || client.is_at(site.name, number, &hash).await.then_some(());
    daemon.until("the newest block", there).await;
}

/// Whether the snapshots are what the chain says.
async fn holds(client: &Client, early: Address, late: Address, site: &Site) -> [bool; 2] {
    let owners = site.world.replay(0).owners();
    let mut equal = [false; 2];
    for (contract, equal) in [early, late].into_iter().zip(&mut equal) {
        let of = owners.iter().filter(|((address, _), _)| *address == contract);
        let expected = of.map(|((_, token), (owner, _))| (*token, *owner)).collect();
        *equal = feed::snapshot(client, site.name, contract, "").await == expected;
    }
    equal
}
