//! `herald keys create` beside the daemon that the key is for, and what `herald status` says.

use alloy::primitives::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::process::Program;
use super::setup::Setup;
use super::site::Site;
use crate::support::database::fresh;
use crate::support::sim::tracked;

/// A new key with these scopes.
pub(super) async fn create(setup: &Setup, scopes: &str) -> String {
    let words = ["keys", "create", "--account", "shop", "--name", "backend", "--scopes", scopes];
    let ended = Program::start(setup, &words).ended().await;
    assert_eq!(ended.code(), Some(0), "{}", ended.log);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("hk_"), "{lines:?}");
    lines[0].to_owned()
}

#[tokio::test]
async fn a_key_is_printed_once_works_for_what_it_may_and_is_stored_as_a_hash() {
    let database = fresh().await;
    let site = Site::new("one", 1_001, 20).await;
    let mut setup = Setup::on(&database);
    site.configure(&mut setup);
    let (daemon, client) = Program::answering(&setup).await;
    let key = create(&setup, "contracts:write").await;
    let reader = create(&setup, "read").await;
    let contract = alloy::primitives::Address::repeat_byte(0xb0);
    let mut mistyped = key.clone();
    mistyped.pop();
    for (key, status, code) in [
        (mistyped.as_str(), 401, "key_invalid"),
        ("hunter2", 401, "key_invalid"),
        (reader.as_str(), 403, "scope_missing"),
    ] {
        let answer = client.track(key, "one", contract, 0).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (status, &Value::from(code)));
    }
    assert_eq!(client.track(&key, "one", contract, 0).await.status, 202);

    let rows: Vec<(Vec<u8>, String)> =
        sqlx::query_as("select hash, to_jsonb(k)::text from platform.api_keys k")
            .fetch_all(&database.pool)
            .await
            .unwrap();
    assert_eq!(rows.len(), 2);
    let hashes: Vec<Vec<u8>> = rows.iter().map(|(hash, _)| hash.clone()).collect();
    for key in [&key, &reader] {
        assert!(hashes.contains(&Sha256::digest(key.as_bytes()).to_vec()), "not hashed");
        let shown = hex::encode(key.as_bytes());
        let leaks = |row: &String| row.contains(key.as_str()) || row.contains(&shown);
        assert!(!rows.iter().any(|(_, row)| leaks(row)), "a key is stored");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_key_is_made_while_no_daemon_runs_and_the_private_postgres_ends_again() {
    let setup = Setup::embedded();
    let status = Program::start(&setup, &["status"]).ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(status.log.contains("herald run"), "{}", status.log);
    let migrated = Program::start(&setup, &["migrate"]).ended().await;
    assert_eq!(migrated.code(), Some(0), "{}", migrated.log);
    assert_eq!(setup.folder.inhabitants(), [], "a process was left");
    create(&setup, "admin").await;
    assert_eq!(setup.folder.inhabitants(), [], "a process was left");
}

#[tokio::test]
async fn status_says_how_every_chain_stands_in_words_and_as_json() {
    let database = fresh().await;
    let site = Site::new("one", 1_001, 30).await;
    let mut setup = Setup::on(&database);
    let before = Program::start(&setup, &["status"]).ended().await;
    assert_eq!(before.code(), Some(0), "{}", before.log);
    assert!(before.out.contains("no chain is known yet"), "{}", before.out);
    site.configure(&mut setup);
    let (daemon, client) = Program::answering(&setup).await;
    site.followed(&daemon, &client).await;

    let words = Program::start(&setup, &["status"]).ended().await;
    assert_eq!(words.code(), Some(0), "{}", words.log);
    assert!(words.out.starts_with("one (eip155:1001): live since "), "{}", words.out);
    let contracts = format!("block 30 of 30, final 14; {} contracts, 0 not ready", tracked().len());
    assert!(words.out.contains(&contracts), "{}", words.out);
    let json = Program::start(&setup, &["status", "--json"]).ended().await;
    assert_eq!(json.code(), Some(0), "{}", json.log);
    let told: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(told["chains"][0]["caip2"], "eip155:1001");
    assert_eq!(told["chains"][0]["checkpoint"], 30);
    daemon.stop().await;
}
