//! What goes on beside a fold: a live commit that it ends before, folds that fail, claims of replicas
//! that have vanished.

use alloy::primitives::U256;
use herald::store::{Pool, folds, replicas};
use herald::work::Pass;

use super::fences::{another_pool, meanwhile};
use super::folds::{LONG, assert_true, done, loaded, one};
use super::story::{ANN, ART, BOB, CAT, NOBODY};
use super::trial::mine;
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::Kind;
use crate::support::sim::{SimChain, SimNode, consecutive_transfer, tracked};
use crate::support::tables;

async fn run(pool: &Pool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

async fn checkpoint(pool: &Pool) -> i64 {
    sqlx::query_scalar("select checkpoint from chain.chains").fetch_one(pool).await.unwrap()
}

/// Has another replica end the fold while the next question for logs is under way.
fn fold_meanwhile(node: &SimNode, pool: &Pool) {
    let pool = pool.clone();
    node.faults().before_logs = Some(Box::new(move |_: &mut SimChain| {
        meanwhile(|| async {
            let pool = another_pool(&pool);
            let away = SimNode::new(SimChain::new(1, 31_337));
            let two = Indexer::new(&pool, away, "two").await;
            while two.fold().await.unwrap() == Pass::Worked {}
            let ready = tables::in_state(&pool, two.context.key, "ready").await;
            assert_eq!(ready, [ART].into(), "the fold did not end");
        });
    }));
}

#[tokio::test]
async fn a_live_pass_that_a_fold_ends_beside_is_committed_and_owned() {
    for ranges in [false, true] {
        let database = fresh().await;
        let pool = &database.pool;
        let (node, indexer) = loaded(pool, 0).await;
        if ranges {
            let span = (U256::from(20), U256::from(29));
            mine(&node, 900, &[consecutive_transfer(ART, span, NOBODY, ANN)]);
            indexer.live().await.unwrap();
        }
        mine(&node, 901, &[one(3, CAT, ANN), one(22, if ranges { ANN } else { NOBODY }, BOB)]);
        fold_meanwhile(&node, pool);
        let before = checkpoint(pool).await;
        indexer.live().await.unwrap();
        assert!(node.faults().before_logs.is_none(), "nobody asked for logs");
        assert_eq!(checkpoint(pool).await, before + 1, "the pass was refused");
        assert_true(&node, &indexer, &format!("ranges {ranges}")).await;
    }
}

#[tokio::test]
async fn a_contract_that_is_ready_twice_at_one_block_is_told_of_twice() {
    let database = fresh().await;
    let (node, indexer) = loaded(&database.pool, 3).await;
    indexer.rest().await;
    let before = checkpoint(&database.pool).await;
    run(&database.pool, "update chain.contracts set wanted_start = 0").await;
    assert_true(&node, &indexer, "from a lower start").await;
    assert_eq!(checkpoint(&database.pool).await, before, "at another block");
    let told = tables::events(&database.pool, indexer.context.key).await;
    let mut ids: Vec<_> =
        told.iter().filter(|row| row.kind == "contract.ready").map(|row| row.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn a_fold_that_fails_lets_others_go_first() {
    let database = fresh().await;
    let pool = &database.pool;
    let (node, indexer) = loaded(pool, 0).await;
    let other = tracked()[0];
    indexer.follow_as(other, Some(Kind::Erc721), 0).await;
    indexer.rest_but("fold ").await;
    run(pool, "alter table chain.holdings add constraint odd check (contract_id <> 1)").await;
    let failed = indexer.fold().await.expect_err("a table that refuses the contract");
    assert!(format!("{failed:#}").contains(&ART.to_string()), "{failed:#}");
    indexer.rest().await;
    let ready = tables::in_state(pool, indexer.context.key, "ready").await;
    assert_eq!(ready, [other].into());
    run(
        pool,
        "alter table chain.holdings drop constraint odd;
        update chain.contracts set state = 'stopped' where id <> 1;
        update chain.folds set lease_until = clock_timestamp() - interval '1 s'",
    )
    .await;
    assert_true(&node, &indexer, "when its claim has run out").await;
}

#[tokio::test]
async fn a_vanished_replica_is_remembered_until_its_fold_is_free() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = loaded(pool, 0).await;
    indexer.fold().await.unwrap();
    let fold = folds::claim(pool, indexer.context.key, ("gone", LONG)).await.unwrap().unwrap();
    run(
        pool,
        "insert into chain.leases (name, owner, until, token)
        values ('replica:gone', 'gone', clock_timestamp() - interval '1 s', 1)",
    )
    .await;
    let mut holder = pool.begin().await.unwrap();
    folds::check(&mut holder, &fold).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    for (held, left) in [(true, 1), (false, 0)] {
        replicas::bury(&mut connection, "gone").await.unwrap().expect("it has vanished");
        let others = replicas::others(&mut connection, "one").await.unwrap();
        assert_eq!(others.len(), left, "held: {held}");
        if held {
            sqlx::query("rollback").execute(&mut *holder).await.unwrap();
        }
    }
    assert_eq!(indexer.fold().await.unwrap(), Pass::Worked, "the fold is free");
    assert!(done(pool).await.is_some());
}
