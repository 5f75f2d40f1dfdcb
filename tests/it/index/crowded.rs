//! A range over more tokens than anybody holds one by one is noted and changes no owner.

use alloy::primitives::U256;
use herald::store::Pool;

use super::story::{ANN, ART, BOB, CAT, NOBODY, minted};
use crate::support::database::fresh;
use crate::support::sim::{SimTx, consecutive_transfer, erc721_transfer};
use crate::support::tables;

/// What the contract's tokens are and what was noted: holdings of Cat, rows of ranges, irregular
/// transfers by the table and by the counter, transfers by the counter.
async fn noted(pool: &Pool) -> (i64, i64, Vec<String>, i32, i64) {
    let (held, ranges): (i64, i64) = sqlx::query_as(
        "select (select count(*) from chain.holdings where owner = $1),
            (select count(*) from chain.token_ranges)",
    )
    .bind(CAT.as_slice())
    .fetch_one(pool)
    .await
    .unwrap();
    let reasons = sqlx::query_scalar("select reason from chain.irregularities order by block")
        .fetch_all(pool)
        .await
        .unwrap();
    let (irregular, transfers) =
        sqlx::query_as("select irregular, transfers from chain.contracts where address = $1")
            .bind(ART.as_slice())
            .fetch_one(pool)
            .await
            .unwrap();
    (held, ranges, reasons, irregular, transfers)
}

#[tokio::test]
async fn a_range_over_too_many_single_tokens_is_noted_and_taken_back() {
    let database = fresh().await;
    let pool = &database.pool;
    let (node, indexer) = minted(pool).await;
    let holdings = "insert into chain.holdings
            (since, acquired, contract_id, since_log, chain, token_id, owner)
         select 1, 1, c.id, 0, c.chain, 1000 + n, $1
         from chain.contracts c, generate_series(1, 100001) n";
    sqlx::query(holdings).bind(CAT.as_slice()).execute(pool).await.unwrap();

    let range = |first: u64, last| {
        consecutive_transfer(ART, (U256::from(first), U256::from(last)), CAT, BOB)
    };
    let single = erc721_transfer(ART, ANN, BOB, U256::from(7));
    node.chain().mine(vec![SimTx::new(20, vec![range(0, 200_000), single])]);
    let mint = consecutive_transfer(ART, (U256::from(1), U256::from(5)), NOBODY, ANN);
    node.chain().mine(vec![SimTx::new(21, vec![mint])]);
    indexer.live().await.unwrap();
    let crowded = vec!["range_crowded".to_owned()];
    assert_eq!(noted(pool).await, (100_001, 1, crowded.clone(), 1, 4));
    let owners = tables::holdings(pool, indexer.context.key).await;
    assert_eq!(owners.get(&(ART, U256::from(7))).map(|held| held.0), Some(BOB));

    node.chain().reorg(1, vec![vec![], vec![]]);
    indexer.live().await.unwrap();
    assert_eq!(noted(pool).await, (100_001, 0, crowded, 1, 3));
    node.chain().reorg(3, vec![vec![], vec![], vec![], vec![]]);
    indexer.live().await.unwrap();
    assert_eq!(noted(pool).await, (100_001, 0, vec![], 0, 1));
    let removed = tables::events(pool, indexer.context.key).await;
    let removed: Vec<_> = removed.iter().filter(|event| event.kind == "token.removed").collect();
    let now: Vec<_> = removed.iter().map(|event| event.data["now"].clone()).collect();
    let ann = serde_json::json!({ "owner": ANN.to_checksum(None) });
    let nobody = serde_json::json!({ "owner": null });
    assert_eq!(now, [nobody, ann, serde_json::Value::Null]);
}
