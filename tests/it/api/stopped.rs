//! DELETE `/v1/contracts/{chain}/{address}`, and what a contract answers that is no longer followed.

use axum::http::StatusCode;
use herald::types::ChainKey;
use herald::upkeep::Purge;
use herald::work::{Pass, Worker};
use serde_json::json;

use super::{APES, CATS, World, code, column, delete, get, judge, key, ok, pages, post};
use crate::support::seed::{block_hash, person, tx_hash};

/// A world whose contract is followed and whole, and a key that may stop it.
async fn world() -> (World, String) {
    let world = super::world().await;
    // Its stream, which the daemon makes with the chain.
    world.one.event("token.minted", Some((10, block_hash(1, 10))), "{}").await;
    sqlx::query(
        "update chain.contracts set folded_to = 40, transfers = 6, supply = 2, holders = 2",
    )
    .execute(&world.db.pool)
    .await
    .unwrap();
    judge(&world.db.pool, None).await;
    let admin = key(&world, &["admin"]).await;
    (world, admin)
}

fn apes() -> String {
    format!("/v1/contracts/1/{APES}")
}

#[tokio::test]
async fn stopping_needs_an_admin_and_is_harmless_twice() {
    let (world, admin) = world().await;
    let writer = key(&world, &["contracts:write"]).await;
    assert_eq!(delete(&world, &writer, &apes()).await.code(), "scope_missing");
    assert_eq!(delete(&world, "hk_", &apes()).await.code(), "key_invalid");
    for uri in [format!("{}?purge=yes", apes()), format!("{}?x=1", apes())] {
        assert_eq!(delete(&world, &admin, &uri).await.code(), "invalid_request", "{uri}");
    }
    let stranger = format!("/v1/contracts/1/{CATS}");
    assert_eq!(delete(&world, &admin, &stranger).await.code(), "contract_not_tracked");
    assert_eq!(ok(&world.router, &apes()).await["status"], "ready");
    for _ in 0..2 {
        let stopped = delete(&world, &admin, &apes()).await;
        assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.text);
        let shown = ok(&world.router, &apes()).await;
        for row in [stopped.json(), shown] {
            assert_eq!(row["status"], "stopped");
            assert_eq!(row["covered"], json!({"from": 5, "to": 40}));
            assert_eq!((&row["supply"], &row["transfers"]), (&json!(2), &json!(6)));
        }
    }
    world.one.commit(1, 45).await;
    assert_eq!(ok(&world.router, &apes()).await["covered"]["to"], 40);
    assert_eq!(
        column(&ok(&world.router, "/v1/contracts?status=stopped").await, "origin"),
        ["config"]
    );
    let events = ok(&world.router, "/v1/events?types=contract.removed").await;
    assert_eq!(column(&events, "type"), ["contract.removed"], "told once");
}

#[tokio::test]
async fn ownership_is_frozen_at_the_last_block() {
    let (world, admin) = world().await;
    let uris = [
        format!("{}/tokens", apes()),
        format!("{}/owners", apes()),
        format!("{}/snapshot", apes()),
        format!("/v1/tokens/1/{APES}/1"),
        format!("/v1/tokens/1/{APES}/1/owners"),
    ];
    let mut before = Vec::new();
    for uri in &uris {
        for at in [5, 15, 40] {
            before.push(get(&world.router, &format!("{uri}?at_block={at}")).await);
        }
    }
    delete(&world, &admin, &apes()).await;
    let mut before = before.into_iter();
    for uri in &uris {
        for at in [5, 15, 40] {
            let (then, now) =
                (before.next().unwrap(), get(&world.router, &format!("{uri}?at_block={at}")).await);
            assert_eq!((now.status, now.code()), (then.status, then.code()), "{uri} at {at}");
        }
        assert_eq!(code(&world.router, &format!("{uri}?at_block=4")).await, "not_indexed");
        for later in ["", "?at_block=41", "?at_block=99", "?min_finality=finalized"] {
            let answer = get(&world.router, &format!("{uri}{later}")).await;
            assert_eq!(answer.code(), "contract_not_tracked", "{uri}{later}");
            assert!(answer.text.contains("until block 40"), "{}", answer.text);
            assert!(answer.text.contains("POST /v1/contracts"), "{}", answer.text);
        }
    }
    let list = format!("{}/tokens?at_block=15&limit=1", apes());
    assert_eq!(pages(&world.router, &list, async |_| {}).await.len(), 3);
    sqlx::query("update chain.contracts set folded_to = null")
        .execute(&world.db.pool)
        .await
        .unwrap();
    let never = get(&world.router, &list).await;
    assert_eq!(never.code(), "contract_not_tracked");
    assert!(never.text.contains("was not whole"), "{}", never.text);
    assert!(ok(&world.router, &apes()).await["covered"].is_null());
}

