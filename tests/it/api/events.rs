//! The feed: in order, without gaps, to the byte.

use serde_json::Value;

use super::{World, code, column, get, ok, world};
use crate::support::seed::block_hash;

/// Five events on the first chain, two on the second.
async fn told() -> World {
    let world = world().await;
    for (kind, block) in [
        ("token.minted", 10),
        ("token.minted", 11),
        ("token.transferred", 20),
        ("token.burned", 25),
        ("chain.finalized", 28),
    ] {
        world.one.event(kind, Some((block, block_hash(1, block))), "{}").await;
    }
    world.two.event("contract.ready", None, "{}").await;
    world.two.event("token.minted", Some((3, block_hash(1, 3))), "{}").await;
    world
}

fn places(list: &Value) -> Vec<String> {
    let chains = column(list, "chain");
    let place = |(chain, seq): (String, String)| format!("{chain} {seq}");
    chains.into_iter().zip(column(list, "seq")).map(place).collect()
}

async fn poll(world: &World, filters: &str, after: &mut String) -> Value {
    let list = ok(&world.router, &format!("/v1/events?{filters}{after}")).await;
    *after = format!("&after={}", list["page"]["next"].as_str().expect("always a position"));
    list
}

#[tokio::test]
async fn streams_take_turns_and_each_keeps_its_order() {
    let world = told().await;
    let mut after = String::new();
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(places(&poll(&world, "limit=3", &mut after).await));
    }
    assert_eq!(
        told,
        [
            "eip155:1 1",
            "eip155:137 1",
            "eip155:1 2",
            "eip155:1 3",
            "eip155:137 2",
            "eip155:1 4",
            "eip155:1 5",
        ]
    );
    let empty = poll(&world, "limit=3", &mut after).await;
    assert!(places(&empty).is_empty());
    world.two.event("token.burned", Some((4, block_hash(1, 4))), "{}").await;
    assert_eq!(places(&poll(&world, "limit=3", &mut after).await), ["eip155:137 3"]);
}

#[tokio::test]
async fn filters_pass_over_events_without_losing_the_place() {
    let world = told().await;
    let mut after = String::new();
    let minted = poll(&world, "chain=1&types=token.minted,token.burned", &mut after).await;
    assert_eq!(places(&minted), ["eip155:1 1", "eip155:1 2", "eip155:1 4"]);
    let none = poll(&world, "chain=1&types=token.minted,token.burned", &mut after).await;
    assert!(places(&none).is_empty());
    world.one.event("chain.finalized", Some((30, block_hash(1, 30))), "{}").await;
    world.one.event("token.minted", Some((31, block_hash(1, 31))), "{}").await;
    let next = poll(&world, "chain=1&types=token.minted,token.burned", &mut after).await;
    assert_eq!(places(&next), ["eip155:1 7"]);
    assert_eq!(code(&world.router, "/v1/events?types=token.eaten").await, "invalid_request");
}

#[tokio::test]
async fn an_event_is_answered_to_the_byte_by_list_and_by_id() {
    let world = world().await;
    let data = r#"{"z": 1,   "a":[1e2, "é"], "big": 123456789012345678901234567890}"#;
    let id = world.one.event("token.minted", Some((10, block_hash(1, 10))), data).await;
    let id = herald::types::EventId(id).to_string();
    for uri in ["/v1/events".to_owned(), format!("/v1/events/{id}")] {
        let answer = get(&world.router, &uri).await;
        assert!(answer.text.contains(&format!(r#""data":{data}"#)), "{uri}: {}", answer.text);
    }
    let event = ok(&world.router, &format!("/v1/events/{id}")).await;
    assert_eq!(event["id"], id);
    assert_eq!((&event["stream"], &event["seq"]), (&"chain:eip155:1".into(), &1.into()));
    assert_eq!(event["block"]["hash"], block_hash(1, 10).to_string());
    assert_eq!(event["block"]["time"], "2026-01-01T00:00:00Z");
    assert_eq!(event["finality"], "finalized");
    assert_eq!(event["type"], "token.minted");
    let unknown = format!("/v1/events/evt_{}", "0".repeat(32));
    assert_eq!(code(&world.router, &unknown).await, "event_unknown");
}

#[tokio::test]
async fn an_event_whose_block_was_taken_back_has_no_finality() {
    let world = world().await;
    world.one.event("token.minted", Some((10, block_hash(7, 10))), "{}").await;
    world.one.event("token.minted", Some((35, block_hash(1, 35))), "{}").await;
    world.one.event("contract.added", None, "{}").await;
    let list = ok(&world.router, "/v1/events").await;
    assert_eq!(column(&list, "finality"), ["null", "latest", "null"]);
    assert!(list["data"][2]["block"].is_null());
}
