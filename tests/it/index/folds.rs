//! Folds in parts: what is built meanwhile, what ends them, and who waits for whom.

use std::collections::BTreeMap;
use std::time::Duration;

use alloy::primitives::{B256, Log, U256};
use herald::index::depart;
use herald::index::rewind::{Cause, Order, rewind};
use herald::store::{Pool, StoreError, chains, folds};
use herald::types::ContractKey;
use herald::work::Pass;

use super::story::{ANN, ART, BOB, CAT, NOBODY};
use super::trial::mine;
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Kind, Replay, Tracked};
use crate::support::sim::{
    SimChain, SimNode, World, consecutive_transfer, erc721_transfer, tracked,
};
use crate::support::tables;

/// Blocks above a history, so that it is final.
const ABOVE: u64 = 20;
/// How long a test claims a fold; never waited for.
pub(super) const LONG: Duration = Duration::from_secs(3_600);

pub(super) fn one(
    token: u64,
    from: alloy::primitives::Address,
    to: alloy::primitives::Address,
) -> Log {
    erc721_transfer(ART, from, to, U256::from(token))
}

/// Ten tokens that moved twice, all of it final and loaded; nothing is folded yet.
pub(super) async fn loaded(pool: &Pool, start: u64) -> (SimNode, Indexer) {
    let node = SimNode::new(SimChain::new(1, 31_337));
    for token in 0..10 {
        mine(&node, token + 1, &[one(token, NOBODY, ANN), one(token, ANN, BOB)]);
        mine(&node, token + 101, &[one(token, BOB, CAT)]);
    }
    (0..ABOVE).for_each(|_| drop(node.chain().mine(vec![])));
    let indexer = Indexer::new(pool, node.clone(), "one").await;
    indexer.rest().await;
    indexer.follow_as(ART, Some(Kind::Erc721), start).await;
    indexer.rest_but("fold ").await;
    (node, indexer)
}

pub(super) async fn assert_true(node: &SimNode, indexer: &Indexer, when: &str) {
    indexer.rest().await;
    let context = &indexer.context;
    let truth = Replay::of(node.chain().canonical(), &[Tracked::erc721(ART, 0)]);
    let ready = tables::in_state(&context.pool, context.key, "ready").await;
    assert_eq!(ready, [ART].into(), "{when}");
    tables::assert_equal(&context.pool, context.key, &truth, when).await;
    let left: i64 = sqlx::query_scalar("select count(*) from chain.folds")
        .fetch_one(&context.pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "{when}");
}

/// Whether the only fold needs but its last step; none where it is not begun.
pub(super) async fn done(pool: &Pool) -> Option<bool> {
    sqlx::query_scalar("select done from chain.folds").fetch_optional(pool).await.unwrap()
}

#[tokio::test]
async fn all_steps_but_the_last_leave_the_chain_to_others() {
    let database = fresh().await;
    let (node, indexer) = loaded(&database.pool, 0).await;
    assert_eq!(indexer.fold().await.unwrap(), Pass::Worked);
    let mut tx = database.pool.begin().await.unwrap();
    chains::lock(&mut tx, indexer.context.key).await.unwrap();
    let mut parts = 1;
    while done(&database.pool).await == Some(false) {
        // A step that asked for the lock would wait for ever.
        assert_eq!(indexer.fold().await.unwrap(), Pass::Worked);
        parts += 1;
    }
    assert!(parts > 3, "{parts} parts of thirty transfers");
    tx.rollback().await.unwrap();
    assert_true(&node, &indexer, "after the last step").await;
}

#[tokio::test]
async fn a_claim_that_is_lost_or_held_by_another_is_told_without_waiting() {
    let database = fresh().await;
    let (node, indexer) = loaded(&database.pool, 0).await;
    indexer.fold().await.unwrap();
    let (pool, key) = (&database.pool, indexer.context.key);
    let first = folds::claim(pool, key, ("two", LONG)).await.unwrap().expect("a free fold");
    assert_eq!(folds::claim(pool, key, ("three", LONG)).await.unwrap(), None);
    assert_eq!(indexer.fold().await.unwrap(), Pass::Idle, "another one builds it");
    let mut holder = pool.begin().await.unwrap();
    folds::check(&mut holder, &first).await.unwrap();
    let mut other = pool.begin().await.unwrap();
    let refused = folds::check(&mut other, &first).await;
    assert!(matches!(refused, Err(StoreError::Fenced { what: "fold" })), "{refused:?}");
    folds::end(&mut holder, first.contract).await.unwrap();
    holder.commit().await.unwrap();
    let whom = (key, first.contract);
    let again = folds::begin(pool, whom, first.to_block, ("two", LONG)).await.unwrap();
    let again = again.expect("a new fold");
    for (fold, ours) in [(&first, false), (&again, true)] {
        assert_eq!(folds::check(&mut other, fold).await.is_ok(), ours, "{fold:?}");
    }
    other.rollback().await.unwrap();
    folds::release(pool, "two").await.unwrap();
    assert_true(&node, &indexer, "by whoever comes next").await;
}

