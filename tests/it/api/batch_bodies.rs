//! Bodies of many questions: what they cost, and what is refused of them.

use alloy::primitives::Address;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::batch::{ITEMS_MAX, ROUTES, ask, check, mixed, token, told};
use super::{APES, column, ok, send, world};
use crate::support::seed::person;
use crate::support::statements::counted;

/// More than the pool of a test has.
const CONNECTIONS: usize = 12;

#[tokio::test]
async fn one_statement_answers_one_question_and_five_hundred() {
    let world = mixed().await;
    for count in [1, ITEMS_MAX] {
        let tokens: Vec<_> = (0..count).map(|n| token("1", APES, &n.to_string())).collect();
        let checks: Vec<_> =
            (0..count).map(|n| check(APES, &json!({"at_block": n % 50}))).collect();
        let wallets: Vec<_> = (0..count.min(100)).map(|n| person(1 + n as u8)).collect();
        for (uri, body) in ROUTES.into_iter().zip([
            json!({"tokens": tokens}),
            json!({"checks": checks}),
            json!({"wallets": wallets, "chain": 1, "contract": APES}),
        ]) {
            // Each connection learns the numbers of the types once.
            for _ in 0..CONNECTIONS {
                told(&world.router, uri, &body).await;
            }
            let (answer, statements) = counted(told(&world.router, uri, &body)).await;
            assert_eq!(statements, 1, "{uri} with {count}");
            let rows = answer["data"].as_array().unwrap().len();
            assert!(uri.contains("wallets") || rows == count, "{uri} tells {rows} of {count}");
        }
    }
    // Numbers of contracts that nobody has named yet are looked for at once.
    let strangers: Vec<_> = (0..ITEMS_MAX)
        .map(|n| token("1", Address::left_padding_from(&n.to_be_bytes()), "1"))
        .collect();
    let body = json!({"tokens": strangers});
    let (_, statements) = counted(told(&world.router, ROUTES[0], &body)).await;
    assert_eq!(statements, 2);
    for list in ["contracts", "summary"] {
        let uri = format!("/v1/wallets/{}/{list}", person(1));
        ok(&world.router, &uri).await;
        assert_eq!(counted(ok(&world.router, &uri)).await.1, 1, "{uri}");
    }
}

#[tokio::test]
async fn every_fault_of_a_body_is_pointed_at_where_it_is() {
    let world = world().await;
    let good = token("1", APES, "1");
    let twice = format!(
        r#"{{"tokens": [{good}, {{"chain": 1, "chain": 1, "contract": "{APES}", "token_id": "1"}}]}}"#
    );
    let many = json!({"tokens": vec![&good; ITEMS_MAX + 1]}).to_string();
    let bad = json!({"chain": "\u{0}", "contract": "0x", "token_id": -1, "at_block": 1});
    let asset = json!({"id": "eip155:1/erc20:0x/1", "chain": 1});
    let checks = json!({"checks": [
        {"wallet": Address::ZERO, "contract": APES, "token_id": 9_007_199_254_740_992_u64},
        7,
        check(APES, &json!({"at_block": 1, "at_time": "2026-01-01T00:00:00Z"})),
    ], "min_finality": "soon"});
    let wallets = json!({"wallets": ["0x", person(1), person(1)], "at_block": 4, "limit": 5});
    for (route, body, pointers) in [
        (0, "{}".to_owned(), vec!["/tokens"]),
        (0, json!({"tokens": []}).to_string(), vec!["/tokens"]),
        (0, many, vec!["/tokens"]),
        (0, twice, vec!["/tokens/1/chain"]),
        (
            0,
            json!({"tokens": [good, bad]}).to_string(),
            vec![
                "/tokens/1/at_block",
                "/tokens/1/chain",
                "/tokens/1/contract",
                "/tokens/1/token_id",
            ],
        ),
        (
            0,
            json!({"tokens": [asset], "at_block": 1, "at_time": "2026-01-01T00:00:00Z"})
                .to_string(),
            vec!["/at_time", "/tokens/0/chain", "/tokens/0/id"],
        ),
        (
            1,
            checks.to_string(),
            vec![
                "/min_finality",
                "/checks/1",
                "/checks/0/wallet",
                "/checks/0/chain",
                "/checks/0/token_id",
                "/checks/2/at_time",
            ],
        ),
        (2, wallets.to_string(), vec!["/limit", "/wallets/0", "/wallets/2", "/chain"]),
        (2, json!({"wallets": vec![person(1); 101]}).to_string(), vec!["/wallets"]),
    ] {
        let answer = ask(&world.router, ROUTES[route], body.clone()).await;
        assert_eq!(answer.code(), "invalid_request", "{body:.80}");
        assert_eq!(
            column(&json!({"data": answer.json()["errors"]}), "pointer"),
            pointers,
            "{body:.80}"
        );
    }
    let all_wrong = json!({"tokens": vec![json!({}); ITEMS_MAX]}).to_string();
    let answer = ask(&world.router, ROUTES[0], all_wrong).await;
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 100, "and no more are named");
    for uri in ROUTES {
        let large = ask(&world.router, uri, vec![b' '; 256 * 1024 + 1]).await;
        assert_eq!(large.code(), "body_too_large");
        let untyped = Request::post(uri).body(Body::from("{}")).unwrap();
        assert_eq!(send(&world.router, untyped).await.code(), "unsupported_media_type");
        assert_eq!(ask(&world.router, &format!("{uri}?x=1"), "{}").await.code(), "invalid_request");
    }
}
