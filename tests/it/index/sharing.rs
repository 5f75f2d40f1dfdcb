//! How the past is shared out: contracts that share requests, workers that share spans, and seams
//! between what different workers have read.

use alloy::primitives::Address;
use herald::index::Rules;
use herald::index::load::Load;
use herald::store::Pool;
use herald::work::{Pass, Worker};

use crate::support::database::fresh;
use crate::support::indexer::{CHAIN, Indexer, rules};
use crate::support::listening::Listening;
use crate::support::replay::{Kind, Replay, Tracked};
use crate::support::sim::{World, tracked};
use crate::support::tables;

/// First, next and last blocks of the spans, by their beginnings.
async fn spans(pool: &Pool) -> Vec<(i64, i64, i64)> {
    sqlx::query_as("select from_block, next_block, to_block from chain.spans order by from_block")
        .fetch_all(pool)
        .await
        .expect("the spans")
}

/// A world of so many blocks whose chain is followed, and a replica of steps of `range_max` blocks.
pub(super) async fn followed(pool: &Pool, blocks: u64, range_max: u64) -> (World, Indexer) {
    let mut world = World::new(21);
    world.mine(blocks);
    let rules = Rules { range_max, ..rules() };
    let indexer = Indexer::with_rules(pool, world.node(), "one", rules).await;
    indexer.rest().await;
    (world, indexer)
}

pub(super) async fn assert_true(world: &World, indexer: &Indexer, contracts: &[Address]) {
    let of: Vec<Tracked> = contracts.iter().map(|it| Tracked::erc721(*it, 0)).collect();
    let truth = Replay::of(&world.canonical(), &of);
    let (pool, key) = (&indexer.context.pool, indexer.context.key);
    assert_eq!(tables::in_state(pool, key, "ready").await.len(), contracts.len());
    tables::assert_equal(pool, key, &truth, "after a shared load").await;
}

#[tokio::test]
async fn a_worker_without_a_span_takes_half_of_the_longest_rest() {
    let database = fresh().await;
    let pool = &database.pool;
    let (world, indexer) = followed(pool, 60, 1).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.track().await.expect("the contract is joined");
    let last = spans(pool).await[0].2;
    let workers: Vec<Load> =
        (0..4).map(|which| Load::new(indexer.context.clone(), which)).collect();
    // Each holds its claim as a worker does in the middle of a step.
    for worker in &workers {
        assert_eq!(worker.pass().await.expect("a step"), Pass::Worked);
        sqlx::query("update chain.spans set lease_until = clock_timestamp() + interval '1 hour'")
            .execute(pool)
            .await
            .expect("everything is claimed");
    }
    let spans = spans(pool).await;
    assert_eq!(spans.len(), 4, "{spans:?}");
    assert_eq!((spans[0].0, spans[3].2), (0, last));
    assert!(spans.windows(2).all(|two| two[0].2 + 1 == two[1].0), "a gap or a double: {spans:?}");
    assert!(
        spans.iter().all(|span| span.2 - span.1 + 1 >= 4),
        "too small to be worth it: {spans:?}"
    );
    sqlx::query("update chain.spans set lease_until = null").execute(pool).await.expect("freed");
    indexer.rest().await;
    assert_true(&world, &indexer, &tracked()[..1]).await;
}

#[tokio::test]
async fn a_short_rest_is_left_whole() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = followed(pool, 40, 1_000).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.track().await.expect("the contract is joined");
    sqlx::query("update chain.spans set lease_owner = 'x', lease_until = 'infinity'")
        .execute(pool)
        .await
        .expect("the span is claimed");
    assert_eq!(indexer.load().await.expect("a look"), Pass::Idle);
    assert_eq!(spans(pool).await.len(), 1);
}

#[tokio::test]
async fn a_step_beyond_an_end_that_was_lowered_meanwhile_is_not_committed() {
    let database = fresh().await;
    let pool = &database.pool;
    let (world, _) = followed(pool, 60, 30).await;
    let listening = Listening::on(world.node());
    let rules = Rules { range_max: 30, ..rules() };
    let indexer = Indexer::over(pool, (CHAIN, listening.clone() as _), "one", rules).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.track().await.expect("the contract is joined");
    listening.meanwhile(pool, "update chain.spans set to_block = 9");
    assert_eq!(indexer.load().await.expect("the step is given up"), Pass::Idle);
    assert_eq!(spans(pool).await, [(0, 0, 9)], "the step was committed");
    let stored: i64 = sqlx::query_scalar("select count(*) from chain.transfers")
        .fetch_one(pool)
        .await
        .expect("a count");
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn spans_that_do_not_stand_on_each_other_are_read_again() {
    let database = fresh().await;
    let pool = &database.pool;
    let (world, indexer) = followed(pool, 60, 4).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.track().await.expect("the contract is joined");
    let last = spans(pool).await[0].2;
    // Two halves; the upper one is read first, and was read from another fork.
    sqlx::query("update chain.spans set to_block = 19").execute(pool).await.expect("halved");
    sqlx::query(
        r"insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block, state,
            first_parent_hash, last_hash)
        select set_id, chain, log_kinds, 20, $1 + 1, $1, 'done', decode(repeat('ab', 32), 'hex'),
            decode(repeat('cd', 32), 'hex')
        from chain.spans",
    )
    .bind(last)
    .execute(pool)
    .await
    .expect("the upper half");
    while spans(pool).await[1].1 > last {
        indexer.load().await.expect("a step");
    }
    let both = spans(pool).await;
    assert_eq!(both, [(0, 0, 19), (20, 20, last)], "both sides of the seam begin again");
    indexer.rest().await;
    assert_true(&world, &indexer, &tracked()[..1]).await;
}

