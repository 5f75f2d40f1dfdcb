//! The final mark: by tag, by time, never back, never above what is committed.

use std::time::Duration;

use herald::index::Rules;

use crate::support::database::{TestDatabase, fresh};
use crate::support::indexer::{Indexer, rules};
use crate::support::sim::{SimChain, SimNode, Tag, World, tracked};
use crate::support::tables;

async fn marks(database: &TestDatabase) -> (i64, i64) {
    sqlx::query_as("select checkpoint, finalized from chain.chains")
        .fetch_one(&database.pool)
        .await
        .unwrap()
}

fn node(blocks: u64, finalized: Tag) -> SimNode {
    let mut chain = SimChain::new(1, 31_337);
    chain.tags.finalized = finalized;
    for _ in 0..blocks {
        chain.mine(vec![]);
    }
    SimNode::new(chain)
}

#[tokio::test]
async fn a_chain_begins_at_its_final_block() {
    let database = fresh().await;
    let node = node(100, Tag::Depth(16));
    let indexer = Indexer::new(&database.pool, node, "one").await;
    indexer.live().await.unwrap();
    assert_eq!(marks(&database).await, (84, 84));
    indexer.rest().await;
    assert_eq!(marks(&database).await, (100, 84));
}

#[tokio::test]
async fn a_node_without_the_tag_works_by_depth_in_time() {
    for tag in [Tag::Null, Tag::Unsupported] {
        let database = fresh().await;
        let node = node(200, tag);
        let rules = Rules { finality_depth: Duration::from_secs(300), ..rules() };
        let indexer = Indexer::with_rules(&database.pool, node.clone(), "one", rules).await;
        indexer.live().await.unwrap();
        let (first, _) = marks(&database).await;
        indexer.rest().await;
        let (checkpoint, finalized) = marks(&database).await;
        assert_eq!(checkpoint, 200);
        let chain = node.chain();
        let time = |number: i64| chain.canonical()[number as usize].header.timestamp;
        let cutoff = time(200) - 300;
        assert_eq!(first, finalized, "the search and the stored blocks agree");
        assert!(time(finalized) <= cutoff && time(finalized + 1) > cutoff);
    }
}

#[tokio::test]
async fn a_tag_can_be_distrusted_by_setting() {
    let database = fresh().await;
    let rules =
        Rules { finalized_tag: false, finality_depth: Duration::from_secs(1_000_000), ..rules() };
    let indexer = Indexer::with_rules(&database.pool, node(50, Tag::Latest), "one", rules).await;
    indexer.rest().await;
    assert_eq!(marks(&database).await, (50, 0));
}

#[tokio::test]
async fn the_mark_never_steps_back_and_is_told_once() {
    let database = fresh().await;
    let node = node(40, Tag::Depth(10));
    let indexer = Indexer::new(&database.pool, node.clone(), "one").await;
    indexer.rest().await;
    for (tag, expected) in [
        (Tag::Fixed(5), 30),
        (Tag::Null, 30),
        (Tag::Fixed(33), 33),
        (Tag::Depth(30), 33),
        (Tag::Latest, 45),
    ] {
        node.chain().tags.finalized = tag;
        node.chain().mine(vec![]);
        indexer.rest().await;
        assert_eq!(marks(&database).await.1, expected, "{tag:?}");
    }
    let events = tables::events(&database.pool, indexer.context.key).await;
    let told: Vec<u64> = events
        .iter()
        .filter(|event| event.kind == "chain.finalized")
        .map(|event| event.data["to"].as_u64().unwrap())
        .collect();
    assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
    assert_eq!(told.last(), Some(&45));
}

#[tokio::test]
async fn blocks_that_were_reorged_while_herald_was_down_are_taken_back_not_halted_on() {
    let database = fresh().await;
    let mut world = World::new(21);
    world.mine(30);
    let indexer = Indexer::new(&database.pool, world.node(), "one").await;
    indexer.follow(&tracked(), 0).await;
    indexer.rest().await;
    // The chain goes another way and far on: what is stored above block 20 was never final.
    world.reorg(10, 100);
    indexer.rest().await;
    tables::assert_equal(&database.pool, indexer.context.key, &world.replay(0), "afterwards").await;
}

#[tokio::test]
async fn blocks_without_transfers_are_forgotten_once_they_are_final() {
    let database = fresh().await;
    let indexer = Indexer::new(&database.pool, node(100, Tag::Depth(16)), "one").await;
    indexer.rest().await;
    let (least, count): (i64, i64) =
        sqlx::query_as("select min(number), count(*) from chain.blocks")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!((least, count), (84, 17));
}
