//! Each route answers, in the shape that the contract fixes.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use herald::api::ROUTES;
use serde_json::json;

use super::{APES, NOBODY, code, column, get, ok, send, world};
use crate::support::seed::{block_hash, person, tx_hash};

fn filled(path: &str, event: &str) -> String {
    let address = if path.contains("wallets") { person(1) } else { APES };
    let whole = if path == "/v1/transfers/export" { "?chain=1" } else { "" };
    format!("{path}{whole}")
        .replace("{chain}", "1")
        .replace("{address}", &address.to_string())
        .replace("{contract}", &APES.to_string())
        .replace("{token_id}", "1")
        .replace("{id}", event)
}

#[tokio::test]
async fn each_get_route_answers_and_so_does_its_head() {
    let world = world().await;
    let id = world.one.event("token.minted", Some((10, block_hash(1, 10))), "{}").await;
    let id = herald::types::EventId(id).to_string();
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let uri = filled(route.path, &id);
        let answer = get(&world.router, &uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
        let head = send(&world.router, Request::head(&uri).body(Body::empty()).unwrap()).await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""), "HEAD {uri}");
        assert!(!route.summary.is_empty());
    }
}

#[tokio::test]
async fn a_chain_is_named_by_id_number_or_alias() {
    let world = world().await;
    let expected = ok(&world.router, "/v1/chains/eip155:1").await["id"].clone();
    assert_eq!(expected, "eip155:1");
    for name in ["1", "ethereum", "eip155%3A1"] {
        assert_eq!(ok(&world.router, &format!("/v1/chains/{name}")).await["id"], expected);
    }
    assert_eq!(code(&world.router, "/v1/chains/5").await, "chain_unknown");
}

#[tokio::test]
async fn a_chain_shows_marks_load_and_endpoints() {
    let world = world().await;
    world.apes.loading(100, 25).await;
    sqlx::query(
        r"insert into chain.endpoints (chain, name, head, requests, failures, latency_ms, status)
        values ($1, 'main', 41, 200, 50, 12.5, 'ok')",
    )
    .bind(world.one.id)
    .execute(&world.db.pool)
    .await
    .unwrap();
    sqlx::query("update chain.chains set head = 43 where id = $1")
        .bind(world.one.id)
        .execute(&world.db.pool)
        .await
        .unwrap();
    let mut chain = ok(&world.router, "/v1/chains/1").await;
    assert!(chain["lag_ms"].take().as_i64().unwrap() >= 0);
    assert!(chain["meta"].take()["as_of"][0]["lag_ms"].is_i64());
    let expected = json!({
        "id": "eip155:1", "name": "ethereum", "status": "live", "status_detail": null,
        "head": 43, "indexed": 40, "safe": 32, "finalized": 28, "lag_blocks": 3, "lag_ms": null,
        "indexes": "ready",
        "load": {"blocks_done": 25, "blocks_total": 100, "blocks_per_s": null, "eta_s": null},
        "endpoints": [{"name": "main", "status": "ok", "detail": null, "head": 41,
            "error_rate": 0.25, "latency_ms": 12.5, "omissions": null}],
        "meta": null,
    });
    assert_eq!(chain, expected);
    let all = ok(&world.router, "/v1/chains?limit=1").await;
    assert_eq!(column(&all, "name"), ["ethereum"]);
    let next = all["page"]["next"].as_str().unwrap();
    let rest = ok(&world.router, &format!("/v1/chains?limit=1&cursor={next}")).await;
    assert_eq!(column(&rest, "name"), ["polygon"]);
    assert!(rest["page"]["next"].is_null());
}

#[tokio::test]
async fn the_journal_tells_the_newest_reorg_first() {
    let world = world().await;
    for number in 1..=3_i64 {
        sqlx::query(
            r"insert into chain.rewinds (chain, from_block, from_hash, to_block, to_hash, depth,
                transfers_removed, events_appended)
            values ($1, 30 + $2, $3, 30, $4, $2, 7, 8)",
        )
        .bind(world.one.id)
        .bind(number)
        .bind(block_hash(2, 30 + number).as_slice())
        .bind(block_hash(1, 30).as_slice())
        .execute(&world.db.pool)
        .await
        .unwrap();
    }
    let list = super::pages(&world.router, "/v1/chains/1/reorgs?limit=2", async |_| {}).await;
    let depths: Vec<_> = list.iter().map(|row| row["depth"].as_i64().unwrap()).collect();
    assert_eq!(depths, [3, 2, 1]);
    assert_eq!(list[0]["from"], json!({"number": 33, "hash": block_hash(2, 33)}));
    assert_eq!(list[0]["to"], json!({"number": 30, "hash": block_hash(1, 30)}));
    assert_eq!(
        (&list[0]["transfers_removed"], &list[0]["events_appended"]),
        (&json!(7), &json!(8))
    );
    assert_eq!(list[0]["cause"], "reorg");
}

