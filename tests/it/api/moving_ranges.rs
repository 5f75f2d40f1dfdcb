//! Lists and snapshots of ranges whose tokens move on between the pages, and the events of ranges.

use alloy::primitives::{Address, U256};
use serde_json::{Value, json};

use super::{World, get, ok, pages, world};
use crate::support::seed::{Held, LASTS, Move, Piece, SeedContract, block_hash, person, tx_hash};

const RANGED: u8 = 0x55;
/// Tokens of the range: more than two pages of a snapshot.
const TOKENS: u64 = 5_000;

fn piece(since: i64, first: u64, last: u64) -> Piece {
    Piece {
        log: 7,
        since,
        until: LASTS,
        acquired: 20,
        listed: true,
        first: U256::from(first),
        last: U256::from(last),
        owner: person(1),
    }
}

/// Tokens 1 to 5,000, minted to person 1 by one log.
async fn ranged() -> (World, SeedContract) {
    let world = world().await;
    let ranged = world.one.contract(person(RANGED), "ready", 0).await;
    ranged.says(Some("erc721"), true).await;
    let mint = Move {
        block: 20,
        log: 7,
        batch: 0,
        first: U256::ONE,
        last: Some(U256::from(TOKENS)),
        amount: None,
        from: Address::ZERO,
        to: person(1),
    };
    ranged.moves(&[mint]).await;
    ranged.pieces(&[piece(20, 1, TOKENS)]).await;
    (world, ranged)
}

/// In block 41 + count a token moves to person 2: the last piece ends, two begin.
async fn stir(world: &World, ranged: &SeedContract, count: usize) {
    let count = u64::try_from(count).unwrap();
    let block = 41 + i64::try_from(count).unwrap();
    let moved = 7 + 5 * count;
    sqlx::query("update chain.token_ranges set until = $2 where contract_id = $1 and until = $3 and last = $4")
        .bind(ranged.id)
        .bind(block)
        .bind(LASTS)
        .bind(herald::store::Uint256(U256::from(TOKENS)))
        .execute(&world.db.pool)
        .await
        .unwrap();
    let first = if count == 0 { 1 } else { moved - 4 };
    ranged.pieces(&[piece(block, first, moved - 1), piece(block, moved + 1, TOKENS)]).await;
    ranged
        .held(&[Held {
            since: block,
            until: LASTS,
            acquired: block,
            token: U256::from(moved),
            owner: person(2),
            balance: None,
        }])
        .await;
    world.one.commit(1, block).await;
}

fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row["token_id"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn pages_show_the_range_of_the_first_page_while_its_tokens_move() {
    let contract = person(RANGED);
    for uri in [
        format!("/v1/contracts/1/{contract}/tokens?limit=250"),
        format!("/v1/wallets/{}/tokens?chain=1&contract={contract}&limit=250", person(1)),
    ] {
        let (world, ranged) = ranged().await;
        let rows =
            pages(&world.router, &uri, async |count| stir(&world, &ranged, count).await).await;
        assert_eq!(ids(&rows), (1..=TOKENS).collect::<Vec<_>>(), "{uri}");
        assert!(rows.iter().all(|row| row["acquired"]["tx_hash"] == json!(tx_hash(20, 7))));
        let mut after = pages(&world.router, &uri, async |_| {}).await;
        after.retain(|row| row["acquired"]["block"] == 20);
        let moved = |token: &u64| token % 5 == 2 && (7..=97).contains(token);
        let stayed: Vec<u64> = (1..=TOKENS).filter(|token| !moved(token)).collect();
        assert_eq!(ids(&after), stayed, "{uri}");
    }
}

#[tokio::test]
async fn a_snapshot_writes_out_every_token_of_a_range_once() {
    let (world, ranged) = ranged().await;
    stir(&world, &ranged, 0).await;
    let line = |token: u64| {
        let owner = person(if token == 7 { 2 } else { 1 });
        format!("{token},{owner},1\n")
    };
    let lines: String = (1..=TOKENS).map(line).collect();
    let uri = format!("/v1/contracts/1/{}/snapshot", person(RANGED));
    let now = get(&world.router, &uri).await;
    assert_eq!(now.text, format!("token_id,owner,balance\n{lines}"));
    let before = get(&world.router, &format!("{uri}?at_block=40")).await;
    let lines: String = (1..=TOKENS).map(|token| format!("{token},{},1\n", person(1))).collect();
    assert_eq!(before.text, format!("token_id,owner,balance\n{lines}"));
}

#[tokio::test]
async fn events_of_ranges_are_told_as_they_are_stored() {
    let world = world().await;
    let minted = r#"{"contract":"0x00","token_id":"1","token_id_to":"115792089237316195423570985008687907853269984665640564039457584007913129639935"}"#;
    let removed = r#"{"token_id":"1","token_id_to":"9","now":{"owners":[{"token_id":"1","token_id_to":"9","owner":null}]}}"#;
    let block = Some((30, block_hash(1, 30)));
    for (kind, data) in [("token.minted", minted), ("token.removed", removed)] {
        world.one.event(kind, block, data).await;
    }
    for (filter, told) in [
        ("", vec![minted, removed]),
        ("?types=token.removed", vec![removed]),
        ("?types=token.minted,token.burned", vec![minted]),
        ("?chain=137", vec![]),
    ] {
        let list = get(&world.router, &format!("/v1/events{filter}")).await;
        assert_eq!(ok(&world.router, &format!("/v1/events{filter}")).await, list.json());
        assert_eq!(list.json()["data"].as_array().unwrap().len(), told.len(), "{filter}");
        for data in told {
            assert!(list.text.contains(&format!("\"data\":{data}")), "{filter}: {}", list.text);
        }
    }
}
