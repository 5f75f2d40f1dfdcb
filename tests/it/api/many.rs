//! Ten thousand contracts on one chain, listed.

use std::collections::HashSet;

use axum::http::StatusCode;

use super::{get, ok, world};
use crate::support::statements::counted;

/// Statements of one page.
const STATEMENTS: usize = 1;

#[tokio::test]
async fn a_list_of_ten_thousand_costs_the_same_on_every_page() {
    let world = world().await;
    sqlx::query(
        r"insert into chain.contracts (chain, address, standard, state, origin, start_block, live_from)
        select $1, decode(lpad(to_hex(n), 40, '0'), 'hex'), 'erc721', 'loading', 'config', n, 20000
        from generate_series(1, 10000) n",
    )
    .bind(world.two.id)
    .execute(&world.db.pool)
    .await
    .unwrap();
    // The names of the chains are asked for once.
    ok(&world.router, "/v1/chains/137").await;
    let mut seen = HashSet::new();
    let mut next = String::new();
    loop {
        let uri = format!("/v1/contracts?chain=137&limit=1000{next}");
        let (answer, statements) = counted(get(&world.router, &uri)).await;
        assert_eq!((answer.status, statements), (StatusCode::OK, STATEMENTS), "{uri}");
        let page = answer.json();
        let rows = page["data"].as_array().unwrap();
        assert!(
            rows.iter().all(|row| seen.insert(row["address"].to_string())),
            "a row is told twice"
        );
        let Some(cursor) = page["page"]["next"].as_str() else { break };
        assert_eq!(rows.len(), 1_000);
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen.len(), 10_000);
}
