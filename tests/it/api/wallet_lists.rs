//! Ownership checks, lists of several wallets, over random histories of balances and
//! ranges, at random blocks and times, against the replay of each token by itself.

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};
use axum::http::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::batch::{ITEMS_MAX, ask, told};
use super::every_standard::{Site, site};
use super::history::{Fact, History, LAST};
use super::{APES, NOBODY, ok, world};
use crate::support::seed::person;

pub(super) fn units(fact: &Fact) -> I512 {
    fact.balance.unwrap_or(I512::ONE)
}

/// What the wallet holds of a token, or of all, at a block.
fn held(history: &History, owner: Address, token: Option<U256>, block: i64) -> I512 {
    let own = history.at(Some(block)).iter().filter(|(key, _)| key.1 == owner);
    let own = own.filter(|(key, _)| token.is_none_or(|token| key.0 == token));
    own.map(|(_, fact)| units(fact)).filter(|units| units.is_positive()).sum()
}

/// A block or a time in words, and the block that is meant.
pub(super) fn moment(random: &mut StdRng) -> (&'static str, Value, i64) {
    let block = random.random_range(0..=LAST);
    let seconds = block * 12 + if block == LAST { 0 } else { random.random_range(0..12) };
    match random.random_range(0..3) {
        0 => ("at_block", Value::Null, LAST),
        1 => ("at_block", json!(block), block),
        _ => {
            let time = format!("2026-01-01T00:{:02}:{:02}Z", seconds / 60, seconds % 60);
            ("at_time", json!(time), block)
        }
    }
}

#[tokio::test]
async fn checks_answer_what_the_replay_holds_each_at_its_own_moment() {
    for seed in 1..=3 {
        let site = site(seed).await;
        let mut random = StdRng::seed_from_u64(seed);
        let (mut checks, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..ITEMS_MAX {
            let (address, history) = &site.contracts[random.random_range(0..site.contracts.len())];
            let owner = person(random.random_range(1..=6));
            let first = history.moves[0].first;
            let near = history.moves[random.random_range(0..history.moves.len())].first.max(first);
            let token = random.random_bool(0.7).then_some(near);
            let (name, value, block) = moment(&mut random);
            checks.push(json!({"wallet": owner, "chain": "ethereum", "contract": address,
                "token_id": token.map(|token| token.to_string()), name: value}));
            let units = held(history, owner, token, block);
            let held = if units.is_zero() { "no" } else { "yes" };
            expected.push(json!([held, units.to_string(), block]));
        }
        let answer = told(&site.router, "/v1/ownership/checks", &json!({"checks": checks})).await;
        let rows = answer["data"].as_array().unwrap().iter().zip(&checks);
        for ((row, check), expected) in rows.zip(&expected) {
            let found = json!([row["held"], row["balance"], row["block"]["number"]]);
            assert_eq!(&found, expected, "{check} is {row}");
        }
        assert!(expected.iter().filter(|row| row[0] == "yes").count() > 50, "{seed}");
    }
}

#[tokio::test]
async fn a_batch_tells_every_token_as_it_is_told_alone() {
    let site = site(5).await;
    let mut random = StdRng::seed_from_u64(5);
    for _ in 0..4 {
        let (name, value, _) = moment(&mut random);
        let mut tokens = Vec::new();
        for (address, history) in &site.contracts {
            let near = |n: u64| history.moves[7].first.wrapping_add(U256::from(n));
            tokens.extend((0..12).map(|n| (*address, near(n))));
        }
        let asked: Vec<_> = tokens
            .iter()
            .map(|(address, token)| json!({"chain": 1, "contract": address, "token_id": token.to_string()}))
            .collect();
        let answer =
            told(&site.router, "/v1/tokens/batch", &json!({"tokens": asked, name: value})).await;
        let query = value.as_str().map_or(value.to_string(), str::to_owned);
        let query = if value.is_null() { String::new() } else { format!("?{name}={query}") };
        for ((address, token), row) in tokens.iter().zip(answer["data"].as_array().unwrap()) {
            let uri = format!("/v1/tokens/1/{address}/{token}{query}");
            let alone = super::get(&site.router, &uri).await;
            if alone.status != StatusCode::OK {
                assert_eq!(row["error"]["code"], alone.code(), "{uri}");
                assert_eq!(row["error"]["detail"], alone.json()["detail"], "{uri}");
                continue;
            }
            let mut alone = alone.json();
            assert_eq!(alone.as_object_mut().unwrap().remove("meta").unwrap(), answer["meta"]);
            assert_eq!(row, &alone, "{uri}");
        }
    }
}

/// All rows of the list of a body, page after page.
async fn all_pages(site: &Site, body: &Value, limit: u32) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = String::new();
    loop {
        let uri = format!("/v1/wallets/tokens?limit={limit}{next}");
        let page = told(&site.router, &uri, body).await;
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        assert!(rows.len() < 10_000, "the list has no end");
        let Some(cursor) = page["page"]["next"].as_str() else { return rows };
        next = format!("&cursor={cursor}");
    }
}

