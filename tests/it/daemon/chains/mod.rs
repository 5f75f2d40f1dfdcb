//! Several chains in one daemon: what goes wrong with one of them concerns no other. `identity` is
//! about nodes that are on another chain than they should be.

mod identity;

use herald::store::Pool;
use serde_json::Value;

use crate::daemon::client::Client;
use crate::daemon::process::Program;
use crate::daemon::setup::{FAST, Setup, url};
use crate::daemon::site::Site;
use crate::support::database::{TestDatabase, fresh};
use crate::support::sim::{Tag, Tags, tracked};

/// Blocks of a chain before the daemon looks: more than are not final yet.
const HISTORY: u64 = 40;

/// A chain that gives trouble, one that gives none, and a daemon on both that has followed them.
struct Pair {
    database: TestDatabase,
    setup: Setup,
    bad: Site,
    good: Site,
}

impl Pair {
    async fn new() -> Self {
        let database = fresh().await;
        let bad = Site::new("bad", 1_001, HISTORY).await;
        let good = Site::new("good", 1_002, HISTORY).await;
        let mut setup = Setup::on(&database);
        bad.configure(&mut setup);
        good.configure(&mut setup);
        Self { database, setup, bad, good }
    }

    async fn followed(&self) -> (Program, Client) {
        let (daemon, client) = Program::answering(&self.setup).await;
        self.bad.followed(&daemon, &client).await;
        self.good.followed(&daemon, &client).await;
        (daemon, client)
    }

    fn pool(&self) -> &Pool {
        &self.database.pool
    }
}

/// Waits until a chain has this status, and answers how it stands then.
async fn status(daemon: &Program, client: &Client, chain: &str, wanted: &str) -> Value {
    let what = format!("{chain} {wanted}");
    daemon
        .until(&what, async || {
            let standing = client.chain(chain).await;
            (standing["status"] == wanted).then_some(standing)
        })
        .await
}

/// Waits until an endpoint has this status, and answers its detail.
async fn endpoint(daemon: &Program, client: &Client, chain: &str, wanted: (&str, &str)) -> String {
    let what = format!("{} of {chain} {}", wanted.0, wanted.1);
    daemon
        .until(&what, async || {
            let standing = client.chain(chain).await;
            let all = standing["endpoints"].as_array().cloned().unwrap_or_default();
            let found = all.iter().find(|one| one["name"] == wanted.0)?;
            let detail = found["detail"].as_str().unwrap_or_default().to_owned();
            (found["status"] == wanted.1).then_some(detail)
        })
        .await
}

