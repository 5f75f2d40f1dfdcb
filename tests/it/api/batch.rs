//! Many questions in one body: what is refused, what fails one of them alone, and what it costs.

use alloy::primitives::{Address, U256};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{APES, Answer, CATS, World, column, delete, judge, key, ok, send, world};
use crate::support::seed::person;

/// Most questions of a body.
pub(super) const ITEMS_MAX: usize = 500;
pub(super) const ROUTES: [&str; 3] =
    ["/v1/tokens/batch", "/v1/ownership/checks", "/v1/wallets/tokens"];

pub(super) async fn ask(router: &Router, uri: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(uri).header("content-type", "application/json");
    send(router, request.body(body.into()).unwrap()).await
}

/// The answer to a body, which is a 200.
pub(super) async fn told(router: &Router, uri: &str, body: &Value) -> Value {
    let answer = ask(router, uri, body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
    answer.json()
}

pub(super) fn token(chain: &str, contract: Address, token: &str) -> Value {
    json!({"chain": chain, "contract": contract, "token_id": token})
}

pub(super) fn check(contract: Address, more: &Value) -> Value {
    let mut check = json!({"wallet": person(1), "chain": 1, "contract": contract});
    check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    check
}

/// Each row's error code, or what it holds instead.
fn codes(answer: &Value, otherwise: &str) -> Vec<String> {
    let rows = answer["data"].as_array().unwrap().iter();
    let code = |row: &Value| row["error"]["code"].as_str().map(str::to_owned);
    rows.map(|row| code(row).unwrap_or_else(|| row[otherwise].as_str().unwrap().to_owned()))
        .collect()
}

/// Contracts that are loading, stopped at block 40, and refused; the chain goes on to 45.
pub(super) async fn mixed() -> World {
    let world = world().await;
    world.two.contract(CATS, "loading", 0).await;
    judge(&world.db.pool, None).await;
    world.one.event("token.minted", None, "{}").await;
    sqlx::query("update chain.contracts set folded_to = 40 where state = 'ready'")
        .execute(&world.db.pool)
        .await
        .unwrap();
    let admin = key(&world, &["admin"]).await;
    let old = world.one.contract(person(0x71), "ready", 0).await;
    old.transfer((12, 9), U256::from(4), Address::ZERO, person(1)).await;
    sqlx::query("update chain.contracts set folded_to = 40 where state = 'ready'")
        .execute(&world.db.pool)
        .await
        .unwrap();
    delete(&world, &admin, &format!("/v1/contracts/1/{}", person(0x71))).await;
    world.one.commit(1, 45).await;
    world
}

#[tokio::test]
async fn a_token_that_is_not_answered_fails_alone() {
    let world = mixed().await;
    let tokens = json!([
        token("1", APES, "1"),
        {"id": format!("eip155:1/erc721:{APES}/0x2")},
        {"id": format!("eip155:1/erc1155:{APES}/2")},
        token("ethereum", APES, "77"),
        token("polygon", CATS, "1"),
        token("1", person(0x55), "1"),
        token("solana", APES, "1"),
        token("1", person(0x71), "4"),
        token("eip155:1", APES, "3"),
    ]);
    let answer = told(&world.router, ROUTES[0], &json!({"tokens": tokens})).await;
    let expected = [
        "1",
        "2",
        "token_unknown",
        "token_unknown",
        "contract_not_ready",
        "contract_not_tracked",
        "chain_unknown",
        "contract_not_tracked",
        "3",
    ];
    assert_eq!(codes(&answer, "token_id"), expected);
    assert_eq!(answer["data"][8]["owner"], Value::Null, "burned, and known to be");
    for row in answer["data"].as_array().unwrap().iter().filter(|row| row["error"].is_object()) {
        assert!(row.get("owner").is_none() && row["error"]["detail"].is_string(), "{row}");
    }
    assert_eq!(
        column(&json!({"data": answer["meta"]["as_of"]}), "chain"),
        ["eip155:1", "eip155:137"]
    );
    let mut one = answer["data"][0].clone();
    one["meta"] = ok(&world.router, &format!("/v1/tokens/1/{APES}/1")).await["meta"].take();
    assert_eq!(one, ok(&world.router, &format!("/v1/tokens/1/{APES}/1")).await, "as GET tells it");

    let of_one =
        json!([token("1", APES, "1"), token("1", person(0x71), "4"), token("1", APES, "9")]);
    let old = json!({"tokens": of_one, "at_block": 15});
    let answer = told(&world.router, ROUTES[0], &old).await;
    assert_eq!(
        codes(&answer, "owner"),
        [person(1).to_checksum(None), person(1).to_checksum(None), "token_unknown".into()]
    );
    assert_eq!(answer["meta"]["at_block"], 15);
    let early = told(&world.router, ROUTES[0], &json!({"tokens": of_one, "at_block": 4})).await;
    assert_eq!(codes(&early, "owner"), ["not_indexed", "token_unknown", "not_indexed"]);
    let timed = json!({"tokens": tokens, "at_time": "2026-01-01T00:03:00Z"});
    let answer = told(&world.router, ROUTES[0], &timed).await;
    assert_eq!(codes(&answer, "owner")[0], person(1).to_checksum(None), "block 15");
    assert_eq!(codes(&answer, "owner")[4], "contract_not_ready");
    let later = json!({"tokens": of_one, "at_block": 46});
    assert_eq!(ask(&world.router, ROUTES[0], later.to_string()).await.code(), "block_ahead");
    let several = json!({"tokens": tokens, "at_block": 4}).to_string();
    let answer = ask(&world.router, ROUTES[0], several).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/at_block", "{}", answer.text);
}

#[tokio::test]
async fn what_is_not_known_is_unknown_and_never_no() {
    let world = mixed().await;
    let checks = json!([
        check(APES, &json!({"token_id": "1"})),
        check(APES, &json!({"token_id": "1", "at_block": 19})),
        check(APES, &json!({"token_id": 77})),
        check(APES, &json!({"token_id": "1", "at_block": 46})),
        check(APES, &json!({"at_block": 4})),
        check(APES, &json!({"at_time": "2026-01-01T00:03:00Z"})),
        check(APES, &json!({"at_time": "2036-01-01T00:03:00Z"})),
        check(APES, &json!({"at_time": "2016-01-01T00:03:00Z"})),
        check(CATS, &json!({"chain": 137})),
        check(person(0x55), &json!({})),
        check(person(0x71), &json!({})),
        check(person(0x71), &json!({"at_block": 40})),
        check(person(0x71), &json!({"at_block": 41})),
        check(APES, &json!({"chain": "solana"})),
    ]);
    let answer = told(&world.router, ROUTES[1], &json!({"checks": checks})).await;
    let expected = [
        "no",
        "yes",
        "no",
        "block_ahead",
        "not_indexed",
        "yes",
        "block_ahead",
        "not_indexed",
        "contract_not_ready",
        "contract_not_tracked",
        "contract_not_tracked",
        "yes",
        "contract_not_tracked",
        "chain_unknown",
    ];
    assert_eq!(codes(&answer, "held"), expected);
    for row in answer["data"].as_array().unwrap() {
        let unknown = row["error"].is_object();
        assert_eq!(row["held"] == "unknown", unknown, "{row}");
        assert_eq!((row["balance"].is_null(), row["block"].is_null()), (unknown, unknown), "{row}");
    }
    let row = |at: usize| &answer["data"][at];
    assert_eq!((&row(5)["balance"], &row(5)["block"]["number"]), (&json!("2"), &json!(15)));
    assert_eq!((&row(0)["block"]["number"], &row(0)["finality"]), (&json!(45), &json!("latest")));
    assert_eq!(
        (&row(1)["finality"], &row(11)["finality"]),
        (&json!("finalized"), &json!("latest"))
    );
    let hash = crate::support::seed::block_hash(1, 19).to_string();
    assert_eq!(row(1)["block"]["hash"], hash);

    let of = |block: i64| check(APES, &json!({"token_id": "1", "at_block": block}));
    let checks = json!([check(APES, &json!({})), of(28), of(29), of(33)]);
    for (finality, expected) in [
        ("latest", ["45", "28", "29", "33"]),
        ("safe", ["32", "28", "29", "block_ahead"]),
        ("finalized", ["28", "28", "block_ahead", "block_ahead"]),
    ] {
        let body = json!({"checks": checks, "min_finality": finality});
        let mut answer = told(&world.router, ROUTES[1], &body).await;
        for row in answer["data"].as_array_mut().unwrap() {
            row["number"] = json!(row["block"]["number"].to_string());
        }
        assert_eq!(codes(&answer, "number"), expected, "{finality}");
    }
}
