//! Contracts that leave the set that loads them: because a span that they need nothing of fails, or
//! because they are stopped.

use herald::store::Pool;

use super::sharing::{assert_true, followed};
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Kind, Replay, Tracked};
use crate::support::sim::{World, tracked};
use crate::support::tables;

/// The one span of a set in three pieces, the lowest of which fails again and again while somebody
/// reads it.
async fn in_pieces(pool: &Pool, [first, second]: [i64; 2]) {
    for statement in [
        r"insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block)
        select set_id, chain, log_kinds, p.first, p.first, p.last
        from chain.spans cross join lateral (values ($1, $2 - 1), ($2, to_block)) p (first, last)",
        r"update chain.spans set to_block = $1 - 1, failures = 99, detail = 'no answer',
            lease_owner = 'x', lease_until = 'infinity'
        where from_block < $1 and $2 > $1",
    ] {
        sqlx::query(statement).bind(first).bind(second).execute(pool).await.expect("pieces");
    }
}

/// A chain on which two contracts share a set whose lowest piece fails; the second needs nothing of it.
async fn failing(pool: &Pool) -> (World, Indexer) {
    let (world, indexer) = followed(pool, 60, 1_000).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.follow(&tracked()[1..2], 20).await;
    indexer.track().await.expect("the contracts are joined");
    in_pieces(pool, [20, 40]).await;
    (world, indexer)
}

/// Both contracts are ready and true: letting the second go ended the claim on the failing piece too,
/// without which nobody would ever read it.
async fn assert_both_are_ready(world: &World, indexer: &Indexer) {
    let (pool, key) = (&indexer.context.pool, indexer.context.key);
    let of = [Tracked::erc721(tracked()[0], 0), Tracked::erc721(tracked()[1], 20)];
    let truth = Replay::of(&world.canonical(), &of);
    assert_eq!(tables::in_state(pool, key, "ready").await.len(), 2);
    tables::assert_equal(pool, key, &truth, "after a failing piece").await;
}

#[tokio::test]
async fn a_failing_span_keeps_nobody_waiting_whose_past_lies_above_it() {
    let database = fresh().await;
    let (world, indexer) = failing(&database.pool).await;
    indexer.rest().await;
    assert_both_are_ready(&world, &indexer).await;
}

#[tokio::test]
async fn one_that_leaves_a_failing_set_has_what_was_read_beside_a_broken_seam_read_again() {
    let database = fresh().await;
    let (world, indexer) = failing(&database.pool).await;
    let forged = "update chain.spans set next_block = to_block + 1, state = 'done',
        first_parent_hash = sha256('a'), last_hash = sha256('b') where from_block >= 20";
    sqlx::query(forged).execute(&database.pool).await.expect("read from two other forks");
    indexer.rest().await;
    assert_both_are_ready(&world, &indexer).await;
}

#[tokio::test]
async fn one_that_is_stopped_keeps_nothing_that_was_read_beside_a_broken_seam() {
    let database = fresh().await;
    let pool = &database.pool;
    let (world, indexer) = followed(pool, 60, 1_000).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.track().await.expect("the contract is joined");
    in_pieces(pool, [20, 40]).await;
    let forged = "update chain.spans set next_block = to_block + 1, state = 'done',
        first_parent_hash = sha256('a'), last_hash = sha256('b') where from_block >= 20";
    sqlx::query(forged).execute(pool).await.expect("read from two other forks");
    indexer.stop(tracked()[0], false).await;
    assert!(indexer.come_back(tracked()[0], Kind::Erc721).await);
    indexer.rest().await;
    assert_true(&world, &indexer, &tracked()[..1]).await;
}