#[tokio::test]
async fn a_chain_whose_node_goes_down_stalls_alone_and_recovers_by_itself() {
    let mut pair = Pair::new().await;
    let (daemon, client) = pair.followed().await;
    pair.bad.down();
    pair.good.world.mine(5);
    pair.good.followed(&daemon, &client).await;
    let stalled = status(&daemon, &client, "bad", "stalled").await;
    let why = stalled["status_detail"].as_str().unwrap_or_default();
    assert!(why.contains("node") && why.contains("cannot connect"), "{why}");
    endpoint(&daemon, &client, "bad", ("node", "failing")).await;
    pair.good.world.mine(5);
    pair.good.followed(&daemon, &client).await;

    pair.bad.world.mine(7);
    pair.bad.up(pair.bad.world.node()).await;
    pair.bad.followed(&daemon, &client).await;
    endpoint(&daemon, &client, "bad", ("node", "ok")).await;
    pair.bad.assert_equal(pair.pool(), "after the node came back").await;
    pair.good.assert_equal(pair.pool(), "beside a chain that was down").await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_chain_that_takes_back_final_blocks_halts_alone_and_stays_as_it_was() {
    let mut pair = Pair::new().await;
    let (daemon, client) = pair.followed().await;
    let before = pair.bad.world.replay(0);
    let kept = pair.bad.world.deep_reorg().to_string();
    let halted = status(&daemon, &client, "bad", "halted").await;
    let why = halted["status_detail"].as_str().unwrap_or_default();
    assert!(why.contains("herald rewind --chain bad"), "{why}");
    pair.good.world.mine(3);
    pair.good.followed(&daemon, &client).await;
    daemon.stop().await;

    let (daemon, client) = Program::answering(&pair.setup).await;
    pair.good.world.reorg(4, 6);
    pair.good.followed(&daemon, &client).await;
    assert_eq!(client.chain("bad").await["status"], "halted");
    let counts = before.counts(tracked()[0]);
    let shown = client.found(&format!("/v1/contracts/bad/{}", tracked()[0])).await;
    assert_eq!(shown["transfers"], counts.2, "reads go on");
    pair.bad.assert_holds(pair.pool(), &before, "while halted").await;
    pair.good.assert_equal(pair.pool(), "beside a halted chain").await;

    let told = Program::start(&pair.setup, &["status"]).ended().await;
    assert_eq!(told.code(), Some(1), "somebody has to act: {}", told.out);
    assert!(told.out.contains("bad (eip155:1001): halted since "), "{}", told.out);
    assert!(told.out.contains("good (eip155:1002): live since "), "{}", told.out);

    let wrong = ["rewind", "--chain", "ugly", "--to", kept.as_str()];
    assert_eq!(Program::start(&pair.setup, &wrong).ended().await.code(), Some(2));
    let decided = ["rewind", "--chain", "bad", "--to", kept.as_str()];
    let told = Program::start(&pair.setup, &decided).ended().await;
    assert_eq!(told.code(), Some(0), "{}{}", told.out, told.log);
    assert!(told.out.contains(&format!("block {kept} is the newest now")), "{}", told.out);
    pair.bad.followed(&daemon, &client).await;
    pair.bad.assert_equal(pair.pool(), "after a person's decision").await;
    daemon.stop().await;
}

#[tokio::test]
async fn one_chain_is_reached_by_websocket_and_one_by_http_and_both_come_back() {
    let database = fresh().await;
    let mut one = Site::new("one", 1_001, HISTORY).await;
    let mut two = Site::new("two", 1_002, HISTORY).await;
    let mut setup = Setup::on(&database);
    setup.chain("one", 1_001, &[&url(&one.ws())], FAST);
    setup.contracts("one", &tracked(), 0);
    two.configure(&mut setup);
    let (daemon, client) = Program::answering(&setup).await;
    for _ in 0..3 {
        for site in [&mut one, &mut two] {
            site.world.mine(3);
            site.world.reorg(2, 3);
            site.world.node().announce();
        }
        one.followed(&daemon, &client).await;
        two.followed(&daemon, &client).await;
    }
    for site in [&mut one, &mut two] {
        site.down();
        site.world.mine(2);
        site.up(site.world.node()).await;
    }
    one.followed(&daemon, &client).await;
    two.followed(&daemon, &client).await;
    one.assert_equal(&database.pool, "over WebSocket").await;
    two.assert_equal(&database.pool, "over HTTP").await;
    daemon.stop().await;
}

#[tokio::test]
async fn where_a_node_has_no_final_tag_a_block_is_final_by_its_age() {
    for tag in [Tag::Unsupported, Tag::Null] {
        let database = fresh().await;
        let mut site = Site::new("aged", 1_001, HISTORY).await;
        let tags = Tags { safe: tag, finalized: tag };
        site.world.node().chain().tags = tags;
        let mut setup = Setup::on(&database);
        let rules = format!("{FAST}finality_seconds = 120\n");
        setup.chain("aged", 1_001, &[&url(&site.http())], &rules);
        setup.contracts("aged", &tracked(), 0);
        let (daemon, client) = Program::answering(&setup).await;
        site.followed(&daemon, &client).await;
        site.world.mine(HISTORY);
        site.world.reorg(2, 4);
        site.followed(&daemon, &client).await;

        let blocks = site.world.canonical();
        let newest = blocks.last().expect("a chain has a block").header.timestamp;
        let aged = blocks.iter().rev().find(|block| block.header.timestamp + 120 <= newest);
        let aged = aged.expect("the chain is older").header.number;
        daemon
            .until("the final mark", async || {
                (client.chain("aged").await["finalized"] == aged).then_some(())
            })
            .await;
        site.assert_equal(&database.pool, "final by age").await;
        daemon.stop().await;
    }
}