#[tokio::test]
async fn its_own_transfers_stay_and_lists_across_contracts_leave_it_out() {
    let (world, admin) = world().await;
    let cats = world.one.contract(CATS, "ready", 5).await;
    cats.transfer((31, 0), alloy::primitives::U256::from(9), super::NOBODY, person(1)).await;
    delete(&world, &admin, &apes()).await;
    let own = format!("{}/transfers", apes());
    assert_eq!(ok(&world.router, &own).await["data"].as_array().unwrap().len(), 6);
    let of_token = ok(&world.router, &format!("/v1/tokens/1/{APES}/1/transfers")).await;
    assert_eq!(column(&of_token, "kind"), ["transfer", "transfer", "mint"]);
    let named = format!("/v1/transfers?chain=1&contract={APES}");
    assert_eq!(ok(&world.router, &named).await["data"].as_array().unwrap().len(), 6);
    let tx = format!("tx_hash={}", tx_hash(10, 0));
    let of_tx = ok(&world.router, &format!("{named}&{tx}")).await;
    assert_eq!(column(&of_tx, "token_id"), ["1"]);
    let wallet = format!("/v1/wallets/{}", person(1));
    for (uri, expected) in [
        (format!("{wallet}/tokens"), vec!["9"]),
        (format!("{wallet}/tokens?chain=1&at_block=35"), vec!["9"]),
        (format!("{wallet}/transfers"), vec!["9"]),
        (format!("{wallet}/transfers?order=asc"), vec!["9"]),
        ("/v1/transfers".to_owned(), vec!["9"]),
        ("/v1/transfers?order=asc".to_owned(), vec!["9"]),
        (format!("/v1/transfers?from={}", person(1)), vec![]),
        (format!("/v1/transfers?from={}&order=asc", person(1)), vec![]),
        (format!("/v1/transfers?{tx}"), vec![]),
    ] {
        let list = ok(&world.router, &uri).await;
        assert_eq!(column(&list, "token_id"), expected, "{uri}");
        assert!(list["meta"]["incomplete"].is_null(), "{uri}: {list}");
    }
    let only = format!("{wallet}/tokens?chain=1&contract={APES}");
    assert_eq!(code(&world.router, &only).await, "contract_not_tracked");
}

#[tokio::test]
async fn it_comes_back_when_it_is_asked_for_again() {
    let (world, admin) = world().await;
    delete(&world, &admin, &apes()).await;
    let body = |start: i64| json!({"chain": 1, "contract": APES, "start_block": start}).to_string();
    assert_eq!(post(&world, &admin, body(6)).await.code(), "contract_conflict");
    let bare = json!({"chain": 1, "contract": APES}).to_string();
    let back = post(&world, &admin, bare).await;
    assert_eq!(back.status, StatusCode::ACCEPTED, "{}", back.text);
    assert_eq!(
        (&back.json()["status"], &back.json()["start_block"]),
        (&json!("probing"), &json!(5))
    );
    assert!(back.json()["covered"].is_null());
    assert_eq!(
        code(&world.router, &format!("{}/tokens?at_block=15", apes())).await,
        "contract_not_ready"
    );
    // Stopped once more before it was joined, it is what it was.
    let stopped = delete(&world, &admin, &apes()).await;
    let covered = &stopped.json()["covered"];
    assert_eq!((stopped.status, covered), (StatusCode::OK, &json!({"from": 5, "to": 40})));
    ok(&world.router, &format!("{}/tokens?at_block=15", apes())).await;
    assert_eq!(post(&world, &admin, body(4)).await.json()["start_block"], 4);
    // Of what was to be followed from a lower block nothing is whole.
    let stopped = delete(&world, &admin, &apes()).await;
    assert_eq!((stopped.status, &stopped.json()["covered"]), (StatusCode::OK, &json!(null)));
    let answer = get(&world.router, &format!("{}/tokens", apes())).await;
    assert!(answer.text.contains("its history was not whole"), "{}", answer.text);
}

#[tokio::test]
async fn what_is_purged_is_neither_shown_nor_brought_back_halfway() {
    let (world, admin) = world().await;
    let purge = format!("{}?purge=true", apes());
    let begun = delete(&world, &admin, &purge).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text);
    assert_eq!(delete(&world, &admin, &apes()).await.status, StatusCode::ACCEPTED);
    let shown = ok(&world.router, &apes()).await;
    assert_eq!((&shown["status"], &shown["purging"]), (&json!("stopped"), &json!(true)));
    assert!(shown["covered"].is_null() && shown["supply"].is_null());
    for uri in [
        format!("{}/tokens?at_block=15", apes()),
        format!("{}/transfers", apes()),
        format!("/v1/tokens/1/{APES}/1/transfers"),
        format!("/v1/transfers?chain=1&contract={APES}"),
    ] {
        let answer = get(&world.router, &uri).await;
        assert_eq!(answer.code(), "contract_not_tracked", "{uri}");
        assert!(answer.text.contains("being removed"), "{uri}: {}", answer.text);
    }
    let body = json!({"chain": 1, "contract": APES, "start_block": 9}).to_string();
    let early = post(&world, &admin, body.clone()).await;
    assert_eq!(
        (early.code(), early.headers.contains_key("retry-after")),
        ("contract_purging".into(), true)
    );

    let worker = Purge::new(world.db.pool.clone(), ChainKey(world.one.id), "ethereum");
    while worker.pass().await.unwrap() == Pass::Worked {}
    let gone = get(&world.router, &apes()).await;
    assert_eq!(gone.code(), "contract_not_tracked");
    assert!(column(&ok(&world.router, "/v1/contracts").await, "address").is_empty());
    assert_eq!(delete(&world, &admin, &purge).await.status, StatusCode::OK, "done");
    let back = post(&world, &admin, body).await;
    assert_eq!((back.status, &back.json()["start_block"]), (StatusCode::ACCEPTED, &json!(9)));
}
