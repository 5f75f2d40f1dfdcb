//! The guides: each command runs as it stands, one after the other, and says what the guide shows.

use std::path::Path;
use std::process::Output;

use tokio::process::Command;

use super::api::{served, world};
use super::documents::{blocks, document};
use crate::support::folder::Folder;
use crate::support::openzeppelin;

/// Where the guides' daemon listens, which a test must not.
const ADDRESS: &str = "http://127.0.0.1:8080";

/// Runs the commands of a guide in one shell, and answers what they say.
async fn run(folder: &Path, commands: &str) -> String {
    std::fs::write(folder.join(".curlrc"), "fail\nshow-error\nnoproxy = \"*\"\n").unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_herald")).parent().expect("it has a folder");
    let path = format!("PATH='{}':\"$PATH\"\n", program.display());
    let output = Command::new("sh")
        .args(["-euc", &format!("{path}{commands}")])
        .current_dir(folder)
        .env("CURL_HOME", folder)
        .env("NODE_PATH", openzeppelin::modules())
        .output();
    let Output { status, stdout, stderr } = output.await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{commands}: {status}: {said}");
    said
}

#[tokio::test]
async fn a_holder_snapshot_is_made_and_checked_as_the_guide_says() {
    let (world, folder) = (world().await, Folder::new());
    let url = served(world.router()).await;
    let found = blocks(&document("docs/guides/holder-snapshot.md"));
    let of = |kind: &'static str| {
        found.iter().filter(move |block| block.kind == kind).map(|block| block.text.clone())
    };
    let script = of("js").next().expect("the guide shows a script");
    std::fs::write(folder.path().join("proofs.js"), script).unwrap();
    let commands: Vec<String> = of("sh").collect();
    assert_eq!(commands.len(), 5, "each command is looked at below");
    let said = run(folder.path(), &commands.join("\n").replace(ADDRESS, &url)).await;
    assert!(said.contains("\"status\":\"ready\""), "{said}");

    let holders = std::fs::read_to_string(folder.path().join("holders.csv")).unwrap();
    assert_eq!(holders.trim_end(), of("csv").next().expect("the guide shows the list"));
    let transfers = std::fs::read_to_string(folder.path().join("transfers.csv")).unwrap();
    assert_eq!(transfers.lines().count(), 3, "{transfers}");

    let (_, rest) = said.split_once("\"root\":\"").expect("the API answers a root");
    let root = rest.split('"').next().unwrap_or_default();
    let same = said.matches(&format!("root {root}\n")).count();
    let of_tree = said.matches(&format!("Merkle root {root} of 2 leaves")).count();
    assert_eq!((same, of_tree), (1, 1), "{said}");
}
