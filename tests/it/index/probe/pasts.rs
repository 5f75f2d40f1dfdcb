//! What becomes of a wish in time: refused ones, those of the configuration, those that changed.

use std::sync::atomic::Ordering;

use super::land::{Land, State};
use super::nature::{Contract, Nature};
use super::{Row, Scene, address};

const DAY: i32 = 24 * 3600;

/// A chain whose node keeps no old state, with one NFT and one coin.
fn land() -> Land {
    let mut land = Land::new(1_000);
    land.contracts.insert(address(1), Contract::from(500));
    land.contracts.insert(address(2), Contract::of(Nature::Coin));
    land.state = State::RefusedBelow(900);
    land
}

async fn is_there(scene: &Scene, number: u64) -> bool {
    sqlx::query_scalar("select exists (select from chain.contracts where address = $1)")
        .bind(address(number).as_slice())
        .fetch_one(&scene.database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_configuration_is_not_doubted_where_it_says_from_which_block_on() {
    let scene = Scene::new(land()).await;
    for number in [1, 2, 3] {
        scene.wish(address(number), (None, Some(7)), "config").await;
    }
    scene.work().await;
    assert_eq!(scene.row(address(1)).await.accepted(), (Some("erc721"), Some(7)));
    assert_eq!(scene.row(address(2)).await.accepted(), (None, Some(7)), "a coin");
    assert_eq!(scene.row(address(3)).await.accepted(), (None, Some(7)), "nobody");
}

#[tokio::test]
async fn a_configured_contract_is_looked_at_again_until_an_endpoint_can_tell() {
    let scene = Scene::new(land()).await;
    scene.wish(address(1), (None, None), "config").await;
    scene.wish(address(3), (None, None), "config").await;
    for _ in 0..3 {
        scene.work().await;
        assert_eq!(scene.row(address(1)).await.refused().0, "start_block_needed");
        assert_eq!(scene.row(address(3)).await.refused().0, "no_contract");
        let asked = scene.land.asked.load(Ordering::Relaxed);
        scene.later(590).await;
        scene.work().await;
        assert_eq!(scene.land.asked.load(Ordering::Relaxed), asked, "asked too soon");
        scene.later(11).await;
    }
    let mut archive = land();
    archive.state = State::Kept;
    archive.contracts.insert(address(3), Contract::from(700));
    let scene = scene.before(archive).await;
    scene.work().await;
    assert_eq!(scene.row(address(1)).await.accepted(), (Some("erc721"), Some(500)));
    assert_eq!(scene.row(address(3)).await.accepted(), (Some("erc721"), Some(700)));
    scene.later(2 * DAY).await;
    scene.work().await;
    assert!(is_there(&scene, 1).await);
}

#[tokio::test]
async fn a_refused_contract_is_forgotten_a_day_later_and_one_with_a_past_is_stopped() {
    let scene = Scene::new(land()).await;
    for number in [2, 3, 4] {
        scene.wish(address(number), (None, None), if number == 3 { "cli" } else { "api" }).await;
    }
    sqlx::query(
        r"insert into chain.loaded (contract_id, chain, log_kinds, blocks)
        select id, chain, '{erc721.transfer}', '{[1,9)}' from chain.contracts where address = $1",
    )
    .bind(address(4).as_slice())
    .execute(&scene.database.pool)
    .await
    .unwrap();
    scene.work().await;
    let asked = scene.land.asked.load(Ordering::Relaxed);
    scene.later(DAY - 60).await;
    scene.work().await;
    for number in [2, 3, 4] {
        scene.row(address(number)).await.refused();
    }
    scene.later(61).await;
    scene.work().await;
    assert_eq!(scene.land.asked.load(Ordering::Relaxed), asked, "it was asked once");
    assert!(!is_there(&scene, 2).await && !is_there(&scene, 3).await);
    let kept = scene.row(address(4)).await;
    assert_eq!(kept, Row { state: "stopped".to_owned(), ..Row::default() });
}

#[tokio::test]
async fn a_wish_that_changed_while_it_was_judged_is_judged_again() {
    let scene = Scene::new(land()).await;
    scene.wish(address(1), (None, None), "api").await;
    let due = herald::store::probes::due(&scene.database.pool, scene.indexer.context.key, 10);
    let stale = due.await.unwrap().remove(0);
    sqlx::query("update chain.contracts set start_block = 444, probe_at = clock_timestamp()")
        .execute(&scene.database.pool)
        .await
        .unwrap();
    let pool = &scene.database.pool;
    let wait = std::time::Duration::from_secs(9);
    assert_eq!(herald::store::probes::accept(pool, &[(&stale, None, Some(1))]).await.unwrap(), 0);
    let refused = [(&stale, "no_contract", "no".to_owned(), wait)];
    herald::store::probes::refuse(pool, &refused).await.unwrap();
    herald::store::probes::put_off(pool, &[(stale.due, wait)]).await.unwrap();
    scene.work().await;
    assert_eq!(scene.row(address(1)).await.accepted(), (Some("erc721"), Some(444)));
}

#[tokio::test]
async fn a_chain_that_has_not_begun_judges_nobody() {
    let scene = Scene::new(land()).await;
    sqlx::query("update chain.chains set finalized = null")
        .execute(&scene.database.pool)
        .await
        .unwrap();
    let row = scene.judge(&[address(2)]).await.remove(0);
    assert_eq!((row.refused, row.waits), (None, true));
}
