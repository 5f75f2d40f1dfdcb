//! Blocks that the chain takes back: what goes, what comes back, what is told.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use herald::store::Pool;
use serde_json::{Value, json};

use super::story::{ANN, ART, BOB, CAT, NOBODY, hands, minted};
use crate::support::compare::assert_same_rows;
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::{SimNode, SimTx, World, tracked};
use crate::support::tables;

async fn assert_true(node: &SimNode, indexer: &Indexer, when: &str) {
    let blocks = node.chain().canonical().to_vec();
    let truth = Replay::of(&blocks, &[Tracked::erc721(ART, 0)]);
    tables::assert_equal(&indexer.context.pool, indexer.context.key, &truth, when).await;
}

/// Types of the events from `seq` on, with the owner after each token event.
async fn told_from(indexer: &Indexer, seq: i64) -> Vec<(String, Value)> {
    let events = tables::events(&indexer.context.pool, indexer.context.key).await;
    events
        .into_iter()
        .filter(|event| event.seq >= seq)
        .map(|event| match event.kind.as_str() {
            "token.removed" => (event.kind, event.data["now"]["owner"].clone()),
            _ => (event.kind, event.data["to"].clone()),
        })
        .collect()
}

/// Replaces the newest block by one with these transactions, follows, and answers what was told.
async fn replaced(
    node: &SimNode,
    indexer: &Indexer,
    old: Vec<SimTx>,
    new: Vec<SimTx>,
) -> Vec<(String, Value)> {
    node.chain().mine(old);
    indexer.rest().await;
    assert_true(node, indexer, "before the reorg").await;
    let seq = tables::next_seq(&indexer.context.pool, indexer.context.key).await;
    node.chain().reorg(1, vec![new]);
    indexer.rest().await;
    assert_true(node, indexer, "after the reorg").await;
    told_from(indexer, seq).await
}

fn name(address: Address) -> Value {
    json!(address.to_checksum(None))
}

fn told(kind: &str, owner: impl Into<Value>) -> (String, Value) {
    (kind.to_owned(), owner.into())
}

#[tokio::test]
async fn a_transfer_that_is_taken_back_leaves_the_giver_holding() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    let feed = replaced(&node, &indexer, vec![hands(2, &[ANN, BOB])], vec![]).await;
    assert_eq!(feed[0].0, "chain.reorged");
    assert_eq!(feed[1..], [told("token.removed", name(ANN))]);
    let events = tables::events(&indexer.context.pool, indexer.context.key).await;
    let removal = events.iter().find(|event| event.kind == "token.removed").unwrap();
    let shown = node.chain().canonical()[2].hash;
    assert_eq!(removal.data["new_block"], json!({ "number": 2, "hash": shown }));
    assert_ne!(removal.data["old_block"], removal.data["new_block"]);
}

#[tokio::test]
async fn hops_within_one_transaction_are_removed_newest_first() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    let hops = hands(2, &[ANN, BOB, CAT, BOB]);
    let feed = replaced(&node, &indexer, vec![hops], vec![hands(3, &[ANN, CAT])]).await;
    let removed = told("token.removed", name(ANN));
    let moved = told("token.transferred", name(CAT));
    assert_eq!(feed[1..], [removed.clone(), removed.clone(), removed, moved]);
    let events = tables::events(&indexer.context.pool, indexer.context.key).await;
    let transferred: Vec<_> =
        events.iter().filter(|event| event.kind == "token.transferred").collect();
    let removes: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "token.removed")
        .map(|event| event.data["removes"].as_str().unwrap().to_owned())
        .collect();
    let newest_first: Vec<_> = transferred[..3]
        .iter()
        .rev()
        .map(|event| herald::types::EventId(event.id).to_string())
        .collect();
    assert_eq!(removes, newest_first);
}

