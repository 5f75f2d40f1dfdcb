//! Leases: one owner at a time, and none that a stranger can act on.

use std::collections::BTreeMap;
use std::time::Duration;

use herald::index::rewind::{Cause, Order, rewind};
use herald::store::{StoreError, chains, leases};

use super::story::minted;
use crate::support::database::fresh;

const LENGTH: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_lease_has_one_owner_and_a_token_that_grows_with_each_new_one() {
    let database = fresh().await;
    let pool = &database.pool;
    let first = leases::acquire(pool, "a", "one", LENGTH).await.unwrap().unwrap();
    assert_eq!(leases::acquire(pool, "a", "one", LENGTH).await.unwrap().as_ref(), Some(&first));
    assert_eq!(leases::acquire(pool, "a", "two", LENGTH).await.unwrap(), None);
    leases::release(pool, "one").await.unwrap();
    let second = leases::acquire(pool, "a", "two", LENGTH).await.unwrap().unwrap();
    assert!(second.token > first.token);
    let mut tx = pool.begin().await.unwrap();
    let fenced = leases::check(&mut tx, &first).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { what: "lease" })), "{fenced:?}");
    leases::check(&mut tx, &second).await.unwrap();
    assert!(leases::acquire(pool, "b", "one", LENGTH).await.unwrap().is_some(), "another name");
}

#[tokio::test]
async fn a_rewind_under_a_lost_lease_takes_nothing_back() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    let context = &indexer.context;
    let stale = leases::acquire(&database.pool, "live:eip155:31337", "one", LENGTH).await;
    let stale = stale.unwrap().unwrap();
    leases::release(&database.pool, "one").await.unwrap();
    leases::acquire(&database.pool, "live:eip155:31337", "two", LENGTH).await.unwrap().unwrap();
    let row = chains::load(&database.pool, context.key).await.unwrap();
    let to = (0, node.chain().canonical()[0].hash);
    let expected = row.checkpoint.unwrap();
    let order = Order { expected, to, shown: &BTreeMap::new(), cause: Cause::Reorg };
    let fenced = rewind(context, Some(&stale), &order).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { what: "lease" })), "{fenced:?}");
    let after = chains::load(&database.pool, context.key).await.unwrap();
    assert_eq!(after.checkpoint, row.checkpoint);
}
