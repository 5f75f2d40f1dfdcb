//! Two replicas, and a pass that finds the world changed when it comes to commit.

use std::future::Future;

use herald::work::Pass;

use super::story::{ANN, ART, BOB, CAT, hands, minted};
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::{SimChain, World, tracked};
use crate::support::tables;

/// Runs `work` on a thread and a runtime of its own, from inside a node's synchronous answer.
pub(super) fn meanwhile<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(work());
        });
    });
}

/// Ends the lease of whoever follows the chain, as if its time were over.
async fn expire(pool: &herald::store::Pool) {
    sqlx::query("update chain.leases set until = clock_timestamp() - interval '1 second'")
        .execute(pool)
        .await
        .expect("leases");
}

pub(super) fn another_pool(pool: &herald::store::Pool) -> herald::store::Pool {
    herald::store::pool::open((*pool.connect_options()).clone(), 3)
}

#[tokio::test]
async fn a_second_replica_waits_until_the_lease_is_over() {
    let database = fresh().await;
    let (node, first) = minted(&database.pool).await;
    let second = Indexer::new(&database.pool, node.clone(), "two").await;
    node.chain().mine(vec![hands(2, &[ANN, BOB])]);
    assert_eq!(second.live().await.unwrap(), Pass::Idle);
    assert_eq!(checkpoint(&database.pool).await, 1, "the second commits without the lease");
    expire(&database.pool).await;
    second.live().await.unwrap();
    assert_eq!(checkpoint(&database.pool).await, 2);
    node.chain().mine(vec![]);
    assert_eq!(first.live().await.unwrap(), Pass::Idle);
    assert_eq!(checkpoint(&database.pool).await, 2, "the first goes on without the lease");
}

#[tokio::test]
async fn a_replica_that_lost_its_lease_in_mid_pass_commits_nothing() {
    let database = fresh().await;
    let (node, first) = minted(&database.pool).await;
    node.chain().mine(vec![hands(2, &[ANN, BOB])]);
    let pool = database.pool.clone();
    node.faults().before_logs = Some(Box::new(move |chain: &mut SimChain| {
        // The other replica takes over, meets a reorg, and rewinds what the first builds on.
        chain.reorg(2, vec![vec![hands(3, &[ANN, CAT])]]);
        meanwhile(|| async {
            let pool = another_pool(&pool);
            expire(&pool).await;
            sqlx::query("update chain.leases set owner = 'two', token = token + 1")
                .execute(&pool)
                .await
                .expect("a lease");
        });
    }));
    assert_eq!(first.live().await.unwrap(), Pass::Idle);
    assert_eq!(checkpoint(&database.pool).await, 1);
    let count: i64 = sqlx::query_scalar("select count(*) from chain.transfers where block > 1")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(count, 0, "a fenced pass has written");
}

#[tokio::test]
async fn blocks_are_not_committed_on_a_checkpoint_that_was_taken_back() {
    let database = fresh().await;
    let (node, first) = minted(&database.pool).await;
    node.chain().mine(vec![hands(2, &[ANN, BOB])]);
    first.rest().await;
    node.chain().mine(vec![hands(3, &[BOB, CAT])]);
    let pool = database.pool.clone();
    // What the other replica does to the checkpoint, without the lease's help to the first.
    node.faults().before_logs = Some(Box::new(move |_: &mut SimChain| {
        meanwhile(|| async {
            let pool = another_pool(&pool);
            let statements = [
                "delete from chain.transfers where block > 1",
                "delete from chain.blocks where number > 1",
                "update chain.holdings set owner = decode(repeat('01', 20), 'hex'), since = 1",
                "delete from chain.holdings_past",
                "update chain.chains set checkpoint = 1,
                    checkpoint_hash = (select hash from chain.blocks where number = 1)",
            ];
            for statement in statements {
                sqlx::query(statement).execute(&pool).await.expect("a rewind by hand");
            }
        });
    }));
    assert_eq!(first.live().await.unwrap(), Pass::Idle);
    assert_eq!(checkpoint(&database.pool).await, 1);
    first.rest().await;
    assert_eq!(checkpoint(&database.pool).await, 3);
    let truth = Replay::of(node.chain().canonical(), &[Tracked::erc721(ART, 0)]);
    let owners = tables::holdings(&database.pool, first.context.key).await;
    assert_eq!(owners, truth.owners());
}

#[tokio::test]
async fn a_chain_that_is_halted_in_mid_pass_is_not_committed_to() {
    let database = fresh().await;
    let (node, first) = minted(&database.pool).await;
    node.chain().mine(vec![hands(2, &[ANN, BOB])]);
    let pool = database.pool.clone();
    node.faults().before_logs = Some(Box::new(move |_: &mut SimChain| {
        meanwhile(|| async {
            let pool = another_pool(&pool);
            sqlx::query("update chain.chains set status = 'halted'")
                .execute(&pool)
                .await
                .expect("a halt by hand");
        });
    }));
    assert_eq!(first.live().await.unwrap(), Pass::Idle);
    assert_eq!(checkpoint(&database.pool).await, 1);
}

#[tokio::test]
async fn a_contract_that_joins_between_fetch_and_commit_misses_nothing() {
    for seed in 40..46 {
        let database = fresh().await;
        let mut world = World::new(seed);
        world.mine(10);
        let first = Indexer::new(&database.pool, world.node(), "one").await;
        let contracts = tracked();
        first.follow(&contracts[..1], 0).await;
        first.rest().await;
        world.mine(6);
        let (pool, node, late) = (database.pool.clone(), world.node().sibling(), contracts[1]);
        world.node().faults().before_logs = Some(Box::new(move |_: &mut SimChain| {
            meanwhile(|| async {
                let pool = another_pool(&pool);
                let other = Indexer::new(&pool, node, "two").await;
                other.follow(&[late], 0).await;
                other.track().await.expect("the contract joins");
            });
        }));
        first.live().await.unwrap();
        // Blocks that hold nothing of the contract are not asked for logs.
        while world.node().faults().before_logs.is_some() {
            world.mine(1);
            first.live().await.unwrap();
        }
        first.rest().await;
        let follow = |contract: &_| Tracked::erc721(*contract, 0);
        let follow: Vec<_> = contracts[..2].iter().map(follow).collect();
        let truth = Replay::of(&world.canonical(), &follow);
        let when = format!("after a late contract, seed {seed}");
        tables::assert_equal(&database.pool, first.context.key, &truth, &when).await;
    }
}

#[tokio::test]
async fn two_replicas_that_lose_their_leases_at_random_agree_with_the_replay() {
    for seed in 60..66 {
        let database = fresh().await;
        let mut world = World::new(seed);
        let first = Indexer::new(&database.pool, world.node(), "one").await;
        let second = Indexer::new(&database.pool, world.node().sibling(), "two").await;
        first.follow(&tracked(), 0).await;
        for step in 0..25u64 {
            world.step();
            if step % 3 == seed % 3 {
                expire(&database.pool).await;
            }
            let _ = tokio::join!(first.live(), second.live(), first.track(), second.load());
            let _ = tokio::join!(first.load(), second.fold(), second.live());
        }
        world.settle();
        expire(&database.pool).await;
        first.rest().await;
        let when = format!("after two replicas, seed {seed}");
        tables::assert_equal(&database.pool, first.context.key, &world.replay(0), &when).await;
    }
}

async fn checkpoint(pool: &herald::store::Pool) -> i64 {
    sqlx::query_scalar("select checkpoint from chain.chains").fetch_one(pool).await.unwrap()
}
