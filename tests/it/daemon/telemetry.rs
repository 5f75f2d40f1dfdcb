//! What the daemon says of itself: log lines, metrics, and never a secret in either.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use herald::telemetry::catalogue::catalogue;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::client::Client;
use super::keys;
use super::process::Program;
use super::setup::{FAST, Setup, TALKATIVE, named};
use super::site::Site;
use crate::support::database::fresh;
use crate::support::sim::tracked;

#[tokio::test]
async fn a_line_of_the_log_is_a_json_object_with_the_fields_beside_the_message() {
    let database = fresh().await;
    let mut site = Site::new("one", 1_001, 30).await;
    let mut setup = Setup::on(&database);
    setup.replace(TALKATIVE, "info,herald::index::advance=debug");
    site.configure(&mut setup);
    let (daemon, client) = Program::answering(&setup).await;
    daemon.says("committed up to block 30").await;
    site.world.reorg(2, 3);
    let (_, rewound) = daemon.says("blocks back to block").await;
    client.get("/v1/chains").await;
    let log = daemon.stop().await.log;
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        for field in ["timestamp", "level", "message", "target"] {
            assert!(line[field].is_string(), "{field} is not in {line}");
        }
    }
    let rewound: Value = serde_json::from_str(&rewound).unwrap();
    assert_eq!(rewound["chain.id"], "eip155:1001");
    assert_eq!((&rewound["block.number"], &rewound["depth"]), (&28.into(), &2.into()));
    let quiet = log.lines().count();
    assert!(quiet < 20, "{quiet} lines about nothing:\n{log}");
}

/// Every route, asked as a user would.
async fn everything(client: &Client, key: &str) -> String {
    let contract = tracked()[0];
    let mut said = String::from("\n");
    for path in [
        "/v1/chains".into(),
        "/v1/chains/one".into(),
        "/v1/chains/one/reorgs".into(),
        "/v1/contracts".into(),
        format!("/v1/contracts/one/{contract}"),
        format!("/v1/contracts/one/{contract}/owners"),
        format!("/v1/contracts/one/{contract}/snapshot"),
        "/v1/transfers".into(),
        "/v1/events".into(),
        "/v1/absent".into(),
        "/v1/chains?cursor=x".into(),
        "/health/ready".into(),
        "/version".into(),
        "/metrics".to_owned(),
    ] {
        said += &(client.get(&path).await.text + "\n");
    }
    for key in [key, "hk_0123456789_hunter2hunter2"] {
        said += &(client.track(key, "one", Address::repeat_byte(0xb1), 0).await.text + "\n");
    }
    said
}

#[tokio::test]
async fn no_secret_is_in_a_log_line_an_answer_or_a_metric_whatever_fails() {
    let database = fresh().await;
    let (mut http, mut ws) = (Site::new("one", 1_001, 30).await, Site::new("two", 1_002, 30).await);
    let secret = |kind: &str| format!("v2/PathSecret{kind}0123?apikey=QuerySecret{kind}4567");
    let mut setup = Setup::on(&database);
    // Everything that any library of the daemon has to say.
    setup.replace(TALKATIVE, "trace");
    let endpoint = format!("http://NameSecret:PassSecret@{}/{}", http.address, secret("Http"));
    setup.chain("one", 1_001, &[&named("node", &endpoint)], FAST);
    setup.contracts("one", &tracked(), 0);
    let endpoint = format!("ws://NameSecret:PassSecret@{}/{}", ws.address, secret("Ws"));
    setup.chain("two", 1_002, &[&named("node", &endpoint)], FAST);
    let endpoint = "https://node.HostSecret.invalid/v2/PathSecretDown0123";
    setup.chain("three", 1_003, &[&named("node", endpoint)], FAST);
    let endpoint = "wss://node.HostSecret.invalid/v2/PathSecretDown0123";
    setup.chain("four", 1_004, &[&named("node", endpoint)], FAST);
    let (daemon, client) = Program::answering(&setup).await;
    let key = keys::create(&setup, "contracts:write").await;
    http.followed(&daemon, &client).await;
    ws.followed(&daemon, &client).await;
    let mut said = everything(&client, &key).await;
    http.down();
    ws.down();
    for (site, chain) in [(&mut http, "one"), (&mut ws, "two")] {
        site.world.mine(1);
        let failing = async || {
            let standing = client.chain(chain).await;
            (standing["endpoints"][0]["status"] == "failing").then_some(())
        };
        daemon.until("a failing endpoint", failing).await;
    }
    said += &everything(&client, &key).await;
    for ended in [Program::start(&setup, &["status"]).ended().await, daemon.stop().await] {
        said += &[ended.log, ended.out].join("\n");
    }

    let url = database.url.expose_secret();
    let password = url::Url::parse(url).unwrap().password().unwrap().to_owned();
    for (old, new) in
        [(password.as_str(), "WrongPassword"), ("sslmode=", "sslpassword=QuerySecret&sslmode=")]
    {
        let mut wrong = Setup::with(&format!("url = '{}'\n", url.replace(old, new)));
        wrong.replace(TALKATIVE, "trace");
        let ended = Program::start(&wrong, &["status"]).ended().await;
        said += &[ended.log, ended.out].join("\n");
    }
    let secrets = [password.as_str(), &key, "Secret", "hunter2", "WrongPassword"];
    let leaks: BTreeSet<String> = said
        .lines()
        .filter(|line| secrets.iter().any(|secret| line.contains(secret)))
        .map(|line| line.chars().take(400).collect())
        .collect();
    assert!(leaks.is_empty(), "{} lines, such as\n{:#?}", leaks.len(), leaks.iter().take(12));
}

#[tokio::test]
async fn every_metric_that_has_cause_to_appears() {
    let database = fresh().await;
    let mut site = Site::new("one", 1_001, 40).await;
    let mut setup = Setup::on(&database);
    site.configure(&mut setup);
    let (daemon, client) = Program::answering(&setup).await;
    site.followed(&daemon, &client).await;
    site.world.reorg(2, 4);
    site.world.node().faults().failures = 1;
    site.followed(&daemon, &client).await;
    client.get("/v1/chains").await;
    let shown = daemon
        .until("the metrics of the endpoint and of the load", async || {
            let page = client.get("/metrics").await.text;
            // The newest of them: written every few seconds, after all others.
            let newest =
                ["herald_contracts{chain=\"one\",state=\"ready\"} 3", "herald_endpoint_up"];
            newest.iter().all(|sample| page.contains(sample)).then_some(page)
        })
        .await;
    // Nothing panicked here, nobody vanished, and there is no read replica.
    let without_cause = [
        "herald_worker_panics_total",
        "herald_replicas_buried_total",
        "herald_read_replica_used",
        "herald_read_replica_lag_seconds",
        "herald_reads_moved_total",
    ];
    let missing: Vec<&str> = catalogue()
        .iter()
        .map(|metric| metric.name)
        .filter(|name| !without_cause.contains(name))
        .filter(|name| !shown.contains(&format!("\n{name}")))
        .collect();
    assert!(missing.is_empty(), "{missing:?} are not in\n{shown}");
    for sample in [
        "herald_chain_halted{chain=\"one\"} 0",
        "herald_chain_lag_blocks{chain=\"one\"} 0",
        "herald_spans_pending{chain=\"one\"} 0",
        "herald_rewinds_total{chain=\"one\"} 1",
    ] {
        assert!(shown.contains(sample), "{sample} is not in\n{shown}");
    }
    daemon.stop().await;
}