#[tokio::test]
async fn a_range_that_comes_while_tokens_are_built_is_gone_through_afterwards() {
    for steps in [1, 2, 4, 7] {
        let database = fresh().await;
        let (node, indexer) = loaded(&database.pool, 0).await;
        for _ in 0..steps {
            indexer.fold().await.unwrap();
        }
        let range = |first: u64, last: u64, from, to| {
            consecutive_transfer(ART, (U256::from(first), U256::from(last)), from, to)
        };
        mine(&node, 900, &[range(20, 29, NOBODY, ANN), range(3, 5, CAT, ANN)]);
        mine(&node, 901, &[one(22, ANN, BOB), one(4, ANN, NOBODY)]);
        indexer.live().await.unwrap();
        (0..ABOVE * (steps % 2)).for_each(|_| drop(node.chain().mine(vec![])));
        assert_true(&node, &indexer, &format!("after {steps} steps")).await;
    }
}

/// What ends a fold before it is done.
#[derive(Clone, Copy, Debug)]
enum End {
    Rewind,
    LowerStart,
    Stop,
    Purge,
}

#[tokio::test]
async fn a_fold_that_was_ended_begins_anew_whatever_was_built() {
    for end in [End::Rewind, End::LowerStart, End::Stop, End::Purge] {
        for steps in [1, 3, 5] {
            let database = fresh().await;
            let start = if matches!(end, End::LowerStart) { 3 } else { 0 };
            let (node, indexer) = loaded(&database.pool, start).await;
            for _ in 0..steps {
                indexer.fold().await.unwrap();
            }
            assert!(done(&database.pool).await.is_some(), "{end:?} comes too late");
            ended(&node, &indexer, end).await;
            assert_true(&node, &indexer, &format!("{end:?} after {steps} steps")).await;
        }
    }
}

async fn ended(node: &SimNode, indexer: &Indexer, end: End) {
    let (context, pool) = (&indexer.context, &indexer.context.pool);
    let art = ContractKey(1);
    match end {
        End::Rewind => {
            let head = node.chain().head().header.number;
            let blocks = (0..=head - 6).map(|_| vec![]).collect();
            node.chain().reorg(head - 6, blocks);
            let row = chains::load(pool, context.key).await.unwrap();
            let to = (6, node.chain().canonical()[6].hash);
            let shown = BTreeMap::<u64, B256>::new();
            let expected = row.checkpoint.unwrap();
            let order = Order { expected, to, shown: &shown, cause: Cause::Operator };
            rewind(context, None, &order).await.unwrap();
        }
        End::LowerStart => {
            set(pool, "update chain.contracts set wanted_start = 0").await;
        }
        End::Stop | End::Purge => {
            let purge = matches!(end, End::Purge);
            depart::stop(pool, (context.key, context.id), art, purge).await.unwrap();
            indexer.rest().await;
            set(pool, "update chain.contracts set state = 'probing', purged = false").await;
        }
    }
    assert_eq!(done(pool).await.filter(|_| !matches!(end, End::LowerStart)), None, "{end:?}");
}

async fn set(pool: &Pool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

#[tokio::test]
async fn the_chain_moves_on_while_contracts_are_folded() {
    for seed in 300..304 {
        let database = fresh().await;
        let mut world = World::new(seed);
        world.mine(60);
        let indexer = Indexer::new(&database.pool, world.node(), "one").await;
        indexer.rest().await;
        indexer.follow(&tracked(), 0).await;
        indexer.rest_but("fold ").await;
        for step in 0..60 {
            indexer.fold().await.unwrap();
            match step % 7 {
                6 => drop(world.reorg(3, 4)),
                _ => drop(world.mine(2)),
            }
            let _ = indexer.live().await;
        }
        world.settle();
        indexer.rest().await;
        let context = &indexer.context;
        let when = format!("folded beside a live edge, seed {seed}");
        tables::assert_equal(&context.pool, context.key, &world.replay(0), &when).await;
        let ready = tables::in_state(&context.pool, context.key, "ready").await;
        assert_eq!(ready, tracked().into_iter().collect());
    }
}
