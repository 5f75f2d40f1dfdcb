//! Who holds what, now and at any block, against a history written by hand.

use alloy::primitives::{Address, U256};

use super::{APES, CATS, NOBODY, code, column, get, ok, pages, world};
use crate::support::seed::person;

async fn owner_at(world: &super::World, token: u64, block: i64) -> String {
    let uri = format!("/v1/tokens/1/{APES}/{token}?at_block={block}");
    let answer = get(&world.router, &uri).await;
    if answer.status.is_success() {
        assert_eq!(answer.json()["meta"]["at_block"], block);
        return answer.json()["owner"].as_str().unwrap_or("nobody").to_owned();
    }
    answer.code()
}

fn shown(owner: Address) -> String {
    owner.to_checksum(None)
}

#[tokio::test]
async fn a_token_is_answered_at_the_end_of_any_block() {
    let world = world().await;
    for (token, block, expected) in [
        (1, 5, "token_unknown".to_owned()),
        (1, 9, "token_unknown".to_owned()),
        (1, 10, shown(person(1))),
        (1, 19, shown(person(1))),
        (1, 20, shown(person(2))),
        (1, 29, shown(person(2))),
        (1, 30, shown(person(3))),
        (1, 40, shown(person(3))),
        (3, 24, shown(person(2))),
        (3, 25, "nobody".to_owned()),
        (1, 4, "not_indexed".to_owned()),
        (1, 41, "block_ahead".to_owned()),
    ] {
        assert_eq!(owner_at(&world, token, block).await, expected, "token {token} at {block}");
    }
}

#[tokio::test]
async fn lists_at_a_block_agree_with_the_history() {
    let world = world().await;
    let (one, two) = (shown(person(1)), shown(person(2)));
    let tokens = format!("/v1/contracts/1/{APES}/tokens?at_block=15");
    let list = ok(&world.router, &tokens).await;
    assert_eq!(column(&list, "token_id"), ["1", "2", "3"]);
    assert_eq!(column(&list, "owner"), [one.clone(), one.clone(), two.clone()]);
    assert_eq!(list["data"][2]["acquired"]["block"], 12);
    let owners = ok(&world.router, &format!("/v1/contracts/1/{APES}/owners?at_block=15")).await;
    assert_eq!(column(&owners, "owner"), [one.clone(), two.clone()]);
    assert_eq!(column(&owners, "balance"), ["2", "1"]);
    let wallet = format!("/v1/wallets/{}/tokens?chain=1", person(1));
    assert_eq!(
        column(&ok(&world.router, &format!("{wallet}&at_block=15")).await, "token_id"),
        ["1", "2"]
    );
    assert_eq!(column(&ok(&world.router, &wallet).await, "token_id"), ["2"]);
    let token = format!("/v1/tokens/1/{APES}/1/owners");
    assert_eq!(column(&ok(&world.router, &format!("{token}?at_block=25")).await, "owner"), [two]);
    assert_eq!(column(&ok(&world.router, &token).await, "owner"), [shown(person(3))]);
    assert!(
        column(&ok(&world.router, &format!("/v1/tokens/1/{APES}/3/owners")).await, "owner")
            .is_empty()
    );
}

#[tokio::test]
async fn min_finality_answers_at_the_mark() {
    let world = world().await;
    let uri = format!("/v1/tokens/1/{APES}/1?min_finality=");
    for (finality, owner) in [("finalized", 2), ("safe", 3), ("latest", 3)] {
        let token = ok(&world.router, &format!("{uri}{finality}")).await;
        assert_eq!(token["owner"], shown(person(owner)), "{finality}");
    }
    world.one.marks(29, 29).await;
    assert_eq!(ok(&world.router, &format!("{uri}safe")).await["meta"]["at_block"], 29);
    let unmarked = format!("/v1/wallets/{}/tokens?chain=137&min_finality=safe", person(1));
    assert_eq!(code(&world.router, &unmarked).await, "not_indexed");
    let transfers = format!("/v1/contracts/1/{APES}/transfers?min_finality=finalized&order=asc");
    assert_eq!(
        column(&ok(&world.router, &transfers).await, "log_index"),
        ["0", "0", "4", "1", "0"]
    );
}

