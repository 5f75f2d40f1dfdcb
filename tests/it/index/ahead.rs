//! What is read ahead while blocks are committed: how much, and when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use herald::store::Pool;
use herald::work::Pass;
use tokio::sync::{Barrier, Notify};

use super::watched::{Before, Question, Watched, nothing};
use crate::support::database::{TestDatabase, fresh};
use crate::support::indexer::Indexer;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::{SimChain, SimNode, World, tracked};
use crate::support::tables;

/// Blocks that are committed before the downtime.
const BEFORE: u64 = 20;
/// Blocks of a whole lot; the first of a pass begins with the checkpoint and is one shorter.
const LOT: u64 = 64;
/// Lots that are read ahead at most.
const LOTS_MAX: u64 = 4;

/// The first block of a lot, the lots counted from 1.
fn first_of(lot: u64) -> u64 {
    BEFORE + LOT * (lot - 1)
}

/// A world of which twenty blocks are committed and 320 more are there since.
async fn down(database: &TestDatabase, seed: u64) -> World {
    let mut world = World::new(seed);
    world.mine(BEFORE);
    let indexer = Indexer::new(&database.pool, world.node(), "one").await;
    indexer.follow(&tracked()[..2], 0).await;
    indexer.rest().await;
    world.mine(5 * LOT);
    world
}

async fn watch(pool: &Pool, world: &World, before: Before) -> Indexer {
    Watched { node: world.node(), before, upper: None }.indexer(pool).await
}

async fn checkpoint(pool: &Pool) -> u64 {
    let number: i64 =
        sqlx::query_scalar("select checkpoint from chain.chains").fetch_one(pool).await.unwrap();
    number as u64
}

