//! The feed as a subscriber reads it over HTTP: from its beginning, page by page.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};
use serde_json::Value;

use super::client::Client;
use crate::support::feed::fold;
use crate::support::replay::Key;
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
    let told: Vec<_> = events[ready + 1..]
        .iter()
        .filter(|event| event["data"]["contract"] == shown.as_str())
        .filter_map(|event| {
            let kind = event["type"].as_str().expect("an event has a type").to_owned();
            let row = tables::Row { seq: 0, id: [0; 16], kind, data: event["data"].clone() };
            tables::told(&row)
        })
        .collect();
    let start = start.into_iter().map(|(token, owner)| ((contract, token), owner));
    let folded = fold(start.collect::<BTreeMap<Key, Address>>(), &told);
    folded.owners.into_iter().map(|((_, token), owner)| (token, owner)).collect()
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
