//! `herald snapshot` and `herald export` on the database and on a daemon, against the API.

use std::path::Path;
use std::process::{Output, Stdio};

use alloy::primitives::Address;
use axum::Router;
use axum::body::Body;
use futures_util::{FutureExt, StreamExt, stream};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::yield_now;

use super::{APES, World, get, ok, world};
use crate::support::folder::Folder;
use crate::support::openzeppelin;
use crate::support::seed::person;

/// Serves the API on a free port until the test ends, and answers where.
pub(crate) async fn served(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "the server is no part of the command")]
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

/// Runs the program in `folder` on the database of `world`, or on the daemon at `url`.
async fn herald(world: &World, folder: &Path, words: &str, url: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herald"));
    command.args(words.split(' ')).current_dir(folder).env_clear().stdin(Stdio::null());
    match url {
        Some(url) => command.args(["--url", url]),
        None => command.env("HERALD_DATABASE__URL", world.db.url.expose_secret()),
    };
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn files_are_the_answers_of_the_api_from_the_database_and_from_a_daemon() {
    let (world, folder) = (world().await, Folder::new());
    let url = served(world.router.clone()).await;
    let of = format!("--chain ethereum --contract {APES}");
    let contract = format!("/v1/contracts/1/{APES}");
    for (words, uri) in [
        (format!("snapshot {of}"), format!("{contract}/snapshot")),
        (format!("snapshot {of} --at-block 15"), format!("{contract}/snapshot?at_block=15")),
        (
            format!("snapshot {of} --min-finality finalized --format ndjson"),
            format!("{contract}/snapshot?min_finality=finalized&format=ndjson"),
        ),
        (format!("export {of}"), format!("{contract}/transfers/export")),
        (
            "export --chain 1 --from-block 11 --to-block 20 --format ndjson".to_owned(),
            "/v1/transfers/export?chain=1&from_block=11&to_block=20&format=ndjson".to_owned(),
        ),
        (
            format!("export {of} --after 12.4.0"),
            format!("{contract}/transfers/export?after_position=12.4.0"),
        ),
    ] {
        let expected = get(&world.router, &uri).await.text;
        assert!(expected.lines().count() > 1, "{uri}: {expected}");
        for url in [None, Some(url.as_str())] {
            let output = herald(&world, folder.path(), &words, url).await;
            assert_eq!(text(&output.stdout), expected, "{words} {url:?} {}", text(&output.stderr));
            assert_eq!(output.status.code(), Some(0));
            let words = format!("{words} --output out.txt");
            let output = herald(&world, folder.path(), &words, url).await;
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), String::new()));
            let path = folder.path().join("out.txt");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "{words}");
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test]
async fn the_tree_of_a_snapshot_is_loaded_by_the_official_library() {
    let (world, folder) = (world().await, Folder::new());
    let url = served(world.router.clone()).await;
    for (leaves, format) in [("owners", "csv"), ("tokens", "csv"), ("tokens", "ndjson")] {
        let words = format!(
            "snapshot --chain 1 --contract {APES} --output h --format {format} --merkle tree.json --leaves {leaves}"
        );
        for url in [None, Some(url.as_str())] {
            let output = herald(&world, folder.path(), &words, url).await;
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            let tree = std::fs::read_to_string(folder.path().join("tree.json")).unwrap();
            let tree: Value = serde_json::from_str(&tree).unwrap();
            let root = openzeppelin::loaded(&tree);
            assert!(text(&output.stderr).contains(&root), "{}", text(&output.stderr));
            let uri = format!("/v1/contracts/1/{APES}/snapshot/root?merkle={leaves}");
            assert_eq!(ok(&world.router, &uri).await["root"], root);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_written_whole_is_not_written() {
    let (world, folder) = (world().await, Folder::new());
    let cut = Router::new().fallback(|| async {
        let whole = format!("token_id,owner,balance\n1,{APES},1\n2,");
        let pieces = stream::iter([Ok(whole)]);
        // The head is sent once the body is not ready.
        let end = stream::once(yield_now().map(|()| Err("taken back")));
        Body::from_stream(pieces.chain(end))
    });
    let (cut, nobody) = (served(cut).await, person(0x66));
    let snapshot = |contract: Address| {
        format!("snapshot --chain 1 --contract {contract} --output out.csv --merkle tree.json")
    };
    for (words, url, code, part) in [
        (snapshot(APES), Some(&cut), 1, "run it again"),
        (snapshot(nobody), None, 1, "(contract_not_tracked)"),
        (format!("{} --at-block 99", snapshot(APES)), None, 1, "(block_ahead)"),
        (format!("{} --at-block 6", snapshot(APES)), None, 1, "nobody holds anything"),
        ("export --chain mars --output out.csv".to_owned(), None, 2, "(chain_unknown)"),
        (snapshot(APES), Some(&"http://127.0.0.1:1".to_owned()), 1, "does not answer"),
    ] {
        let output = herald(&world, folder.path(), &words, url.map(String::as_str)).await;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words}: {said}");
        assert!(said.contains(part), "{words}: {said}");
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 0, "{words} leaves files behind");
    }
    let cut = herald(&world, folder.path(), "export --chain 1", Some(&cut)).await;
    assert_eq!((cut.status.code(), text(&cut.stdout).lines().count()), (Some(1), 2));
}
