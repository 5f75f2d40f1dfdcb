//! Reorgs below the final mark: a chain halts, and a person decides.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use herald::index::rewind::{Cause, Order, rewind};
use herald::store::{StoreError, chains};
use herald::work::Pass;

use super::reorgs::dump;
use crate::support::compare::assert_same_rows;
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::sim::{World, tracked};
use crate::support::tables;

/// A person knows no hash but the common block's.
static NO_HASHES: BTreeMap<u64, B256> = BTreeMap::new();

#[tokio::test]
async fn a_person_ends_a_halt_by_going_back_to_what_store_and_chain_share() {
    for seed in 3..8 {
        let database = fresh().await;
        let mut world = World::new(seed);
        world.mine(40);
        let indexer = Indexer::new(&database.pool, world.node(), "one").await;
        indexer.follow(&tracked(), 0).await;
        indexer.rest().await;
        let kept = world.deep_reorg();
        indexer.rest().await;
        let context = &indexer.context;
        let row = chains::load(&database.pool, context.key).await.unwrap();
        let hash = |height: u64| world.canonical()[height as usize].hash;
        let order = |height: u64| Order {
            expected: row.checkpoint.unwrap(),
            to: (height, hash(height)),
            shown: &NO_HASHES,
            cause: Cause::Operator,
        };
        // The final mark's own block is always stored: going back to it is seen to be no way out.
        let floor = row.finalized.unwrap();
        let refused = rewind(context, None, &order(floor)).await;
        assert!(matches!(refused, Err(StoreError::OtherBlock { .. })), "{refused:?}");
        let by_itself = Order { cause: Cause::Reorg, ..order(kept) };
        let refused = rewind(context, None, &by_itself).await;
        assert!(matches!(refused, Err(StoreError::OtherBlock { .. } | StoreError::Fenced { .. })));
        rewind(context, None, &order(kept)).await.unwrap();
        indexer.rest().await;
        let (status, cause): (String, String) =
            sqlx::query_as("select status, cause from chain.chains, chain.rewinds")
                .fetch_one(&database.pool)
                .await
                .unwrap();
        assert_eq!((status.as_str(), cause.as_str()), ("live", "operator"));
        let when = format!("after a person's decision, seed {seed}");
        tables::assert_equal(&database.pool, context.key, &world.replay(0), &when).await;
    }
}

#[tokio::test]
async fn below_the_final_mark_a_chain_halts_and_writes_nothing() {
    let database = fresh().await;
    let mut world = World::new(3);
    world.mine(40);
    let indexer = Indexer::new(&database.pool, world.node(), "one").await;
    indexer.follow(&tracked(), 0).await;
    indexer.rest().await;
    let before = dump(&database.pool, "transfers").await;
    let kept = world.deep_reorg();
    assert!(kept < world.floor());
    indexer.rest().await;
    let (status, detail): (String, String) =
        sqlx::query_as("select status, status_detail from chain.chains")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(status, "halted");
    assert!(detail.contains("herald rewind --chain sim"), "{detail}");
    world.mine(5);
    assert_eq!(indexer.live().await.unwrap(), Pass::Idle);
    assert_same_rows(
        "transfers of a halted chain",
        before,
        dump(&database.pool, "transfers").await,
    );
}