#[tokio::test]
async fn several_wallets_hold_what_each_holds_by_itself() {
    let site = site(6).await;
    let mut random = StdRng::seed_from_u64(6);
    let people = [4, 1, 6, 0x99, 2].map(person);
    for round in 0..6 {
        let (name, value, _) = moment(&mut random);
        let contract = (round % 3 == 1).then(|| site.contracts[round % 4].0);
        let standard = (round % 3 == 2).then_some("erc721");
        let body = json!({"wallets": people, "chain": 1, name: value, "contract": contract,
            "standard": standard});
        let mut query = vec!["chain=1".to_owned()];
        query.extend(value.as_str().map(|time| format!("{name}={time}")));
        query.extend(value.as_i64().map(|block| format!("{name}={block}")));
        query.extend(contract.map(|contract| format!("contract={contract}")));
        query.extend(standard.map(|standard| format!("standard={standard}")));
        let mut expected = Vec::new();
        for wallet in people {
            let uri = format!("/v1/wallets/{wallet}/tokens?limit=1000&{}", query.join("&"));
            let rows = ok(&site.router, &uri).await["data"].take();
            expected.extend(rows.as_array().unwrap().iter().cloned().map(|mut row| {
                row["wallet"] = json!(wallet.to_checksum(None));
                row
            }));
        }
        for limit in [3, 50, 1000] {
            assert_eq!(all_pages(&site, &body, limit).await, expected, "{body} by {limit}");
        }
        assert!(round != 0 || expected.len() > 10);
    }
}

#[tokio::test]
async fn a_cursor_of_several_wallets_is_bound_to_the_body_and_holds_while_blocks_arrive() {
    let world = world().await;
    let body = json!({"wallets": [person(3), person(1), person(2)]});
    for number in 10..16_u8 {
        world
            .apes
            .transfer((31, i32::from(number)), U256::from(number), NOBODY, person(1 + number % 2))
            .await;
    }
    let whole = told(&world.router, "/v1/wallets/tokens", &body).await["data"].take();
    let mut rows = Vec::new();
    let mut uri = "/v1/wallets/tokens?limit=2".to_owned();
    for block in 41.. {
        let page = told(&world.router, &uri, &body).await;
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["page"]["next"].as_str() else { break };
        uri = format!("/v1/wallets/tokens?limit=2&cursor={cursor}");
        let spelled = body.to_string().to_lowercase();
        assert_eq!(
            ask(&world.router, &uri, spelled).await.json(),
            told(&world.router, &uri, &body).await
        );
        for other in [
            json!({"wallets": [person(1), person(3), person(2)]}),
            json!({"wallets": [person(3), person(1)]}),
            json!({"wallets": body["wallets"], "standard": "erc721"}),
            json!({"wallets": body["wallets"], "chain": 1}),
        ] {
            assert_eq!(ask(&world.router, &uri, other.to_string()).await.code(), "cursor_mismatch");
        }
        // One more before and behind every page, and one moves away.
        world.apes.transfer((block, 0), U256::from(block + 1_000), NOBODY, person(2)).await;
        world.apes.transfer((block, 1), U256::from(1_000 - block), NOBODY, person(3)).await;
        world.apes.transfer((block, 2), U256::from(block - 31), person(1), person(9)).await;
        world.one.commit(1, block).await;
    }
    assert_eq!(Value::Array(rows), whole);
    assert_ne!(
        told(&world.router, "/v1/wallets/tokens", &body).await["data"],
        whole,
        "nothing was stirred"
    );
    world.one.rewind(1, 38).await;
    assert_eq!(ask(&world.router, &uri, body.to_string()).await.code(), "snapshot_gone");
    let other = format!("/v1/contracts/1/{APES}/tokens?{}", uri.split_once('?').unwrap().1);
    assert_eq!(super::code(&world.router, &other).await, "cursor_mismatch");
}