#[tokio::test]
async fn contracts_that_come_together_share_every_request() {
    let mut requests = Vec::new();
    for count in [1, 3] {
        let database = fresh().await;
        let (world, _) = followed(&database.pool, 60, 5).await;
        let listening = Listening::on(world.node());
        let chain = (CHAIN, listening.clone() as _);
        let indexer = Indexer::over(&database.pool, chain, "one", rules()).await;
        indexer.follow(&tracked()[..count], 0).await;
        indexer.rest().await;
        requests.push(listening.take().len());
        assert_true(&world, &indexer, &tracked()[..count]).await;
    }
    assert_eq!(requests[0], requests[1], "three contracts cost more requests than one");
}

#[tokio::test]
async fn a_contract_that_comes_back_has_only_the_gap_read() {
    let database = fresh().await;
    let pool = &database.pool;
    let (mut world, indexer) = followed(pool, 60, 5).await;
    indexer.follow(&tracked()[..1], 0).await;
    indexer.rest().await;
    indexer.stop(tracked()[0], false).await;
    world.mine(10);
    indexer.rest().await;
    assert!(indexer.come_back(tracked()[0], Kind::Erc721).await);
    world.mine(3);
    indexer.probe().await.expect("the contract is looked at");
    indexer.track().await.expect("the contract is joined");
    let gap = spans(pool).await;
    let [(from, _, to)] = gap[..] else { panic!("one gap: {gap:?}") };
    assert_eq!(to - from + 1, 10, "{gap:?}");
    indexer.rest().await;
    assert_true(&world, &indexer, &tracked()[..1]).await;
}

#[tokio::test]
async fn a_purged_contract_leaves_only_its_row_and_is_read_whole_when_it_comes_back() {
    let database = fresh().await;
    let pool = &database.pool;
    let (world, indexer) = followed(pool, 60, 5).await;
    indexer.follow(&tracked()[..2], 0).await;
    indexer.rest().await;
    indexer.stop(tracked()[0], true).await;
    assert!(
        !indexer.come_back(tracked()[0], Kind::Erc721).await,
        "it came back in the middle of its purge"
    );
    indexer.rest().await;
    let left: i64 = sqlx::query_scalar(
        r"select (select count(*) from chain.transfers t where t.contract_id = c.id)
            + (select count(*) from chain.holdings h where h.contract_id = c.id)
            + (select count(*) from chain.holdings_past p where p.contract_id = c.id)
            + (select count(*) from chain.loaded l where l.contract_id = c.id)
        from chain.contracts c where c.purged",
    )
    .fetch_one(pool)
    .await
    .expect("the purged contract");
    assert_eq!(left, 0);
    assert_true(&world, &indexer, &tracked()[1..2]).await;
    assert!(indexer.come_back(tracked()[0], Kind::Erc721).await);
    indexer.rest().await;
    assert_true(&world, &indexer, &tracked()[..2]).await;
}

#[tokio::test]
async fn contracts_that_come_one_by_one_are_gathered() {
    let database = fresh().await;
    let pool = &database.pool;
    let (world, indexer) = followed(pool, 60, 5).await;
    indexer.follow(&tracked()[..1], 0).await;
    for number in 0..10 {
        indexer.track().await.expect("a contract is joined");
        indexer.follow(&[Address::repeat_byte(number + 1)], u64::from(number)).await;
    }
    let sets = "select count(*) from chain.load_sets where finished_at is null";
    let sets = || sqlx::query_scalar::<_, i64>(sets).fetch_one(pool);
    assert_eq!(sets().await.expect("a count"), 10, "young sets are left alone");
    let aged = "update chain.load_sets set planned_at = planned_at - interval '1 hour'";
    sqlx::query(aged).execute(pool).await.expect("time passes");
    indexer.track().await.expect("the last one is joined");
    // The ten together, and the one that has just come.
    assert_eq!(sets().await.expect("a count"), 2);
    indexer.rest().await;
    let of = Tracked::erc721(tracked()[0], 0);
    let truth = Replay::of(&world.canonical(), &[of]);
    assert_eq!(tables::in_state(pool, indexer.context.key, "ready").await.len(), 11);
    tables::assert_equal(pool, indexer.context.key, &truth, "after they were gathered").await;
}
