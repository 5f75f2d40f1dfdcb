//! Nodes that are on another chain than they should be: from the start, all of a sudden, or while
//! nobody looked.

use super::{HISTORY, Pair, endpoint, status};
use crate::daemon::process::Program;
use crate::daemon::setup::{FAST, Setup, named};
use crate::daemon::site::Site;
use crate::support::database::fresh;
use crate::support::sim::{World, tracked};

#[tokio::test]
async fn an_endpoint_of_another_chain_is_told_with_both_ids_and_its_sibling_carries_on() {
    let database = fresh().await;
    let foreign = Site::new("foreign", 5, HISTORY).await;
    let mut right = Site::new("right", 1_001, HISTORY).await;
    let mut setup = Setup::on(&database);
    let (wrong, node) = (named("wrong", &foreign.http()), named("node", &right.http()));
    setup.chain("right", 1_001, &[&wrong, &node], FAST);
    setup.contracts("right", &tracked(), 0);
    setup.chain("lost", 1_003, &[&wrong], FAST);
    let (daemon, client) = Program::answering(&setup).await;

    right.followed(&daemon, &client).await;
    let both = |text: &str, own: &str| text.contains("eip155:5") && text.contains(own);
    let detail = endpoint(&daemon, &client, "right", ("wrong", "misconfigured")).await;
    assert!(both(&detail, "eip155:1001"), "{detail}");
    let detail = endpoint(&daemon, &client, "lost", ("wrong", "misconfigured")).await;
    assert!(both(&detail, "eip155:1003"), "{detail}");
    let stalled = status(&daemon, &client, "lost", "stalled").await;
    let why = stalled["status_detail"].as_str().unwrap_or_default();
    assert!(both(why, "eip155:1003"), "{why}");
    right.world.mine(4);
    right.followed(&daemon, &client).await;
    right.assert_equal(&database.pool, "beside a misconfigured endpoint").await;
    daemon.stop().await;
}

#[tokio::test]
async fn another_chain_that_appears_at_an_address_halts_nothing_while_a_sibling_is_right() {
    let database = fresh().await;
    let foreign = Site::new("foreign", 5, HISTORY + 20).await;
    let mut right = Site::new("right", 1_001, HISTORY).await;
    let mut turned = Site::new("turned", 1_001, HISTORY).await;
    turned.up(right.world.node().sibling()).await;
    let mut setup = Setup::on(&database);
    // The one that turns is the one that is asked.
    let first = named("turned", &turned.http());
    let second = format!("{{ name = 'node', url = '{}', role = 'spare' }}", right.http());
    setup.chain("right", 1_001, &[&first, &second], FAST);
    setup.contracts("right", &tracked(), 0);
    let (daemon, client) = Program::answering(&setup).await;
    right.followed(&daemon, &client).await;

    turned.up(foreign.world.node()).await;
    right.world.mine(4);
    let detail = endpoint(&daemon, &client, "right", ("turned", "misconfigured")).await;
    assert!(detail.contains("eip155:5"), "{detail}");
    right.world.mine(4);
    right.followed(&daemon, &client).await;
    right.assert_equal(&database.pool, "after an endpoint has turned").await;
    daemon.stop().await;
}

#[tokio::test]
async fn another_genesis_under_the_same_id_is_refused_with_words_and_writes_nothing() {
    let mut pair = Pair::new().await;
    let (daemon, _) = pair.followed().await;
    daemon.stop().await;
    let before = pair.bad.world.replay(0);
    let mut other = World::on_chain(77, 1_001);
    other.mine(HISTORY + 10);
    pair.bad.up(other.node()).await;
    let (daemon, client) = Program::answering(&pair.setup).await;
    let stalled = status(&daemon, &client, "bad", "stalled").await;
    let why = stalled["status_detail"].as_str().unwrap_or_default();
    let genesis = |world: &World| world.canonical()[0].hash.to_string();
    assert!(why.contains(&genesis(&other)) && why.contains(&genesis(&pair.bad.world)), "{why}");
    pair.good.world.mine(3);
    pair.good.followed(&daemon, &client).await;
    pair.bad.assert_holds(pair.pool(), &before, "while another chain answers").await;
    daemon.stop().await;
}
