//! The pieces of `herald dev` against real anvils, which `make test` installs, and the comparison
//! against an API that tells the truth or does not.

#![expect(clippy::unwrap_used, reason = "what these helpers cannot do fails their test")]

mod api;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::{Address, BloomInput, U256};
use herald::chain::{Chain as _, LogFilter, LogScope};
use herald::config::{Database, Dev};
use herald::devnet::anvil::{self, Anvil};
use herald::devnet::chains::{DevChain, Devnet};
use herald::devnet::herald::Herald;
use herald::devnet::leftovers::end_leftovers;
use herald::devnet::node::{Node, TRANSFER_TOPIC};
use herald::devnet::{Course, Ending, Stage, demo, truth, verify};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio_util::sync::CancellationToken;

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
    for (tamper, of_each_contract) in [
        (Tamper::Nothing, 0),
        (Tamper::LosesOwner, 1),
        (Tamper::InventsOwner, 1),
        (Tamper::ForgetsTransfer, 1),
    ] {
        let api = Api::new(&devnet.chains, tamper).await;
        let herald = Herald::new(api.address()).unwrap();
        let key = "hk_test".into();
        let compared = async {
            for chain in &devnet.chains {
                let contract = &chain.announced;
                herald.track(chain.name, contract.address, contract.block, &key).await.unwrap();
            }
            verify::verify(&herald, &devnet.chains, 1).await.unwrap()
        };
        let report = tokio::select! {
            report = compared => report,
            () = api.serve() => unreachable!("the API ended"),
        };
        let expected = 4 * of_each_contract;
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
        ending = demo::run(&mut devnet, &course, &stop) => ending.unwrap(),
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
    let lost = demo::run(&mut devnet, &course, &stop).await.unwrap_err().to_string();
    assert!(lost.starts_with("the node of dev-"), "{lost}");
    stop.cancel();
    assert!(matches!(demo::run(&mut devnet, &course, &stop).await, Ok(Ending::Stopped)));
}

#[tokio::test]
async fn herald_reads_from_a_chain_of_the_demo_what_the_node_tells_whatever_was_taken_back() {
    let (_dir, path) = folder();
    let devnet = Devnet::start(&program(), &path, 17).await.unwrap();
    for (chain, config) in devnet.chains.iter().zip(devnet.configuration()) {
        drive(chain).await;
        let pool = herald::chain::connect(&config).unwrap();
        let head = pool.head().await.unwrap().latest.number;
        let contract = chain.configured.address;
        let filter = LogFilter { addresses: vec![contract], topics: vec![TRANSFER_TOPIC] };
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
        assert_eq!(logs, chain.node.transfer_logs(contract).await.unwrap().len());
    }
    devnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_stage_is_set_once_at_a_time_and_each_time_with_an_empty_database() {
    let (dir, path) = folder();
    // The server runs as another user where the test runs as root.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    let dev = Dev { dir: Some(path.clone()), anvil: Some(program()) };
    let database = Database { source: None, connections_max: 4 };
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
