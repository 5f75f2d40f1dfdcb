//! Databases that cannot be used, or not by this release: said plainly, and nothing is changed.

use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use super::old_server;
use crate::daemon::process::Program;
use crate::daemon::setup::Setup;
use crate::support::database::{TestDatabase, fresh};

/// The commands that need a database.
const COMMANDS: [&[&str]; 4] = [
    &["run"],
    &["migrate"],
    &["status"],
    &["keys", "create", "--account", "a", "--name", "b", "--scopes", "read"],
];

/// Every command fails on a database of this URL with these words, and shows no password.
async fn refused(url: &str, words: &[&str]) {
    let setup = Setup::with(&format!("url = '{url}'\n"));
    for command in COMMANDS {
        let ended = Program::start(&setup, command).ended().await;
        assert_eq!(ended.code(), Some(1), "{command:?}: {}", ended.log);
        assert_eq!(ended.out, "", "{command:?}");
        let complaint = ended.log.lines().find(|line| line.starts_with("error: "));
        let complaint = complaint.unwrap_or_else(|| panic!("{command:?}: {}", ended.log));
        for word in words {
            assert!(complaint.contains(word), "{command:?}: {word} is not in {complaint}");
        }
        assert!(!ended.log.contains("hunter2"), "{}", ended.log);
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named_and_nothing_is_changed() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nothing = "nothing was changed";
    refused(
        &format!("postgres://herald:hunter2@{free}/herald?sslmode=disable"),
        &[&free.to_string(), nothing],
    )
    .await;
    refused("postgres://herald:hunter2@localhost/herald?host=/absent", &["/absent", nothing]).await;

    let database = fresh().await;
    let url = database.url.expose_secret();
    let password = url.split(['@']).next().and_then(|start| start.rsplit(':').next()).unwrap();
    refused(&url.replace(password, "hunter2"), &["password authentication failed", nothing]).await;
    let name = url::Url::parse(url).unwrap().path().to_owned();
    refused(&url.replace(&name, "/absent"), &["\"absent\" does not exist", nothing]).await;
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused_with_its_version() {
    let address = old_server::serve("13.22", 130_022).await;
    let url = format!("postgres://herald:hunter2@{address}/herald?sslmode=disable");
    refused(&url, &["13.22", "needs 14 or newer", "nothing was changed"]).await;
}

/// How many rows each table of the database has, and the columns of all of them.
async fn contents(database: &TestDatabase) -> (Vec<(String, i64)>, String) {
    let tables: Vec<(String, i64)> = sqlx::query_as(
        "select t.table_schema || '.' || t.table_name, (xpath('/row/n/text()', query_to_xml(
             format('select count(*) as n from %I.%I', t.table_schema, t.table_name),
             false, true, '')))[1]::text::int8
         from information_schema.tables t
         where t.table_schema in ('chain', 'platform', 'public') order by 1",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let shape = sqlx::query_scalar(
        "select string_agg(c.table_name || '.' || c.column_name || ' ' || c.data_type, ', '
             order by c.table_schema, c.table_name, c.column_name)
         from information_schema.columns c where c.table_schema in ('chain', 'platform')",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    (tables, shape)
}

async fn migrated(database: &TestDatabase, compatible_from: &str) {
    sqlx::query("insert into platform.migrations (version, compatible_from) values (999, $1)")
        .bind(compatible_from)
        .execute(&database.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_schema_of_a_newer_release_is_refused_and_left_as_it_is() {
    let database = fresh().await;
    migrated(&database, "99.0.0").await;
    let before = contents(&database).await;
    refused(database.url.expose_secret(), &["needs herald 99.0.0", "nothing was changed"]).await;
    assert_eq!(contents(&database).await, before);
}

#[tokio::test]
async fn a_newer_schema_that_this_release_can_run_on_is_run_on() {
    let database = fresh().await;
    migrated(&database, env!("CARGO_PKG_VERSION")).await;
    let setup = Setup::on(&database);
    let (daemon, client) = Program::answering(&setup).await;
    assert_eq!(client.get("/health/ready").await.status, 200);
    daemon.stop().await;
}

async fn emptied() -> TestDatabase {
    let database = fresh().await;
    for statement in [
        "drop schema herald_v1 cascade",
        "drop schema chain cascade",
        "drop schema platform cascade",
        "drop table _sqlx_migrations",
    ] {
        sqlx::query(statement).execute(&database.pool).await.unwrap();
    }
    database
}

#[tokio::test]
async fn migrating_twice_changes_nothing_the_second_time() {
    let database = emptied().await;
    let setup = Setup::on(&database);
    let status = Program::start(&setup, &["status"]).ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(status.log.contains("herald migrate"), "{}", status.log);

    let first = Program::start(&setup, &["migrate"]).ended().await;
    assert_eq!(first.code(), Some(0), "{}", first.log);
    assert!(first.out.starts_with("schema: migrated from 0 to "), "{}", first.out);
    let contents_once = contents(&database).await;
    let second = Program::start(&setup, &["migrate"]).ended().await;
    assert_eq!((second.code(), second.out.as_str()), (Some(0), "schema: current"));
    assert_eq!(contents(&database).await, contents_once);
}

#[tokio::test]
async fn several_that_migrate_an_empty_database_at_once_all_succeed() {
    let database = emptied().await;
    let setup = Setup::on(&database);
    let migrate = || Program::start(&setup, &["migrate"]).ended();
    let daemons = [Program::run(&setup), Program::run(&setup)];
    let (one, two, three) = tokio::join!(migrate(), migrate(), migrate());
    for ended in [one, two, three] {
        assert_eq!(ended.code(), Some(0), "{}", ended.log);
        assert!(ended.out.starts_with("schema: "), "{}", ended.out);
    }
    for daemon in daemons {
        let client = daemon.client().await;
        assert_eq!(client.get("/health/ready").await.status, 200);
        daemon.stop().await;
    }
}
