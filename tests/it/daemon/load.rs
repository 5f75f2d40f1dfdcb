//! What somebody who waits for a load sees of it: lines of the log, `herald status`, `herald spans`,
//! metrics of every replica.

use super::client::Client;
use super::process::Program;
use super::setup::{Setup, TALKATIVE};
use super::site::Site;
use crate::support::database::{TestDatabase, fresh};

/// A chain whose ranges nobody answers, so that its past does not move.
async fn stuck(database: &TestDatabase) -> (Site, Setup) {
    let site = Site::new("one", 1_001, 80).await;
    site.world.node().faults().width_max = Some(0);
    let mut setup = Setup::on(database);
    site.configure(&mut setup);
    (site, setup)
}

/// The value of a metric of chain one.
async fn metric(client: &Client, name: &str, labels: &str) -> Option<f64> {
    let page = client.get("/metrics").await.text;
    let sample = format!("{name}{{chain=\"one\"{labels}}} ");
    page.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok())
}

/// Waits until a metric has a value that `wanted` accepts.
async fn shows(daemon: &Program, client: &Client, sample: (&str, &str), wanted: fn(f64) -> bool) {
    let what = format!("{} as it should be", sample.0);
    let look = async || metric(client, sample.0, sample.1).await.filter(|value| wanted(*value));
    daemon.until(&what, look).await;
}

#[tokio::test]
async fn lines_tell_how_far_a_load_is_and_when_it_is_done() {
    let database = fresh().await;
    let (site, setup) = stuck(&database).await;
    let (daemon, client) = Program::answering(&setup).await;
    let (_, line) = daemon.says("of the past loaded").await;
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["message"], &line["level"]),
        (&"one: 0 % of the past loaded".into(), &"INFO".into())
    );
    site.world.node().faults().width_max = None;
    site.followed(&daemon, &client).await;
    daemon.says("one: the past is loaded").await;
    let log = daemon.stop().await.log;
    assert!(!log.contains('\u{1b}') && !log.contains("[="), "a bar in a file:\n{log}");
}

#[tokio::test]
async fn metrics_of_every_replica_follow_the_load_and_end_with_it() {
    let database = fresh().await;
    let (site, setup) = stuck(&database).await;
    let (daemon, client) = Program::answering(&setup).await;
    let (other, second) = Program::answering(&setup).await;
    for (program, client) in [(&daemon, &client), (&other, &second)] {
        shows(program, client, ("herald_load_blocks", ""), |all| all > 60.0).await;
        shows(program, client, ("herald_load_eta_seconds", ""), f64::is_nan).await;
        shows(program, client, ("herald_spans", ",state=\"failing\""), |all| all >= 1.0).await;
        shows(program, client, ("herald_contracts", ",state=\"loading\""), |all| all == 3.0).await;
    }
    site.world.node().faults().width_max = None;
    site.followed(&daemon, &client).await;
    for (program, client) in [(&daemon, &client), (&other, &second)] {
        shows(program, client, ("herald_contracts", ",state=\"ready\""), |all| all == 3.0).await;
        for name in ["herald_load_blocks", "herald_load_blocks_done", "herald_load_rate"] {
            shows(program, client, (name, ""), |value| value == 0.0).await;
        }
        shows(program, client, ("herald_load_eta_seconds", ""), |value| value == 0.0).await;
        shows(program, client, ("herald_spans_pending", ""), |value| value == 0.0).await;
    }
    daemon.stop().await;
    other.stop().await;
}

/// What a command prints, and its exit code.
async fn told(setup: &Setup, arguments: &[&str]) -> (Option<i32>, String, String) {
    let ended = Program::start(setup, arguments).ended().await;
    (ended.code(), ended.out, ended.log)
}

#[tokio::test]
async fn a_load_that_fails_is_told_by_status_and_spans_and_tried_again_on_demand() {
    let database = fresh().await;
    let (_site, setup) = stuck(&database).await;
    let (daemon, client) = Program::answering(&setup).await;
    shows(&daemon, &client, ("herald_spans", ",state=\"failing\""), |all| all >= 1.0).await;
    daemon.stop().await;
    let mut setup = setup;
    setup.replace(TALKATIVE, "warn");

    let (code, out, log) = told(&setup, &["status"]).await;
    assert_eq!(code, Some(0), "{out}{log}");
    for part in
        ["one (eip155:1001): ", "  past: 0 % loaded, ", "no rate yet", " failing\n", " failed "]
    {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    assert!(out.contains("next: `herald spans list --chain one --failing`"), "{out}");
    let (_, out, _) = told(&setup, &["status", "--json"]).await;
    let status: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(status["chains"][0]["load"]["blocks_done"], 0, "{out}");

    let (code, out, log) = told(&setup, &["spans", "list", "--chain", "one", "--failing"]).await;
    assert_eq!((code, log.as_str()), (Some(0), ""));
    assert!(out.contains(" of one: 3 contracts\n  blocks 0 to "), "{out}");
    assert!(out.contains(", next 0 (0.0 %)") && out.contains("  failed "), "{out}");
    let (code, out, _) = told(&setup, &["spans", "requeue", "--chain", "one", "--failing"]).await;
    assert!(code == Some(0) && out.contains("spans are tried again now"), "{out}");
    let (code, out, _) = told(&setup, &["spans", "list", "--failing"]).await;
    assert_eq!((code, out.as_str()), (Some(0), "no span fails"));
    let (_, out, _) = told(&setup, &["spans", "list", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&list["spans"][0]["failures"], &list["spans"][0]["contracts"]),
        (&0.into(), &3.into())
    );
    for (arguments, code, words) in [
        (&["spans", "list", "--chain", "two"][..], Some(2), "--chain two: the database has one"),
        (&["spans", "requeue", "--chain", "two"], Some(2), "the database has one"),
        (&["spans", "requeue", "--chain", "one", "--id", "999"], Some(1), "herald spans list"),
        (&["spans", "requeue"], Some(2), "--chain"),
    ] {
        let (found, out, log) = told(&setup, arguments).await;
        assert!(found == code && log.contains(words) && out.is_empty(), "{arguments:?}: {log}");
    }
}
