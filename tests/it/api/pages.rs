//! Lists of transfers: filters, directions and pages.

use alloy::primitives::U256;
use serde_json::Value;

use super::{APES, CATS, NOBODY, World, code, ok, pages, world};
use crate::support::seed::{person, tx_hash};

/// Chain, block and log index of each row.
fn positions(rows: &[Value]) -> Vec<(String, i64, i64)> {
    let position = |row: &Value| {
        (
            row["chain"].as_str().unwrap().to_owned(),
            row["block"]["number"].as_i64().unwrap(),
            row["log_index"].as_i64().unwrap(),
        )
    };
    rows.iter().map(position).collect()
}

fn blocks(list: &Value) -> Vec<i64> {
    positions(list["data"].as_array().unwrap()).into_iter().map(|at| at.1).collect()
}

async fn wide() -> World {
    let world = world().await;
    let cats = world.two.contract(CATS, "ready", 0).await;
    cats.transfer((3, 0), U256::from(7), NOBODY, person(1)).await;
    cats.transfer((4, 0), U256::from(7), person(1), person(1)).await;
    world
}

#[tokio::test]
async fn each_filter_finds_its_transfers() {
    let world = wide().await;
    let person = |number| person(number).to_string();
    for (filter, expected) in [
        ("chain=1".to_owned(), vec![30, 25, 20, 12, 11, 10]),
        ("chain=1&order=asc".to_owned(), vec![10, 11, 12, 20, 25, 30]),
        (format!("chain=1&contract={APES}"), vec![30, 25, 20, 12, 11, 10]),
        (format!("chain=1&contract={APES}&token_id=1"), vec![30, 20, 10]),
        (format!("chain=1&contract={APES}&token_id=1&to={}", person(2)), vec![20]),
        (format!("chain=1&contract={APES}&wallet={}", person(3)), vec![30]),
        (format!("wallet={}", person(1)), vec![20, 11, 10, 4, 3]),
        (format!("wallet={}&kind=transfer", person(1)), vec![20, 4]),
        (format!("wallet={}&from={}", person(1), person(1)), vec![20, 4]),
        (format!("from={}", person(2)), vec![30, 25]),
        (format!("to={}", person(2)), vec![20, 12]),
        (format!("from={}&to={}", person(1), person(2)), vec![20]),
        (format!("from={NOBODY}&chain=1"), vec![12, 11, 10]),
        (format!("to={NOBODY}"), vec![25]),
        ("kind=mint".to_owned(), vec![12, 11, 10, 3]),
        ("kind=burn".to_owned(), vec![25]),
        ("chain=1&from_block=12&to_block=25".to_owned(), vec![25, 20, 12]),
        ("chain=1&from_block=12&to_block=25&order=asc".to_owned(), vec![12, 20, 25]),
        ("chain=1&from_block=26&to_block=25".to_owned(), vec![]),
        (format!("tx_hash={}", tx_hash(20, 1)), vec![20]),
        (format!("tx_hash={}&chain=137", tx_hash(20, 1)), vec![]),
        (format!("tx_hash={}&chain=1&contract={APES}&token_id=2", tx_hash(20, 1)), vec![]),
        (format!("tx_hash={}&chain=1&contract={APES}&token_id=1", tx_hash(20, 1)), vec![20]),
        ("min_finality=finalized".to_owned(), vec![25, 20, 12, 11, 10]),
        ("min_finality=safe&chain=1".to_owned(), vec![30, 25, 20, 12, 11, 10]),
    ] {
        let list = ok(&world.router, &format!("/v1/transfers?{filter}")).await;
        assert_eq!(blocks(&list), expected, "{filter}");
    }
}

#[tokio::test]
async fn pages_of_each_case_and_direction_add_up_to_the_whole() {
    let world = wide().await;
    for order in ["asc", "desc"] {
        for uri in [
            "/v1/transfers?kind=mint".to_owned(),
            "/v1/transfers?chain=1".to_owned(),
            format!("/v1/transfers?wallet={}", person(1)),
            format!("/v1/transfers?tx_hash={}", tx_hash(20, 1)),
            format!("/v1/wallets/{}/transfers?chain=1", person(1)),
            format!("/v1/wallets/{}/transfers?kind=transfer", person(1)),
            format!("/v1/contracts/1/{APES}/transfers?from_block=11"),
            format!("/v1/tokens/1/{APES}/1/transfers?to_block=40"),
        ] {
            let uri = format!("{uri}&order={order}");
            let whole = ok(&world.router, &uri).await;
            let whole = positions(whole["data"].as_array().unwrap());
            assert!(!whole.is_empty(), "{uri}");
            whole_by_pages(&world, &uri, &whole).await;
        }
    }
}

async fn whole_by_pages(world: &World, uri: &str, whole: &[(String, i64, i64)]) {
    for limit in 1..=3 {
        let rows = pages(&world.router, &format!("{uri}&limit={limit}"), async |_| {}).await;
        assert_eq!(positions(&rows), whole, "{uri} by {limit}");
    }
}

#[tokio::test]
async fn questions_without_an_answer_are_refused() {
    let world = world().await;
    for uri in [
        "/v1/transfers?from_block=3".to_owned(),
        "/v1/transfers?token_id=3&chain=1".to_owned(),
        format!("/v1/transfers?contract={APES}"),
        format!("/v1/transfers?wallet={NOBODY}"),
        format!("/v1/wallets/{NOBODY}/transfers"),
        format!("/v1/tokens/1/{APES}/1?at_block=9&min_finality=safe"),
        "/v1/transfers?chain=1&chain=1".to_owned(),
    ] {
        assert_eq!(code(&world.router, &uri).await, "invalid_request", "{uri}");
    }
}
