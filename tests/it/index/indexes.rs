//! Secondary indexes of transfers: built after a chain's first load, whatever happens meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use herald::index::indexes::FAILURES_MAX;
use herald::store::{Pool, leases};
use herald::work::Pass;
use sqlx::AssertSqlSafe;

use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::sim::{World, tracked};
use crate::support::tables;

/// Endings of the names of all indexes, in the order of the alphabet.
const ALL: [&str; 6] = ["from", "of_contract", "of_range", "of_token", "of_tx", "to"];

/// The valid secondary indexes of the first chain's transfers: number and definition by the ending of
/// their names.
pub(super) async fn indexes(pool: &Pool) -> BTreeMap<String, (i64, String)> {
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        r"
        select replace(indexrelid::regclass::text, 'chain.transfers_1_by_', ''), indexrelid::int8,
            pg_get_indexdef(indexrelid)
        from pg_index where indrelid = 'chain.transfers_1'::regclass and not indisprimary
            and indisvalid and indisready
        ",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().map(|(name, number, definition)| (name, (number, definition))).collect()
}

/// Asserts that all indexes are there, and nothing besides.
pub(super) async fn assert_all(pool: &Pool, when: &str) {
    assert!(indexes(pool).await.keys().eq(ALL), "{when}: {:?}", indexes(pool).await);
    assert_eq!(state(pool).await, "ready", "{when}");
}

async fn state(pool: &Pool) -> String {
    sqlx::query_scalar("select indexes from chain.chains").fetch_one(pool).await.unwrap()
}

async fn run(pool: &Pool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

/// A chain of sixty blocks whose first contract is joined; nothing is loaded yet.
async fn joined(pool: &Pool, seed: u64) -> (World, Indexer) {
    let mut world = World::new(seed);
    world.mine(60);
    let indexer = Indexer::new(pool, world.node(), "one").await;
    assert_eq!(indexer.index().await.unwrap(), Pass::Idle, "before the checkpoint");
    indexer.rest().await;
    indexer.follow(&tracked()[..1], 0).await;
    assert_eq!(indexer.index().await.unwrap(), Pass::Idle, "before anybody is joined");
    indexer.track().await.unwrap();
    (world, indexer)
}

#[tokio::test]
async fn a_first_load_does_without_indexes_and_they_are_built_after_it() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = joined(pool, 1).await;
    let pending = "select exists (select from chain.spans where state = 'pending')";
    while sqlx::query_scalar(pending).fetch_one(pool).await.unwrap() {
        assert_eq!(indexer.index().await.unwrap(), Pass::Idle, "while the past is loaded");
        indexer.load().await.unwrap();
    }
    assert_eq!(indexer.fold().await.unwrap(), Pass::Idle, "a fold without indexes");
    assert_eq!((indexes(pool).await.len(), state(pool).await.as_str()), (0, "absent"));
    for built in 1..=ALL.len() {
        assert_eq!(indexer.index().await.unwrap(), Pass::Worked);
        assert_eq!((indexes(pool).await.len(), state(pool).await.as_str()), (built, "building"));
        assert_eq!(indexer.fold().await.unwrap(), Pass::Idle, "a fold without all indexes");
    }
    assert_eq!(indexer.index().await.unwrap(), Pass::Worked);
    assert_eq!(indexer.index().await.unwrap(), Pass::Idle);
    assert_all(pool, "after the load").await;
    indexer.rest().await;
    let ready = tables::in_state(pool, indexer.context.key, "ready").await;
    assert_eq!(ready, [tracked()[0]].into());
}

#[tokio::test]
async fn what_a_killed_build_has_left_is_built_again() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = joined(pool, 2).await;
    // As a build leaves it that was killed, but of other columns, which shows whether it is kept.
    run(
        pool,
        "create index transfers_1_by_of_token on chain.transfers_1 (block);
        update pg_index set indisvalid = false
        where indexrelid = 'chain.transfers_1_by_of_token'::regclass;
        update chain.chains set indexes = 'building'",
    )
    .await;
    indexer.rest().await;
    assert_all(pool, "after a kill").await;
    let (_, definition) = &indexes(pool).await["of_token"];
    assert!(definition.contains("(contract_id, token_id, block, log_index, batch_index)"));
}