#[tokio::test]
async fn token_ids_up_to_the_largest_are_ordered_as_numbers() {
    let world = world().await;
    let big = [U256::from(9), U256::from(10), U256::MAX - U256::from(1), U256::MAX];
    for (at, token) in big.into_iter().enumerate() {
        let log = i32::try_from(at).unwrap();
        world.apes.transfer((31, log), token, NOBODY, person(9)).await;
    }
    let expected: Vec<String> = big.iter().map(U256::to_string).collect();
    let uri = format!("/v1/wallets/{}/tokens?limit=1", person(9));
    let rows = pages(&world.router, &uri, async |_| {}).await;
    let ids: Vec<_> = rows.iter().map(|row| row["token_id"].as_str().unwrap()).collect();
    assert_eq!(ids, expected);
    let uri = format!("/v1/contracts/1/{APES}/tokens?limit=3");
    let rows = pages(&world.router, &uri, async |_| {}).await;
    let last: Vec<_> = rows[2..].iter().map(|row| row["token_id"].as_str().unwrap()).collect();
    assert_eq!(last, expected);
    let hex = format!("/v1/tokens/1/{APES}/0x{}", "F".repeat(64));
    assert_eq!(ok(&world.router, &hex).await["token_id"], U256::MAX.to_string());
    let owners = ok(&world.router, &format!("/v1/tokens/1/{APES}/{}/owners", U256::MAX)).await;
    assert_eq!(column(&owners, "owner"), [shown(person(9))]);
}

#[tokio::test]
async fn a_contract_that_is_not_ready_says_so_and_shows_its_transfers() {
    let world = world().await;
    let cats = world.two.contract(CATS, "loading", 0).await;
    cats.loading(200, 50).await;
    cats.transfer((3, 0), U256::from(7), NOBODY, person(1)).await;
    for path in ["tokens", "owners", "snapshot"] {
        let answer = get(&world.router, &format!("/v1/contracts/137/{CATS}/{path}")).await;
        assert_eq!(answer.code(), "contract_not_ready", "{path}");
        assert_eq!(answer.json()["loaded_percent"], 25.0);
        assert!(answer.headers.contains_key("retry-after"));
    }
    for uri in [format!("/v1/tokens/137/{CATS}/7"), format!("/v1/tokens/137/{CATS}/7/owners")] {
        assert_eq!(code(&world.router, &uri).await, "contract_not_ready");
    }
    let left = serde_json::json!([{"chain": "eip155:137", "contract": CATS.to_checksum(None),
        "status": "loading", "loaded_percent": 25.0}]);
    let wallet = ok(&world.router, &format!("/v1/wallets/{}/tokens", person(1))).await;
    assert_eq!(column(&wallet, "chain"), ["eip155:1"], "the other chain's token is left out");
    assert_eq!(wallet["meta"]["incomplete"], left);
    for uri in [
        format!("/v1/contracts/137/{CATS}/transfers"),
        format!("/v1/tokens/137/{CATS}/7/transfers"),
        format!("/v1/transfers?chain=137&contract={CATS}"),
        "/v1/transfers?chain=polygon".to_owned(),
    ] {
        let list = ok(&world.router, &uri).await;
        assert_eq!(column(&list, "token_id"), ["7"], "{uri}");
        assert_eq!(list["meta"]["incomplete"], left, "{uri}");
    }
    let whole = ok(&world.router, &format!("/v1/contracts/1/{APES}/transfers")).await;
    assert!(whole["meta"]["incomplete"].is_null());
}

#[tokio::test]
async fn a_wallet_is_answered_on_all_chains_and_by_filters() {
    let world = world().await;
    let cats = world.two.contract(CATS, "ready", 0).await;
    cats.transfer((3, 0), U256::from(7), NOBODY, person(1)).await;
    let uri = format!("/v1/wallets/{}/tokens", person(1).to_string().to_lowercase());
    let list = ok(&world.router, &uri).await;
    assert_eq!(column(&list, "chain"), ["eip155:1", "eip155:137"]);
    assert_eq!(list["meta"]["as_of"].as_array().unwrap().len(), 2);
    assert_eq!(list["data"][1]["acquired"]["time"], "2026-01-01T00:00:36Z");
    for (filter, expected) in [
        ("chain=137".to_owned(), vec!["7"]),
        (format!("chain=1&contract={APES}"), vec!["2"]),
        ("standard=erc721".to_owned(), vec!["2", "7"]),
        ("acquired_after=2026-01-01T00:01:00Z".to_owned(), vec!["2"]),
        ("acquired_after=2027-01-01T00:00:00Z".to_owned(), vec![]),
        ("limit=1".to_owned(), vec!["2"]),
    ] {
        let list = ok(&world.router, &format!("{uri}?{filter}")).await;
        assert_eq!(column(&list, "token_id"), expected, "{filter}");
    }
    assert_eq!(code(&world.router, &format!("{uri}?at_block=3")).await, "invalid_request");
    assert_eq!(code(&world.router, &format!("{uri}?contract={APES}")).await, "invalid_request");
}
