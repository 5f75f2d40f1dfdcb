//! The connections of a daemon: each says whose it is, and there are no more than it may open.

use std::collections::BTreeMap;

use super::process::Program;
use super::setup::Setup;
use super::site::Site;
use crate::support::database::{TestDatabase, fresh};

/// How many connections there are by the name of their pool, of those that this replica has opened.
async fn pools(database: &TestDatabase, replica: &str) -> BTreeMap<String, i64> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select split_part(application_name, '/', 2), count(*) from pg_stat_activity
         where datname = current_database() and application_name = 'herald/'
             || split_part(application_name, '/', 2) || '/' || $1 group by 1",
    )
    .bind(replica)
    .fetch_all(&database.pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn the_fewest_connections_are_enough_and_each_says_whose_it_is() {
    let database = fresh().await;
    let mut site = Site::new("one", 1_001, 30).await;
    let mut setup = Setup::on(&database);
    setup.replace("[database]\n", "[database]\nconnections_max = 6\n");
    site.configure(&mut setup);
    let (daemon, client) = Program::answering(&setup).await;
    let replica = daemon.owner().await;
    site.followed(&daemon, &client).await;
    site.world.mine(3);
    site.followed(&daemon, &client).await;
    let pools = pools(&database, &replica).await;
    for (pool, most) in [("live", 2), ("work", 2), ("reads", 1), ("presence", 1)] {
        let open = pools.get(pool).copied().unwrap_or(0);
        assert!((1..=most).contains(&open), "{pool}: {pools:?}");
    }
    assert_eq!(pools.len(), 4, "{pools:?}");
    let share = "a replica opens at most 6 connections, the server leaves 97 of its 100";
    let check = Program::start(&setup, &["check"]).ended().await;
    assert!(check.out.contains(&format!("database: {share}\n")), "{}", check.out);
    let log = daemon.stop().await.log;
    assert_eq!(log.lines().filter(|line| line.contains(share)).count(), 1, "{log}");
    site.assert_equal(&database.pool, "with six connections").await;
}

#[tokio::test]
async fn a_server_on_which_two_replicas_do_not_fit_is_warned_of() {
    let database = fresh().await;
    let mut setup = Setup::on(&database);
    setup.replace("[database]\n", "[database]\nconnections_max = 49\n");
    let check = Program::start(&setup, &["check"]).ended().await;
    assert!(check.out.contains("two replicas do not fit"), "{}", check.out);
    let (daemon, _) = Program::answering(&setup).await;
    let (_, line) = daemon.says("two replicas do not fit").await;
    assert!(line.contains("\"level\":\"WARN\""), "{line}");
    daemon.stop().await;
}
