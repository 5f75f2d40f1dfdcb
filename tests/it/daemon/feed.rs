//! The feed as a subscriber reads it over HTTP: from its beginning, page by page.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256, hex};
use serde_json::Value;

use super::client::Client;
use crate::support::feed::{Picture, fold};
use crate::support::tables;

/// Events of one request.
const PAGE: usize = 1_000;

/// Every event of a chain; fails on a gap, and on an id that is told twice.
pub(super) async fn read(client: &Client, chain: &str) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let page =
            client.get(&format!("/v1/events?chain={chain}&limit={PAGE}{after}")).await.json();
        let rows = page["data"].as_array().expect("a list has data").clone();
        let is_last = rows.len() < PAGE;
        events.extend(rows);
        if is_last {
            break;
        }
        after = format!("&after={}", page["page"]["next"].as_str().expect("a feed goes on"));
    }
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], at as u64 + 1, "a gap in the stream: {event}");
    }
    let ids: BTreeSet<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
    assert_eq!(ids.len(), events.len(), "an id that is told twice");
    events
}

/// The owners that somebody ends up believing who took a snapshot of the contract at the block at
/// which it became ready, and folded every event told since.
pub(super) async fn folded(
    client: &Client,
    events: &[Value],
    chain: &str,
    contract: Address,
) -> BTreeMap<U256, Address> {
    let shown = contract.to_string();
    let ready = events.iter().position(|event| {
        event["type"] == "contract.ready" && event["data"]["contract"] == shown.as_str()
    });
    let ready = ready.unwrap_or_else(|| panic!("{contract} never became ready"));
    let block = &events[ready]["block"]["number"];
    let start = snapshot(client, chain, contract, &format!("&at_block={block}")).await;
    let rows: Vec<tables::Row> = events.iter().map(row).collect();
    let told: Vec<_> = rows[ready + 1..]
        .iter()
        .filter(|event| event.data["contract"] == shown.as_str())
        .filter_map(|event| tables::told(event, &rows))
        .collect();
    let mut known = Picture::default();
    start
        .into_iter()
        .for_each(|(token, owner)| known.set_owner((contract, token), None, Some(owner)));
    let mut owners = BTreeMap::new();
    for (((_, first), last), owner) in fold(known, &told).picture.owners() {
        let count =
            u64::try_from(last - first).expect("the sites of tests mint token by token") + 1;
        owners.extend((0..count).map(|at| (first + U256::from(at), owner)));
    }
    owners
}

/// An event of the feed as the outbox has it.
fn row(event: &Value) -> tables::Row {
    let text = |value: &Value| value.as_str().expect("an event has id and type").to_owned();
    let id = text(&event["id"]);
    let id = hex::decode_to_array(id.trim_start_matches("evt_")).expect("an id in hexadecimal");
    let seq = event["seq"].as_i64().expect("a number in the stream");
    tables::Row { seq, id, kind: text(&event["type"]), data: event["data"].clone() }
}

/// Who holds what, from the streamed snapshot.
pub(super) async fn snapshot(
    client: &Client,
    chain: &str,
    contract: Address,
    more: &str,
) -> BTreeMap<U256, Address> {
    let path = format!("/v1/contracts/{chain}/{contract}/snapshot?format=ndjson{more}");
    let answer = client.get(&path).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let holder = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line is a JSON object");
        let token = line["token_id"].as_str().expect("a token");
        let owner = line["owner"].as_str().expect("an owner");
        (token.parse().expect("a number"), owner.parse().expect("an address"))
    };
    answer.text.lines().map(holder).collect()
}