#[tokio::test]
async fn a_load_into_a_live_chain_keeps_its_indexes() {
    let database = fresh().await;
    let (_, indexer) = joined(&database.pool, 3).await;
    indexer.rest().await;
    let before = indexes(&database.pool).await;
    indexer.follow(&tracked()[1..], 0).await;
    indexer.track().await.unwrap();
    assert_all(&database.pool, "while a second past is loaded").await;
    indexer.rest().await;
    assert_eq!(indexes(&database.pool).await, before);
    let ready = tables::in_state(&database.pool, indexer.context.key, "ready").await;
    assert_eq!(ready, tracked().into_iter().collect());
}

#[tokio::test]
async fn one_replica_builds_while_it_holds_the_lease() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = joined(pool, 4).await;
    let (name, long) = ("indexes:eip155:31337", Duration::from_secs(3_600));
    let lease = leases::acquire(pool, name, "two", long).await.unwrap().expect("a free lease");
    indexer.rest().await;
    assert_eq!((indexes(pool).await.len(), state(pool).await.as_str()), (0, "absent"));
    leases::give_back(pool, &lease).await.unwrap();
    indexer.rest().await;
    assert_all(pool, "by the next").await;
}

#[tokio::test]
async fn spans_that_fail_again_and_again_are_not_waited_for() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = joined(pool, 5).await;
    for (failures, found) in [(FAILURES_MAX - 1, Pass::Idle), (FAILURES_MAX, Pass::Worked)] {
        sqlx::query("update chain.spans set failures = $1")
            .bind(failures)
            .execute(pool)
            .await
            .unwrap();
        assert_eq!(indexer.index().await.unwrap(), found, "after {failures} failures");
    }
    run(
        pool,
        "insert into chain.contracts (chain, address, state, origin, start_block)
        values (1, '\\x00000000000000000000000000000000000000ee', 'probing', 'api', 0);
        update chain.contracts set probe_at = null; update chain.chains set indexes = 'absent'",
    )
    .await;
    assert_eq!(indexer.index().await.unwrap(), Pass::Idle, "while a contract waits to be joined");
}

#[tokio::test]
async fn a_past_that_is_whole_waits_a_minute_for_others() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = joined(pool, 7).await;
    while indexer.load().await.unwrap() == Pass::Worked {}
    indexer.follow(&tracked()[1..], 0).await;
    indexer.track().await.unwrap();
    assert_eq!(indexer.index().await.unwrap(), Pass::Idle, "while another past is loaded");
    run(pool, "update chain.load_sets set finished_at = finished_at - interval '61 s'").await;
    assert_eq!(indexer.index().await.unwrap(), Pass::Worked);
    indexer.rest().await;
    let ready = tables::in_state(pool, indexer.context.key, "ready").await;
    assert_eq!(ready, tracked().into_iter().collect());
}

#[tokio::test]
async fn facts_are_removed_when_indexes_find_them() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = joined(pool, 8).await;
    indexer.rest_but("indexes ").await;
    indexer.stop(tracked()[0], true).await;
    indexer.rest_but("indexes ").await;
    let purging = "select purging from chain.contracts";
    assert!(sqlx::query_scalar::<_, bool>(purging).fetch_one(pool).await.unwrap(), "too early");
    indexer.rest().await;
    assert!(!sqlx::query_scalar::<_, bool>(purging).fetch_one(pool).await.unwrap());
    let left: i64 =
        sqlx::query_scalar("select count(*) from chain.transfers").fetch_one(pool).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_transfers_of_a_token_are_found_by_the_index_of_their_partition() {
    let database = fresh().await;
    let pool = &database.pool;
    let (_, indexer) = joined(pool, 6).await;
    run(
        pool,
        "insert into chain.transfers (block, contract_id, log_index, batch_index, chain, token_id,
            from_addr, to_addr, tx_hash)
        select 1000 + n, 99, 0, 0, 1, n / 5, decode(repeat('00', 20), 'hex'),
            decode(repeat('01', 20), 'hex'), decode(repeat('02', 32), 'hex')
        from generate_series(1, 20000) n",
    )
    .await;
    indexer.rest().await;
    let read = "explain (costs off) select * from chain.transfers where chain = 1
        and contract_id = 99 and token_id = 7 and token_id_to is null
        order by block desc, log_index desc, batch_index desc limit 10";
    let plan: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(read.to_owned())).fetch_all(pool).await.unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("Index Scan Backward using transfers_1_by_of_token"), "{plan}");
}
