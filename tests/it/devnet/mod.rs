//! The pieces of `herald dev` against real anvils, which `make test` installs, and the comparison
//! against an API that tells the truth or does not.

#![expect(clippy::unwrap_used, reason = "what these helpers cannot do fails their test")]

mod api;
mod odd;
mod probed;
mod relay;
mod replay;
mod scene;
mod shapes;
mod types;
mod variety;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::{B256, BloomInput, U256, keccak256};
use herald::chain::{Chain as _, LogFilter, LogScope};
use herald::config::{Database, Dev};
use herald::devnet::anvil::{self, Anvil};
use herald::devnet::chains::{DevChain, Devnet};
use herald::devnet::contracts::Kind;
use herald::devnet::herald::Herald;
use herald::devnet::leftovers::end_leftovers;
use herald::devnet::node::Node;
use herald::devnet::{Course, Ending, Stage, demo, truth, verify};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio_util::sync::CancellationToken;

use self::api::{Api, Tamper};
use self::replay::Replay;

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

/// How many items of the ERC-1155 contract somebody has.
async fn held_items(chain: &DevChain) -> usize {
    let items = chain.contracts.iter().find(|contract| contract.plan.kind == Kind::Items);
    let replay = Replay::of(&chain.node, items.unwrap().address, None).await;
    replay.tokens.values().filter(|holders| !holders.is_empty()).count()
}

async fn drive(chain: &DevChain) {
    let mut traffic = chain.traffic().await.unwrap();
    for _ in 0..TURNS {
        traffic.turn().await.unwrap();
    }
    traffic.settle().await.unwrap();
    let done = traffic.done();
    assert_eq!(done.returns, done.detours, "a branch came back under other hashes");
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
        for contract in &chain.contracts {
            let told = truth::ask(&chain.node, contract, head.hash).await.unwrap();
            let replay = Replay::of(&chain.node, contract.address, None).await;
            assert!(told.tokens == replay.tokens, "{} of {}", contract.plan.name, chain.name);
            assert_eq!((told.ranges, told.transfers), (replay.ranges, replay.transfers));
            variety::assert_all_came(&chain.node, contract).await;
            let earlier = chain.node.block(head.number() / 2).await.unwrap();
            let mut told = truth::ask(&chain.node, contract, earlier.hash).await.unwrap().tokens;
            told.retain(|_, holders| !holders.is_empty());
            let replay = Replay::of(&chain.node, contract.address, Some(earlier.number())).await;
            let held = replay.tokens.into_iter().filter(|(_, holders)| !holders.is_empty());
            assert!(told == held.collect(), "{} of {}, then", contract.plan.name, chain.name);
        }
        let kept = &chain.contracts[0];
        let kept = truth::ask(&chain.node, kept, head.hash).await.unwrap();
        assert!(!kept.tokens[&U256::ONE].is_empty(), "the token of the printed requests was burnt");
    }
    devnet.stop().await.unwrap();
    assert_eq!(end_leftovers(&path).await.unwrap(), 0, "an anvil outlived its demo");
}

