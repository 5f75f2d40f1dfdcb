//! Pages of a list while the chain moves under it.

use alloy::primitives::U256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use herald::api::{ApiState, CursorKey, router};
use herald::store::secrets;
use serde_json::{Value, json};

use super::{APES, NOBODY, World, code, column, ok, pages, state, world};
use crate::support::seed::person;

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
async fn a_cursor_that_was_changed_in_any_way_is_refused() {
    let world = many().await;
    let uri = format!("/v1/contracts/1/{APES}/tokens?limit=2");
    let first = ok(&world.router, &uri).await;
    let cursor = first["page"]["next"].as_str().unwrap();
    let signed = URL_SAFE_NO_PAD.decode(cursor).unwrap();
    for at in 0..signed.len() {
        let mut forged = signed.clone();
        forged[at] ^= 1;
        let text = URL_SAFE_NO_PAD.encode(forged);
        let answer = code(&world.router, &format!("{uri}&cursor={text}")).await;
        assert_eq!(answer, "cursor_invalid", "byte {at}");
    }
    for text in ["", "x", "%00", &cursor[1..], &cursor[..cursor.len() - 1], &cursor[..20]] {
        let answer = code(&world.router, &format!("{uri}&cursor={text}")).await;
        assert_eq!(answer, "cursor_invalid", "{text}");
    }
}

#[tokio::test]
async fn a_cursor_holds_for_every_replica_and_after_a_restart_and_for_no_other_database() {
    let world = many().await;
    let uri = format!("/v1/contracts/1/{APES}/tokens?limit=2");
    let secret = |pool| async move { secrets::named(pool, secrets::CURSORS).await.unwrap() };
    let own = secret(&world.db.pool).await;
    let started =
        |key: &[u8; 32]| router(ApiState { cursors: CursorKey::new(key), ..state(&world.db.pool) });
    let first = ok(&started(&own), &uri).await;
    let next = format!("{uri}&cursor={}", first["page"]["next"].as_str().unwrap());
    assert_eq!(secret(&world.db.pool).await, own, "made once");
    assert_eq!(column(&ok(&started(&own), &next).await, "token_id"), ["10", "11"]);
    assert_eq!(code(&started(&[9; 32]), &next).await, "cursor_invalid");
}

/// Every list of transfers, told page by page while its newest block is replaced.
#[tokio::test]
async fn a_list_of_transfers_is_refused_once_something_that_it_told_was_taken_back() {
    for order in ["asc", "desc"] {
        let world = many().await;
        let uri = format!("/v1/contracts/1/{APES}/transfers?limit=5&order={order}");
        let first = ok(&world.router, &uri).await;
        let next = format!("{uri}&cursor={}", first["page"]["next"].as_str().unwrap());
        let told: Vec<i64> = column(&first, "block").iter().map(|block| number(block)).collect();
        let newest = *told.iter().max().unwrap();
        // Above what was told anything may happen.
        world.one.rewind(1, newest).await;
        world.one.commit(3, 60).await;
        assert_eq!(column(&ok(&world.router, &next).await, "id").len(), 5, "{order}");
        world.one.rewind(3, newest - 1).await;
        world.one.commit(4, 60).await;
        assert_eq!(code(&world.router, &next).await, "snapshot_gone", "{order}");
    }
}

/// The height in a block's view.
fn number(block: &str) -> i64 {
    serde_json::from_str::<Value>(block).unwrap()["number"].as_i64().unwrap()
}