#[tokio::test]
async fn self_transfers_there_and_back_and_mint_and_burn_are_taken_back() {
    for path in [
        &[ANN, ANN][..],
        &[ANN, BOB, ANN],
        &[ANN, NOBODY],
        &[ANN, NOBODY, BOB],
        &[ANN, BOB, NOBODY, CAT, NOBODY],
    ] {
        let database = fresh().await;
        let (node, indexer) = minted(&database.pool).await;
        let feed = replaced(&node, &indexer, vec![hands(2, path)], vec![]).await;
        assert_eq!(feed.len(), path.len(), "{path:?}");
        assert!(feed[1..].iter().all(|event| *event == told("token.removed", name(ANN))));
    }
}

#[tokio::test]
async fn a_mint_that_is_taken_back_leaves_nobody_holding() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    node.chain().reorg(1, vec![vec![], vec![]]);
    let seq = tables::next_seq(&indexer.context.pool, indexer.context.key).await;
    indexer.rest().await;
    assert_true(&node, &indexer, "after the mint has gone").await;
    assert_eq!(told_from(&indexer, seq).await[1], told("token.removed", Value::Null));
}

#[tokio::test]
async fn a_block_that_goes_and_comes_back_is_told_again_under_new_ids() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    node.chain().mine(vec![hands(2, &[ANN, BOB])]);
    indexer.rest().await;
    let mut tip = node.chain().reorg(1, vec![vec![hands(3, &[ANN, CAT])]]);
    for _ in 0..4 {
        indexer.rest().await;
        assert_true(&node, &indexer, "between two branches").await;
        let left = node.chain().head().hash;
        node.chain().switch(tip);
        tip = left;
    }
    indexer.rest().await;
    assert_true(&node, &indexer, "at the end").await;
    let events = tables::events(&indexer.context.pool, indexer.context.key).await;
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len(), "an id told twice");
    let to_bob: BTreeSet<_> = events
        .iter()
        .filter(|event| event.data["to"] == name(BOB))
        .map(|event| event.data.to_string())
        .collect();
    assert_eq!(to_bob.len(), 1, "the same data each time");
    let times: i32 = sqlx::query_scalar("select max(times) from chain.taken_back")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(times, 3);
}

#[tokio::test]
async fn every_reorg_is_in_the_journal() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    let mut moves = [hands(2, &[ANN, BOB]), hands(3, &[BOB, CAT])].into_iter();
    node.chain().mine(moves.by_ref().take(1).collect());
    node.chain().mine(moves.collect());
    indexer.rest().await;
    node.chain().reorg(2, vec![vec![], vec![], vec![]]);
    indexer.rest().await;
    type Row = (i64, i64, i64, i64, i64, String);
    let journal: Vec<Row> = sqlx::query_as(
        "select from_block, to_block, depth, transfers_removed, events_appended, cause
         from chain.rewinds",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(journal, [(3, 1, 2, 2, 3, "reorg".to_owned())]);
}

#[tokio::test]
async fn committing_a_rewinding_and_committing_b_leaves_what_b_alone_leaves() {
    for seed in 100..108 {
        let (twice, once) = (fresh().await, fresh().await);
        let mut world = World::new(seed);
        world.mine(12);
        let indexer = Indexer::new(&twice.pool, world.node(), "one").await;
        indexer.follow(&tracked(), 0).await;
        indexer.rest().await;
        world.reorg(seed % 9 + 1, seed % 5 + 9);
        indexer.rest().await;
        let other = Indexer::new(&once.pool, world.node(), "one").await;
        other.follow(&tracked(), 0).await;
        other.rest().await;
        for table in ["transfers", "holdings", "holdings_past"] {
            let (left, right) = (dump(&once.pool, table).await, dump(&twice.pool, table).await);
            assert_same_rows(&format!("{table}, seed {seed}"), left, right);
        }
    }
}

/// Every row of a table, as text, without what only counts rewinds.
pub(super) async fn dump(pool: &Pool, table: &str) -> Vec<String> {
    let statement = format!("select t::text from chain.{table} t");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_all(pool).await.unwrap()
}
