//! Streamed transfers: against the histories, from where they were cut off, and over reorgs.

use alloy::primitives::Address;
use serde_json::Value;

use super::every_standard::{Site, site};
use super::history::{History, LAST};
use super::{APES, CATS, NOBODY, code, get, world};
use crate::support::seed::{Move, block_hash, person, tx_hash};

/// A transfer as a line of CSV.
fn line(address: Address, history: &History, one: &Move) -> String {
    let party = |who: Address| if who.is_zero() { String::new() } else { who.to_string() };
    let kind = match (one.from.is_zero(), one.to.is_zero()) {
        (_, true) => "burn",
        (true, false) => "mint",
        (false, false) => "transfer",
    };
    let time = format!("2026-01-01T00:{:02}:{:02}Z", one.block / 5, one.block % 5 * 12);
    let last = one.last.map(|last| last.to_string()).unwrap_or_default();
    let amount = one.amount.map_or("1".to_owned(), |amount| amount.to_string());
    format!(
        "{},{},{},{time},{},{address},{},{last},{},{kind},{},{},{amount}",
        one.block,
        one.log,
        one.batch,
        tx_hash(one.block, one.log),
        one.first,
        history.standard,
        party(one.from),
        party(one.to),
    )
}

const HEAD: &str = "block,log_index,batch_index,time,tx_hash,contract,token_id,token_id_to,standard,kind,from,to,amount";

/// The lines of some contracts between two blocks, in the order of their positions.
fn expected(of: &[&(Address, History)], (from, to): (i64, i64)) -> Vec<String> {
    let moves = of.iter().flat_map(|(address, history)| {
        history.moves.iter().map(move |one| (*address, history, one))
    });
    let mut moves: Vec<_> = moves.filter(|it| (from..=to).contains(&it.2.block)).collect();
    moves.sort_by_key(|(_, _, one)| (one.block, one.log, one.batch));
    moves.iter().map(|(address, history, one)| line(*address, history, one)).collect()
}

async fn lines(site: &Site, uri: &str) -> Vec<String> {
    let answer = get(&site.router, uri).await;
    let mut lines = answer.text.lines().map(str::to_owned);
    assert_eq!(lines.next().as_deref(), Some(HEAD), "{uri}: {}", answer.text);
    lines.collect()
}

#[tokio::test]
async fn exports_are_the_histories_from_any_block_to_any_other() {
    let site = site(6).await;
    let all: Vec<_> = site.contracts.iter().collect();
    for (from, to) in [(0, LAST), (3, 3), (7, 20), (20, 7), (24, 99)] {
        let blocks = format!("from_block={from}&to_block={to}");
        for one in &all {
            let uri = format!("/v1/contracts/1/{}/transfers/export?{blocks}", one.0);
            assert_eq!(lines(&site, &uri).await, expected(&[*one], (from, to)), "{uri}");
        }
        let uri = format!("/v1/transfers/export?chain=1&{blocks}");
        assert_eq!(lines(&site, &uri).await, expected(&all, (from, to)), "{uri}");
    }
}

#[tokio::test]
async fn whoever_was_cut_off_goes_on_behind_any_row() {
    let site = site(7).await;
    let (address, _) = &site.contracts[1];
    let uri = format!("/v1/contracts/1/{address}/transfers/export");
    let whole = lines(&site, &uri).await;
    for (at, row) in whole.iter().enumerate().step_by(9) {
        let position: Vec<&str> = row.split(',').take(3).collect();
        let rest = lines(&site, &format!("{uri}?after_position={}", position.join("."))).await;
        assert_eq!(rest, whole[at + 1..], "{row}");
    }
    let ndjson = get(&site.router, &format!("{uri}?format=ndjson")).await;
    assert_eq!(ndjson.headers["content-type"], "application/x-ndjson");
    for (json, csv) in ndjson.text.lines().zip(&whole) {
        let json: Value = serde_json::from_str(json).unwrap();
        let text = |name: &str| match &json[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert_eq!(HEAD.split(',').map(text).collect::<Vec<_>>().join(","), *csv);
    }
    assert_eq!(ndjson.text.lines().count(), whole.len());
}

#[tokio::test]
async fn an_export_names_its_block_and_refuses_what_was_taken_back() {
    let world = world().await;
    let uri = format!("/v1/contracts/1/{APES}/transfers/export");
    let final_ones = get(&world.router, &format!("{uri}?min_finality=finalized")).await;
    assert_eq!(final_ones.headers["x-herald-block"], "28");
    assert_eq!(final_ones.headers["x-herald-finalized"], "28");
    assert_eq!(final_ones.text.lines().count(), 6);
    let hash = block_hash(1, 40);
    let same = format!("{uri}?to_block=40&block_hash={hash}");
    let begun = get(&world.router, &same).await;
    assert_eq!(begun.headers["x-herald-block-hash"], hash.to_string().as_str());
    world.one.rewind(1, 39).await;
    world.one.commit(2, 41).await;
    assert_eq!(code(&world.router, &same).await, "snapshot_gone");
    for wrong in [
        "after_position=1.2",
        "after_position=1.2.3.4",
        "after_position=1.-2.3",
        "after_position=1.9999999999.0",
        "order=desc",
    ] {
        assert_eq!(
            code(&world.router, &format!("{uri}?{wrong}")).await,
            "invalid_request",
            "{wrong}"
        );
    }
    assert_eq!(code(&world.router, "/v1/transfers/export").await, "invalid_request");
}

#[tokio::test]
async fn half_a_history_is_left_out_and_counted() {
    let world = world().await;
    let cats = world.one.contract(CATS, "loading", 5).await;
    cats.transfer((13, 0), 1.try_into().unwrap(), NOBODY, person(1)).await;
    let all = get(&world.router, "/v1/transfers/export?chain=1").await;
    assert_eq!(all.headers["x-herald-incomplete"], "1");
    assert_eq!(all.text.lines().count(), 7);
    let own = format!("/v1/contracts/1/{CATS}/transfers/export");
    assert_eq!(code(&world.router, &own).await, "contract_not_ready");
}
