//! The pieces of `herald dev` against real anvils, which `make test` installs, and the comparison
//! against an API that tells the truth or does not.

#![expect(clippy::unwrap_used, reason = "what these helpers cannot do fails their test")]

mod api;

use std::collections::BTreeMap;
use std::path::PathBuf;

use alloy::primitives::{Address, U256};
use herald::devnet::anvil::{self, Anvil};
use herald::devnet::chains::{DevChain, Devnet};
use herald::devnet::herald::Herald;
use herald::devnet::leftovers::end_leftovers;
use herald::devnet::node::Node;
use herald::devnet::{truth, verify};

use self::api::{Api, Tamper};

/// Turns after which each kind of reorg has come with certainty for the seeds used here.
const TURNS: usize = 120;

fn program() -> PathBuf {
    anvil::find(None, &herald::config::tools_dirs(), &herald::config::search_path()).unwrap()
}

/// A folder by the name that the kernel knows it by.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap();
    (dir, path)
}

/// Who owns what according to the transfer logs alone.
async fn replayed(node: &Node, contract: Address) -> BTreeMap<U256, Option<Address>> {
    let mut owners = BTreeMap::new();
    for log in node.transfer_logs(contract).await.unwrap() {
        let to = Address::from_word(log.topics[2]);
        owners.insert(U256::from_be_bytes(log.topics[3].0), (!to.is_zero()).then_some(to));
    }
    owners
}

async fn drive(chain: &DevChain) {
    let mut traffic = chain.traffic().await.unwrap();
    for _ in 0..TURNS {
        traffic.turn().await.unwrap();
    }
    traffic.settle().await.unwrap();
    let done = traffic.done();
    assert!(done.reorgs > 0 && done.returns > 0 && done.fallbacks > 0, "{done:?}");
    assert!(done.transactions > 100, "{done:?}");
}

#[tokio::test]
async fn two_chains_live_through_reorgs_of_every_kind_and_agree_with_their_own_logs() {
    let (_dir, path) = folder();
    let devnet = Devnet::start(&program(), &path, 11).await.unwrap();
    let configured = devnet.configuration();
    assert_eq!(configured.len(), 2);
    for chain in &devnet.chains {
        drive(chain).await;
        let head = chain.node.head().await.unwrap();
        for contract in [&chain.configured, &chain.announced] {
            let told = truth::ask(&chain.node, contract.address, head.hash).await.unwrap();
            assert!(told.owners.len() > 50 && told.owners.values().any(Option::is_none));
            assert_eq!(told.owners, replayed(&chain.node, contract.address).await);
            let kept = told.owners[&U256::ONE];
            assert!(kept.is_some(), "the token of the printed requests was burnt");
        }
    }
    devnet.stop().await.unwrap();
    assert_eq!(end_leftovers(&path).await.unwrap(), 0, "an anvil outlived its demo");
}

#[tokio::test]
async fn the_comparison_finds_what_an_api_gets_wrong_and_nothing_else() {
    let (_dir, path) = folder();
    let devnet = Devnet::start(&program(), &path, 5).await.unwrap();
    for (tamper, differences) in [
        (Tamper::Nothing, 0),
        (Tamper::LosesOwner, 1),
        (Tamper::InventsOwner, 1),
        (Tamper::ForgetsTransfer, 1),
    ] {
        let api = Api::new(&devnet.chains, tamper).await;
        let herald = Herald::new(api.address()).unwrap();
        let report = tokio::select! {
            report = verify::verify(&herald, &devnet.chains, 1) => report.unwrap(),
            () = api.serve() => unreachable!("the API ended"),
        };
        // Each of the four contracts is told the same lie.
        assert_eq!(report.differences(), 4 * differences, "{tamper:?}: {}", report.text());
        let last = format!("{} differences", 4 * differences);
        assert_eq!(report.text().lines().last(), Some(last.as_str()));
    }
    devnet.stop().await.unwrap();
}

#[tokio::test]
async fn anvils_left_by_a_killed_demo_are_ended_and_those_of_others_are_not() {
    let ((_one, killed), (_two, running)) = (folder(), folder());
    let mut left = Anvil::start(&program(), &killed, "left", 31_337).await.unwrap();
    let other = Anvil::start(&program(), &running, "other", 31_337).await.unwrap();
    assert_eq!(end_leftovers(&killed).await.unwrap(), 1);
    assert!(left.ended().await.starts_with("the node of left ended: "));
    assert!(Node::new(&other.http_url()).unwrap().head().await.is_ok());
    other.stop().await.unwrap();
    assert_eq!(end_leftovers(&running).await.unwrap(), 0);
}

#[tokio::test]
async fn a_program_that_is_no_anvil_is_told_with_its_name() {
    let (_dir, path) = folder();
    let said = Anvil::start("/bin/true".as_ref(), &path, "no", 1).await.unwrap_err();
    let said = format!("{said:#}");
    assert!(said.starts_with("start /bin/true; see "), "{said}");
    assert!(said.ends_with("it ended before it listened"), "{said}");
}
