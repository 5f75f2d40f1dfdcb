//! How the daemon ends when it is asked to: within ten seconds whatever it is doing, with nothing
//! left behind, and the next start goes on.

use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Signal;
use sqlx::Connection as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::client::Client;
use super::process::Program;
use super::setup::{FAST, Setup, named, url};
use super::site::Site;
use crate::support::database::fresh;
use crate::support::sim::tracked;

/// The promise: a daemon that is asked to stop has ended after this time.
const PROMISE: Duration = Duration::from_secs(10);

/// Blocks of a past that takes the daemon far longer to load than this test takes.
const LONG: u64 = 600;

/// Requests that are being answered while the daemon is asked to stop.
const READERS: usize = 8;

/// What the daemon says after each step of a load.
const LOADED: &str = "loaded blocks";

/// Clients that make the end harder: one that never ends its request, one that never reads its
/// answer, one that holds a connection that it does not use.
async fn nuisances(client: &Client) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for said in [
        "GET /v1/chains HTTP/1.1\r\nhost: herald\r\n",
        "GET /v1/transfers?limit=1000 HTTP/1.1\r\nhost: herald\r\n\r\n",
        "",
    ] {
        let mut stream = TcpStream::connect(client.address()).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        open.push(stream);
    }
    open
}

/// Asks on and on until the daemon no longer answers.
async fn reads(client: Client, path: &'static str) {
    while client.try_get(path).await.is_some() {}
}

#[tokio::test]
async fn a_daemon_that_loads_and_answers_ends_in_time_leaves_nothing_and_goes_on() {
    let mut site = Site::new("long", 1_001, LONG).await;
    let mut setup = Setup::embedded();
    setup.chain(
        site.name,
        site.id,
        &[&named("node", &site.http())],
        &format!("{FAST}range_max = 1\n"),
    );
    setup.contracts(site.name, &tracked(), 0);
    for steps in [5, 20] {
        let (daemon, client) = Program::answering(&setup).await;
        let mut next = 0;
        for _ in 0..steps {
            next = daemon.says_from(next, LOADED).await.0 + 1;
        }
        let open = nuisances(&client).await;
        let paths = ["/v1/transfers?limit=1000", "/v1/events?limit=1000", "/v1/chains", "/metrics"];
        let readers = (0..READERS).map(|at| reads(client.clone(), paths[at % paths.len()]));
        let (ended, _) = tokio::join!(daemon.stops_within(PROMISE), join_all(readers));
        assert_eq!(ended.code(), Some(0), "{}", ended.log);
        assert!(ended.log.contains("herald has stopped"), "{}", ended.log);
        assert_eq!(setup.folder.inhabitants(), [], "a process was left");
        drop(open);
        site.world.mine(3);
    }
    setup.replace("range_max = 1\n", "range_max = 500\n");
    let (daemon, client) = Program::answering(&setup).await;
    site.followed(&daemon, &client).await;
    let counts = site.world.replay(0).counts(tracked()[0]);
    let shown = client.found(&format!("/v1/contracts/long/{}", tracked()[0])).await;
    let found = ["supply", "holders", "transfers"].map(|key| shown[key].as_u64());
    assert_eq!(found, [counts.0, counts.1, counts.2].map(|count| Some(count as u64)));
    daemon.stop().await;
    assert_eq!(setup.folder.inhabitants(), [], "a process was left");
}

#[tokio::test]
async fn a_daemon_whose_node_accepts_and_never_answers_ends_in_time() {
    let database = fresh().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let mut setup = Setup::on(&database);
    for (name, id, scheme) in [("one", 1_001, "http"), ("two", 1_002, "ws")] {
        setup.chain(name, id, &[&url(&format!("{scheme}://{address}/"))], FAST);
    }
    let (daemon, _) = Program::answering(&setup).await;
    let connections = [silent.accept().await.unwrap(), silent.accept().await.unwrap()];
    let ended = daemon.stops_within(PROMISE).await;
    assert_eq!(ended.code(), Some(0), "{}", ended.log);
    drop(connections);
}

#[tokio::test]
async fn a_daemon_that_waits_for_another_ones_migration_ends_in_time() {
    let database = fresh().await;
    let setup = Setup::on(&database);
    let mut other = database.pool.acquire().await.unwrap();
    // Of a schema that is current nobody waits for the lock.
    let empty = "drop schema herald_v1 cascade; drop schema chain cascade;
        drop schema platform cascade";
    sqlx::raw_sql(empty).execute(&mut *other).await.unwrap();
    let mut held = other.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(0x4845_5241_4C44_i64)
        .execute(&mut *held)
        .await
        .unwrap();
    let daemon = Program::run(&setup);
    let waits = async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted
             and database = (select oid from pg_database where datname = current_database())",
        )
        .fetch_one(&database.pool)
        .await
        .unwrap();
        waiting > 0
    };
    while !waits().await {}
    let ended = daemon.stops_within(PROMISE).await;
    assert_eq!(ended.code(), Some(0), "{}", ended.log);
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn a_second_daemon_on_one_private_postgres_says_where_the_first_answers() {
    let setup = Setup::embedded();
    let (first, client) = Program::answering(&setup).await;
    let second = Program::run(&setup).ended().await;
    assert_eq!(second.code(), Some(1), "{}", second.log);
    let address = format!("http://{}", client.address());
    assert!(second.log.contains(&address), "{}", second.log);
    assert_eq!(client.get("/health/ready").await.status, 200);
    first.signal(Signal::INT);
    let ended = first.ended().await;
    assert_eq!(ended.code(), Some(0), "{}", ended.log);
    assert_eq!(setup.folder.inhabitants(), [], "a process was left");
}

#[tokio::test]
async fn a_daemon_stopped_at_any_line_of_its_start_leaves_nothing() {
    let setup = Setup::embedded();
    // The cluster is made once; from then on a start is a matter of milliseconds.
    for line in [0, 0, 1, 2, 4, 7, 10] {
        let daemon = Program::run(&setup);
        let mut next = 0;
        for _ in 0..=line {
            next = daemon.says_from(next, "").await.0 + 1;
        }
        let ended = daemon.stops_within(PROMISE).await;
        assert_eq!(ended.code(), Some(0), "line {line}: {}", ended.log);
        while !setup.folder.inhabitants().is_empty() {}
    }
}