#[tokio::test]
async fn a_contract_shows_what_is_covered_and_what_is_not() {
    let world = world().await;
    let uri = format!("/v1/contracts/ethereum/{}", APES.to_string().to_lowercase());
    let mut contract = ok(&world.router, &uri).await;
    assert_eq!(contract["meta"].take()["as_of"][0]["indexed"], 40);
    let expected = json!({
        "chain": "eip155:1", "address": "0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D",
        "name": null, "symbol": null, "standard": "erc721", "origin": "config", "start_block": 5,
        "status": "ready", "loaded_percent": null, "covered": {"from": 5, "to": 40},
        "trust": {"consistent": null, "audited_at": null, "proven": []},
        "supply": 0, "holders": 0, "transfers": 0, "irregular": 0, "meta": null,
    });
    assert_eq!(contract, expected);

    let cats = world.two.contract(super::CATS, "loading", 0).await;
    cats.loading(3, 1).await;
    let list = ok(&world.router, "/v1/contracts?status=loading").await;
    assert_eq!(column(&list, "chain"), ["eip155:137"]);
    assert_eq!(column(&list, "loaded_percent"), ["33.3"]);
    assert_eq!(column(&list, "covered"), ["null"]);
    assert_eq!(column(&list, "supply"), ["null"]);
    let rows = super::pages(&world.router, "/v1/contracts?limit=1", async |_| {}).await;
    assert_eq!(rows.len(), 2);
    assert!(ok(&world.router, "/v1/contracts?chain=1&status=loading").await["data"][0].is_null());
}

#[tokio::test]
async fn a_token_tells_who_holds_it_and_where_it_came_from() {
    let world = world().await;
    let path = format!("/v1/tokens/1/{APES}");
    let mut token = ok(&world.router, &format!("{path}/0x1")).await;
    let meta = token["meta"].take();
    assert_eq!(meta["as_of"][0]["block_hash"], block_hash(1, 40).to_string());
    let expected = json!({
        "id": "eip155:1/erc721:0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D/1",
        "chain": "eip155:1", "contract": "0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D",
        "token_id": "1", "standard": "erc721", "owner": person(3).to_checksum(None), "supply": "1",
        "minted": {"block": 10, "time": "2026-01-01T00:02:00Z", "tx_hash": tx_hash(10, 0)},
        "last_transfer": {"block": 30, "time": "2026-01-01T00:06:00Z", "tx_hash": tx_hash(30, 2)},
        "metadata": null, "meta": null,
    });
    assert_eq!(token, expected);
    let burned = ok(&world.router, &format!("{path}/3")).await;
    assert_eq!((&burned["owner"], &burned["supply"]), (&json!(null), &json!("0")));
    assert_eq!(code(&world.router, &format!("{path}/4")).await, "token_unknown");
    assert_eq!(
        code(&world.router, &format!("/v1/tokens/1/{NOBODY}/4")).await,
        "contract_not_tracked"
    );
}

#[tokio::test]
async fn a_transfer_has_the_fields_of_the_contract() {
    let world = world().await;
    let list = ok(&world.router, &format!("/v1/tokens/1/{APES}/1/transfers")).await;
    let expected = json!({
        "id": format!("eip155:1:{}:2:0", tx_hash(30, 2)),
        "chain": "eip155:1", "contract": "0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D",
        "token_id": "1", "standard": "erc721", "kind": "transfer",
        "from": person(2).to_checksum(None), "to": person(3).to_checksum(None), "amount": "1",
        "block": {"number": 30, "hash": block_hash(1, 30), "time": "2026-01-01T00:06:00Z"},
        "tx_hash": tx_hash(30, 2), "log_index": 2, "batch_index": 0, "finality": "safe",
    });
    assert_eq!(list["data"][0], expected);
    assert_eq!(column(&list, "kind"), ["transfer", "transfer", "mint"]);
    assert_eq!(column(&list, "finality"), ["safe", "finalized", "finalized"]);
    assert!(list["data"][2]["from"].is_null(), "nobody gives on a mint");
}

#[tokio::test]
async fn system_routes_speak_of_the_process_only() {
    let world = world().await;
    assert_eq!(ok(&world.router, "/health/live").await, json!({"status": "ok"}));
    assert_eq!(ok(&world.router, "/health/ready").await, json!({"status": "ok"}));
    assert_eq!(ok(&world.router, "/version").await["name"], "herald");
    assert_eq!(get(&world.router, "/metrics").await.text, "herald_up 1\n");
}