#[tokio::test]
async fn the_comparison_finds_what_an_api_gets_wrong_and_nothing_else() {
    let (_dir, path) = folder();
    let devnet = Devnet::start(&program(), &path, 5).await.unwrap();
    // Both chains where nothing is wrong, else one, which has four contracts.
    let (both, one) = (&devnet.chains[..], &devnet.chains[..1]);
    for (tamper, chains, expected) in [
        (Tamper::Nothing, both, 0),
        (Tamper::LosesOwner, one, 4),
        (Tamper::InventsOwner, one, 4),
        (Tamper::ForgetsTransfer, one, 4),
        (Tamper::LosesPastOwner, one, 4),
        (Tamper::ShortensList, one, 4),
        // Two ranges of one contract, each wrong on both sides.
        (Tamper::ShortensRange, one, 4),
        (Tamper::AddsToBalance, one, held_items(&one[0]).await),
        (Tamper::KnowsNoStandard, one, 4),
    ] {
        let api = Api::new(chains, tamper).await;
        let herald = Herald::new(api.address()).unwrap();
        let key = "hk_test".into();
        let compared = async {
            let announced = |chain| DevChain::announced(chain).map(move |of| (chain.name, of));
            for (chain, contract) in chains.iter().flat_map(announced) {
                herald.track(chain, contract, &key).await.unwrap();
            }
            verify::verify(&herald, chains, 1).await.unwrap()
        };
        let report = tokio::select! {
            report = compared => report,
            () = api.serve() => unreachable!("the API ended"),
        };
        assert_eq!(report.differences(), expected, "{tamper:?}: {}", report.text());
        let last = format!("{expected} differences");
        assert_eq!(report.text().lines().last(), Some(last.as_str()));
    }
    devnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_demo_announces_its_second_contracts_and_ends_by_itself_with_a_comparison() {
    let (_dir, path) = folder();
    let mut devnet = Devnet::start(&program(), &path, 3).await.unwrap();
    let api = Api::new(&devnet.chains, Tamper::Nothing).await;
    let course = Course {
        herald: api.address(),
        admin_key: "hk_test".into(),
        length: Some(Duration::from_millis(10)),
        seed: 3,
    };
    let stop = CancellationToken::new();
    let ending = tokio::select! {
        ending = demo::run(&mut devnet, &course, None, &stop) => ending.unwrap(),
        () = api.serve() => unreachable!("the API ended"),
    };
    let Ending::Compared(report) = ending else { panic!("nothing was compared") };
    assert_eq!(report.differences(), 0, "{}", report.text());
    devnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_demo_that_is_stopped_compares_nothing_and_one_that_loses_a_node_fails() {
    let (_dir, path) = folder();
    let mut devnet = Devnet::start(&program(), &path, 3).await.unwrap();
    // Nobody answers there, so that the demo waits for its daemon.
    let course = Course {
        herald: "127.0.0.1:9".parse().unwrap(),
        admin_key: "hk_test".into(),
        length: None,
        seed: 3,
    };
    let stop = CancellationToken::new();
    assert_eq!(end_leftovers(&path).await.unwrap(), 2);
    let lost = demo::run(&mut devnet, &course, None, &stop).await.unwrap_err().to_string();
    assert!(lost.starts_with("the node of dev-"), "{lost}");
    stop.cancel();
    assert!(matches!(demo::run(&mut devnet, &course, None, &stop).await, Ok(Ending::Stopped)));
}

#[tokio::test]
async fn herald_reads_from_a_chain_of_the_demo_what_the_node_tells_whatever_was_taken_back() {
    let (_dir, path) = folder();
    let devnet = Devnet::start(&program(), &path, 19).await.unwrap();
    for (chain, config) in devnet.chains.iter().zip(devnet.configuration()) {
        drive(chain).await;
        let pool = herald::chain::connect(&config).unwrap();
        let head = pool.head().await.unwrap().latest.number;
        let contract = chain.contracts[0].address;
        let topic: B256 = keccak256("Transfer(address,address,uint256)");
        let filter = LogFilter { addresses: vec![contract], topics: vec![topic] };
        let mut logs = 0;
        let mut parent = pool.genesis().await.unwrap();
        for number in 1..=head {
            let header = pool.headers(&[number]).await.unwrap().remove(0).unwrap();
            assert_eq!(header.block.parent, parent, "block {number} of {}", chain.name);
            parent = header.block.hash;
            let found = pool.logs(LogScope::Hash(parent), &filter).await.unwrap();
            let bloom = header.logs_bloom.contains_input(BloomInput::Raw(contract.as_slice()));
            assert!(bloom || found.is_empty(), "the bloom of block {number} lies");
            logs += found.len();
        }
        assert_eq!(logs, chain.node.logs(contract).await.unwrap().len());
    }
    devnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_stage_is_set_once_at_a_time_and_each_time_with_an_empty_database() {
    let (dir, path) = folder();
    // The server runs as another user where the test runs as root.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    let dev = Dev { dir: Some(path.clone()), anvil: Some(program()) };
    let (read, read_lag_max) = (None, Duration::from_secs(10));
    let database = Database { source: None, connections_max: 4, read, read_lag_max };
    for _ in 0..2 {
        let mut stage = Stage::set(&dev, &database, 1).await.unwrap();
        stage.announce("127.0.0.1:8080".parse().unwrap()).unwrap();
        let mut connection = stage.database().connect().await.unwrap();
        // Fails the second time unless the database is a new one.
        sqlx::query("create table demo ()").execute(&mut connection).await.unwrap();
        let second = Stage::set(&dev, &database, 1).await.err().unwrap();
        assert!(second.to_string().contains("http://127.0.0.1:8080"), "{second:#}");
        connection.close().await.unwrap();
        stage.stop().await.unwrap();
    }
    assert_eq!(end_leftovers(&path).await.unwrap(), 0);
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
