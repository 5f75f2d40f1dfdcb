//! What the daemon does not start on: a wrong configuration, an address that is taken, and in
//! `database` a database that cannot be used.

mod database;
mod old_server;

use tokio::net::TcpListener;

use crate::daemon::process::Program;
use crate::daemon::setup::Setup;
use crate::support::database::fresh;

#[tokio::test]
async fn every_fault_of_a_configuration_is_told_at_once_with_its_place() {
    let mut setup = Setup::with("embedded = 'perhaps'\n");
    setup.replace("listen = '127.0.0.1:0'", "listen = 'everywhere'\nlissten = 1");
    setup.chain("one", 1, &["'ftp://node.example'"], "finality = 'soon'\n");
    setup.chain("Two", 2, &["'http://127.0.0.1:1'"], "");
    for command in [&["run"][..], &["dev"], &["migrate"], &["status"], &["check", "--offline"]] {
        let ended = Program::start(&setup, command).ended().await;
        assert_eq!((ended.code(), ended.out.as_str()), (Some(2), ""), "{command:?} {}", ended.log);
        for path in [
            "http.listen: ",
            "http.lissten: unknown key",
            "database.embedded: ",
            "chains.one.endpoints[0]",
            "chains.one.finality: ",
            "chains.Two",
        ] {
            let line = ended.log.lines().find(|line| line.starts_with(path));
            let line = line.unwrap_or_else(|| panic!("{path} is not in\n{}", ended.log));
            assert!(line.contains("herald.toml:"), "{line}");
        }
    }
    assert_eq!(setup.folder.inhabitants(), []);
}

#[tokio::test]
async fn without_a_database_every_command_names_both_ways_to_have_one() {
    let setup = Setup::with("");
    let keys = ["keys", "create", "--account", "a", "--name", "b", "--scopes", "read"];
    for command in [&["run"][..], &["migrate"], &["status"], &["check"], &keys] {
        let ended = Program::start(&setup, command).ended().await;
        assert_eq!((ended.code(), ended.out.as_str()), (Some(2), ""), "{command:?} {}", ended.log);
        for way in ["database.url", "database.embedded = true"] {
            assert!(ended.log.contains(way), "{command:?}: {}", ended.log);
        }
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_the_private_postgres_ends_again() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let database = fresh().await;
    for mut setup in [Setup::on(&database), Setup::embedded()] {
        setup.replace("listen = '127.0.0.1:0'", &format!("listen = '{address}'"));
        let ended = Program::run(&setup).ended().await;
        assert_eq!(ended.code(), Some(1), "{}", ended.log);
        let last = ended.log.lines().last().unwrap_or_default();
        assert!(last.starts_with("error: http.listen: "), "{last}");
        assert!(last.contains(&address), "{last}");
        assert_eq!(setup.folder.inhabitants(), [], "a process was left");
    }
}
