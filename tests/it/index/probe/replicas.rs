//! Two replicas on the same wishes: one asks at a time, and the verdict of one that could ask counts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use herald::store::probes;
use herald::work::Pass;

use super::land::Land;
use super::nature::Contract;
use super::{Scene, address};
use crate::support::indexer::{CHAIN, Indexer, rules};

const WAIT: Duration = Duration::from_secs(600);

/// A chain with two contracts.
fn land() -> Land {
    let mut land = Land::new(1_000);
    for number in [1, 2] {
        land.contracts.insert(address(number), Contract::from(500));
    }
    land
}

#[tokio::test]
async fn one_replica_asks_until_its_lease_is_lost() {
    let scene = Scene::new(land()).await;
    let pool = &scene.database.pool;
    scene.wish(address(1), (None, None), "api").await;
    scene.work().await;
    scene.row(address(1)).await.accepted();
    let others = Arc::new(land());
    let other = Indexer::over(pool, (CHAIN, others.clone()), "two", rules()).await;
    scene.wish(address(2), (None, None), "api").await;
    assert_eq!(other.probe().await.unwrap(), Pass::Idle);
    assert_eq!(others.asked.load(Ordering::Relaxed), 0, "both ask");
    sqlx::query("update chain.leases set until = clock_timestamp() where name = $1")
        .bind(format!("probe:{CHAIN}"))
        .execute(pool)
        .await
        .unwrap();
    assert_eq!(other.probe().await.unwrap(), Pass::Worked);
    assert_eq!(scene.row(address(2)).await.accepted(), (Some("erc721"), Some(500)));
    let asked = scene.land.asked.load(Ordering::Relaxed);
    scene.wish(address(3), (None, None), "api").await;
    assert_eq!(scene.indexer.probe().await.unwrap(), Pass::Idle);
    assert_eq!(scene.land.asked.load(Ordering::Relaxed), asked, "it asks without the lease");
}

#[tokio::test]
async fn a_wish_that_one_replica_puts_off_takes_the_verdict_of_another() {
    let scene = Scene::new(land()).await;
    let (pool, chain) = (&scene.database.pool, scene.indexer.context.key);
    for number in [1, 2] {
        scene.wish(address(number), (None, None), "api").await;
    }
    let read = probes::due(pool, chain, 10).await.unwrap();
    let [one, two] = &read[..] else { panic!("{read:?}") };
    probes::put_off(pool, &[(one.due, WAIT), (two.due, WAIT)]).await.unwrap();
    assert!(probes::due(pool, chain, 10).await.unwrap().is_empty());
    assert_eq!(probes::accept(pool, &[(one, None, Some(7))]).await.unwrap(), 1);
    assert_eq!(scene.row(address(1)).await.accepted(), (None, Some(7)));
    probes::refuse(pool, &[(two, "not_nft", "no".to_owned(), WAIT)]).await.unwrap();
    assert_eq!(scene.row(address(2)).await.refused(), ("not_nft", "no"));
    // What is decided stays so, whoever comes late.
    let late = [(one, "not_nft", "no".to_owned(), WAIT)];
    probes::refuse(pool, &late).await.unwrap();
    assert_eq!(probes::accept(pool, &[(two, None, Some(7))]).await.unwrap(), 0);
    probes::put_off(pool, &[(one.due, WAIT), (two.due, WAIT)]).await.unwrap();
    assert_eq!(scene.row(address(1)).await.accepted(), (None, Some(7)));
    assert_eq!(scene.row(address(2)).await.refused(), ("not_nft", "no"));
}