/// Nothing that is stored stands on another block than the stored one below it.
async fn assert_linked(pool: &Pool, when: &str) {
    let torn: Vec<i64> = sqlx::query_scalar(
        "select upper.number from chain.blocks upper
         join chain.blocks lower on lower.number = upper.number - 1
         where upper.parent_hash <> lower.hash",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(torn.is_empty(), "blocks that do not link {when}: {torn:?}");
}

async fn assert_true(world: &World, indexer: &Indexer, when: &str) {
    indexer.rest().await;
    let context = &indexer.context;
    let follow: Vec<_> = tracked()[..2].iter().map(|it| Tracked::erc721(*it, 0)).collect();
    let truth = Replay::of(&world.canonical(), &follow);
    tables::assert_equal(&context.pool, context.key, &truth, when).await;
}

#[tokio::test]
async fn four_lots_and_no_more_are_read_before_the_first_is_committed() {
    let database = fresh().await;
    let world = down(&database, 1).await;
    let asked = Arc::new(AtomicU64::new(0));
    let (all_asked, all_there) = (Arc::new(Notify::new()), Arc::new(Barrier::new(4)));
    let (count, notify) = (asked.clone(), all_asked.clone());
    // Each of the four is answered once all of them were asked for.
    let before: Before = Box::new(move |question| {
        let (count, notify, there) = (count.clone(), notify.clone(), all_there.clone());
        Box::pin(async move {
            if !matches!(question, Question::Headers(first) if first >= first_of(2)) {
                return;
            }
            if count.fetch_add(1, Ordering::SeqCst) < LOTS_MAX {
                there.wait().await;
            }
            notify.notify_one();
        })
    });
    let indexer = watch(&database.pool, &world, before).await;
    // Nobody commits while this row is locked, which only a failing test waits to end by itself.
    let mut lock = database.pool.begin().await.unwrap();
    let bound = "set local idle_in_transaction_session_timeout = '20s'";
    sqlx::query(bound).execute(&mut *lock).await.unwrap();
    sqlx::query("select from chain.chains for update").execute(&mut *lock).await.unwrap();
    let release = async {
        all_asked.notified().await;
        assert_eq!(asked.load(Ordering::SeqCst), LOTS_MAX);
        assert_eq!(checkpoint(&database.pool).await, BEFORE);
        lock.rollback().await.unwrap();
    };
    let (pass, ()) = tokio::join!(indexer.live(), release);
    assert_eq!(pass.unwrap(), Pass::Idle);
    assert_eq!(asked.load(Ordering::SeqCst), 5, "five lots follow the first");
    assert_eq!(checkpoint(&database.pool).await, BEFORE + 5 * LOT, "one pass takes all of them");
    assert_true(&world, &indexer, "after a pass of six lots").await;
}

/// Before the headers of the third lot are answered, and when the second is read, the chain goes
/// another way above the block `common`.
fn forks_between_lots(node: &SimNode, common: u64) -> Before {
    let second = Arc::new(Notify::new());
    let node = node.clone();
    Box::new(move |question| {
        let (second, node) = (second.clone(), node.clone());
        Box::pin(async move {
            match question {
                Question::Logs(first) if (first_of(2)..first_of(3)).contains(&first) => {
                    second.notify_one();
                }
                Question::Headers(first) if first == first_of(3) => {
                    second.notified().await;
                    fork(&mut node.chain(), common);
                }
                _ => {}
            }
        })
    })
}

/// All blocks above `common` are replaced by empty ones and one more.
fn fork(chain: &mut SimChain, common: u64) {
    let depth = chain.head().header.number - common;
    chain.reorg(depth, vec![vec![]; depth as usize + 1]);
}

#[tokio::test]
async fn lots_of_two_forks_are_never_committed_on_each_other() {
    let seam = first_of(3) - 1;
    for common in [first_of(2) + 30, seam - 1, seam, seam + 1] {
        let database = fresh().await;
        let world = down(&database, 2).await;
        let before = forks_between_lots(&world.node(), common);
        let indexer = watch(&database.pool, &world, before).await;
        let pass = indexer.live().await.unwrap();
        let when = format!("after a fork above block {common}");
        if common < seam {
            assert_eq!((pass, checkpoint(&database.pool).await), (Pass::Worked, seam), "{when}");
        }
        assert_linked(&database.pool, &when).await;
        let plain = Indexer::new(&database.pool, world.node(), "one").await;
        assert_true(&world, &plain, &when).await;
    }
}

#[tokio::test]
async fn a_fork_between_headers_and_logs_of_a_lot_mixes_nothing() {
    for forgets in [false, true] {
        let database = fresh().await;
        let world = down(&database, 3).await;
        let node = world.node();
        node.faults().forgets_forks = forgets;
        let once = Arc::new(AtomicU64::new(0));
        let before: Before = Box::new(move |question| {
            if matches!(question, Question::Logs(first) if first >= first_of(3))
                && once.fetch_add(1, Ordering::SeqCst) == 0
            {
                fork(&mut node.chain(), first_of(3) + 20);
            }
            Box::pin(std::future::ready(()))
        });
        let indexer = watch(&database.pool, &world, before).await;
        assert_eq!(indexer.live().await.unwrap(), Pass::Worked);
        let reached = checkpoint(&database.pool).await;
        let most = if forgets { first_of(3) } else { first_of(4) } - 1;
        assert_eq!(reached, most, "forks are forgotten: {forgets}");
        assert_linked(&database.pool, "after a fork within a lot").await;
        let plain = Indexer::new(&database.pool, world.node(), "one").await;
        assert_true(&world, &plain, "after a fork within a lot").await;
    }
}

#[tokio::test]
async fn of_a_lot_that_does_not_link_the_lower_part_is_taken() {
    let database = fresh().await;
    let world = down(&database, 4).await;
    let mut other = SimChain::new(77, 31_337);
    (0..6 * LOT).for_each(|_| drop(other.mine(vec![])));
    let torn = first_of(3) + 32;
    let upper = Some((torn, SimNode::new(other)));
    let watched = Watched { node: world.node(), before: nothing(), upper };
    let indexer = watched.indexer(&database.pool).await;
    assert_eq!(indexer.live().await.unwrap(), Pass::Worked);
    assert_eq!(checkpoint(&database.pool).await, torn - 1);
    let plain = Indexer::new(&database.pool, world.node(), "one").await;
    assert_true(&world, &plain, "after headers of two chains").await;
}

#[tokio::test]
async fn what_was_read_without_a_contract_is_not_committed_once_it_is_followed() {
    let database = fresh().await;
    let world = down(&database, 5).await;
    let (pool, node) = (database.pool.clone(), world.node().sibling());
    // The answer to the third lot comes when the second is committed and a contract has joined.
    let before: Before = Box::new(move |question| {
        let (pool, node) = (pool.clone(), node.clone());
        Box::pin(async move {
            if question != Question::Headers(first_of(3)) || checkpoint(&pool).await != BEFORE {
                return;
            }
            while checkpoint(&pool).await < first_of(3) - 1 {}
            let other = Indexer::new(&pool, node, "two").await;
            other.follow(&tracked()[2..3], 0).await;
            other.track().await.expect("the contract joins");
        })
    });
    let indexer = watch(&database.pool, &world, before).await;
    assert_eq!(indexer.live().await.unwrap(), Pass::Worked);
    assert_eq!(checkpoint(&database.pool).await, first_of(3) - 1);
    indexer.rest().await;
    let follow: Vec<_> = tracked()[..3].iter().map(|it| Tracked::erc721(*it, 0)).collect();
    let truth = Replay::of(&world.canonical(), &follow);
    tables::assert_equal(&database.pool, indexer.context.key, &truth, "with a late one").await;
}
