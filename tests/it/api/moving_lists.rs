//! Pages of a list while the chain moves under it.

use alloy::primitives::U256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{APES, NOBODY, World, code, column, ok, pages, world};
use crate::support::seed::{block_hash, person};

/// Six more tokens, alternately of two people.
async fn many() -> World {
    let world = world().await;
    for number in 10..16_u8 {
        let log = i32::from(number);
        world.apes.transfer((31, log), U256::from(number), NOBODY, person(1 + number % 2)).await;
    }
    world
}

fn all(rows: &[Value], field: &str) -> Vec<String> {
    column(&json!({ "data": rows }), field)
}

/// In block 41 + count: a new token before and behind every page, one moves, one is burned.
async fn stir(world: &World, count: usize) {
    let block = 41 + i64::try_from(count).unwrap();
    let nine = person(9);
    world.apes.transfer((block, 0), U256::from(block + 1_000), NOBODY, nine).await;
    if count == 0 {
        world.apes.transfer((block, 1), U256::from(15), person(2), nine).await;
        world.apes.transfer((block, 2), U256::from(14), person(1), NOBODY).await;
        world.apes.transfer((block, 3), U256::ZERO, NOBODY, person(1)).await;
    }
    world.one.commit(1, block).await;
}

#[tokio::test]
async fn pages_show_the_block_of_the_first_page_while_blocks_arrive() {
    for (uri, field) in [
        (format!("/v1/contracts/1/{APES}/tokens"), "token_id"),
        (format!("/v1/contracts/1/{APES}/tokens"), "owner"),
        (format!("/v1/contracts/1/{APES}/owners"), "balance"),
        (format!("/v1/wallets/{}/tokens?chain=1", person(1)), "token_id"),
        (format!("/v1/wallets/{}/tokens", person(1)), "token_id"),
    ] {
        let world = many().await;
        let before = column(&ok(&world.router, &uri).await, field);
        let sign = if uri.contains('?') { '&' } else { '?' };
        let paged = format!("{uri}{sign}limit=1");
        let rows = pages(&world.router, &paged, async |count| stir(&world, count).await).await;
        assert_eq!(all(&rows, field), before, "{uri} by {field}");
        assert_ne!(column(&ok(&world.router, &uri).await, field), before, "nothing was stirred");
    }
}

#[tokio::test]
async fn a_page_of_a_block_that_was_taken_back_is_refused() {
    let world = many().await;
    let uri = format!("/v1/contracts/1/{APES}/tokens?limit=2");
    let first = ok(&world.router, &uri).await;
    let next = format!("{uri}&cursor={}", first["page"]["next"].as_str().unwrap());
    world.one.rewind(1, 38).await;
    assert_eq!(code(&world.router, &next).await, "snapshot_gone", "below the block");
    world.one.commit(2, 45).await;
    assert_eq!(code(&world.router, &next).await, "snapshot_gone", "another block at its height");
    world.one.rewind(1, 38).await;
    world.one.commit(1, 45).await;
    assert_eq!(
        column(&ok(&world.router, &next).await, "token_id"),
        ["10", "11"],
        "the block is back"
    );
}

#[tokio::test]
async fn a_cursor_answers_only_its_own_question() {
    let world = many().await;
    let uri = format!("/v1/contracts/1/{APES}/tokens");
    let first = ok(&world.router, &format!("{uri}?limit=2")).await;
    let cursor = first["page"]["next"].as_str().unwrap();
    for other in [
        format!("/v1/contracts/1/{APES}/owners?cursor={cursor}"),
        format!("{uri}?at_block=40&cursor={cursor}"),
        format!("/v1/transfers?cursor={cursor}"),
        format!("/v1/events?after={cursor}"),
    ] {
        assert_eq!(code(&world.router, &other).await, "cursor_mismatch", "{other}");
    }
    let larger = ok(&world.router, &format!("{uri}?limit=1000&cursor={cursor}")).await;
    assert_eq!(column(&larger, "token_id"), ["10", "11", "12", "13", "14", "15"]);
}

#[tokio::test]
async fn a_forged_cursor_is_refused_or_finds_valid_rows() {
    let world = many().await;
    let uri = format!("/v1/contracts/1/{APES}/tokens?limit=2");
    let first = ok(&world.router, &uri).await;
    let cursor = first["page"]["next"].as_str().unwrap();
    let real: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    let mut forged = Vec::new();
    for key in [
        json!(["0", "x"]),
        json!(["-1", "0x"]),
        json!([1, 2]),
        json!(null),
        json!("' or 1=1"),
        json!(["9".repeat(100), person(1)]),
        json!(["1"]),
        json!({}),
    ] {
        forged.push((json!({"k": key}), "cursor_invalid"));
    }
    for (block, expected) in [
        (-1, "cursor_invalid"),
        (i64::MIN, "cursor_invalid"),
        (41, "snapshot_gone"),
        (i64::MAX, "snapshot_gone"),
        (39, "snapshot_gone"),
    ] {
        let pin =
            json!([{"chain": world.one.id, "block": block, "hash": block_hash(9, 1), "epoch": 0}]);
        forged.push((json!({"p": pin}), expected));
    }
    forged.push((json!({"v": 2}), "cursor_invalid"));
    forged.push((json!({"v": 256}), "cursor_invalid"));
    forged.push((json!({"q": "00"}), "cursor_mismatch"));
    forged.push((json!({"p": [{"chain": 70_000}]}), "cursor_invalid"));
    for (change, expected) in forged {
        let mut body = real.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let text = URL_SAFE_NO_PAD.encode(body.to_string());
        let answer = code(&world.router, &format!("{uri}&cursor={text}")).await;
        assert_eq!(answer, expected, "{change}");
    }
}
