//! Spans that do not move: who reads them, and how they are freed.

use std::time::Duration;

use herald::store::backlog::{self, Which};
use herald::store::claims;
use herald::store::spans::{self, Span};
use herald::store::{StoreError, load_members, progress};

use super::World;
use crate::support::seed::person;

const KINDS: [&str; 1] = ["erc721"];

async fn claim(world: &World, owner: &str) -> Option<Span> {
    claims::claim(world.pool(), world.key(), &KINDS, owner, Duration::from_secs(3_600))
        .await
        .unwrap()
}

async fn requeue(world: &World, which: Which, from_start: bool) -> u64 {
    let mut tx = world.pool().begin().await.unwrap();
    let count = backlog::requeue(&mut tx, world.key(), which, from_start).await.unwrap();
    tx.commit().await.unwrap();
    count
}

async fn is_fenced(world: &World, span: &Span) -> bool {
    let mut tx = world.pool().begin().await.unwrap();
    matches!(spans::check(&mut tx, span).await, Err(StoreError::Fenced { .. }))
}

#[tokio::test]
async fn a_span_tells_who_reads_it_and_how_it_fails_until_it_is_requeued() {
    let world = World::new().await;
    world.contract.loading(100, 25).await;
    let held = claim(&world, "one#0").await.unwrap();
    spans::note_failure(world.pool(), &held, "the node is down").await.unwrap();
    let listed = backlog::pending(world.pool(), Some(world.key()), true).await.unwrap();
    let [span] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((span.id, span.chain.as_str(), span.contracts), (held.id, "ethereum", 1));
    assert_eq!(span.contract, Some(person(1).to_string().to_lowercase()));
    assert_eq!((span.from_block, span.next_block, span.to_block), (0, 25, 99));
    assert_eq!((span.reader.as_deref(), span.failures), (Some("one#0"), 1));
    assert!(span.until.is_some() && span.detail.as_deref() == Some("the node is down"));
    assert_eq!(claim(&world, "two#0").await, None, "it is taken");
    assert_eq!(counts(&world).await, (0, 0, 1));

    assert_eq!(requeue(&world, Which::One(held.id + 1), false).await, 0);
    assert!(!is_fenced(&world, &held).await);
    assert_eq!(requeue(&world, Which::Failing, false).await, 1);
    assert!(is_fenced(&world, &held).await, "the step under way commits no more");
    let failing = backlog::pending(world.pool(), None, true).await.unwrap();
    assert!(failing.is_empty(), "{failing:?}");
    let listed = &backlog::pending(world.pool(), None, false).await.unwrap()[0];
    assert_eq!((&listed.reader, &listed.until, &listed.detail), (&None, &None, &None));
    assert_eq!(counts(&world).await, (1, 0, 0));
    let next = claim(&world, "two#0").await.unwrap();
    assert_eq!((next.id, next.next), (held.id, 25), "it goes on where it was");
    assert_eq!(counts(&world).await, (0, 1, 0));
}

/// Spans that wait, are read, and fail.
async fn counts(world: &World) -> (i64, i64, i64) {
    let load = progress::loads(world.pool(), Some(world.key())).await.unwrap().remove(0);
    (load.waiting, load.reading, load.failing)
}

#[tokio::test]
async fn a_span_can_be_read_again_from_its_start_and_what_is_done_is_left_alone() {
    let world = World::new().await;
    world.contract.loading(100, 25).await;
    world.finish().await;
    world.contract.loading(200, 50).await;
    let waiting = backlog::pending(world.pool(), None, false).await.unwrap();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    sqlx::query("update chain.spans set last_hash = decode(repeat('ab', 32), 'hex')")
        .execute(world.pool())
        .await
        .unwrap();
    assert_eq!(requeue(&world, Which::All, false).await, 1);
    let kept = claim(&world, "one#0").await.unwrap();
    assert!(kept.next == 50 && kept.last_hash.is_some(), "{kept:?}");
    assert_eq!(requeue(&world, Which::One(kept.id), true).await, 1);
    let anew = claim(&world, "one#0").await.unwrap();
    assert_eq!((anew.id, anew.next, anew.last_hash), (kept.id, 0, None));
    let members = load_members::members(world.pool(), anew.set).await.unwrap();
    assert_eq!(members.len(), 1);
    let done: i64 = sqlx::query_scalar("select next_block from chain.spans where state = 'done'")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(done, 100);
}
