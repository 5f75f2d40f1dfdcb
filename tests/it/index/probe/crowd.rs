//! Many contracts at once, some of which cannot be asked.

use std::sync::atomic::Ordering;

use super::land::Land;
use super::nature::{Contract, ERC721, Nature};
use super::{Scene, address};
use crate::support::statements::counted;

const MANY: u64 = 10_000;

#[tokio::test]
async fn ten_thousand_contracts_are_judged_in_few_statements_with_bounded_questions() {
    let mut land = Land::new(4_000);
    land.bustle(address(MANY), 1);
    for number in 0..MANY {
        land.contracts.insert(address(number), Contract::from(number % 3_000));
    }
    let scene = Scene::new(land).await;
    sqlx::query(
        r"insert into chain.contracts (chain, address, origin, probe_at, describe_at)
        select $1, a, 'api', clock_timestamp(), null from unnest($2::bytea[]) a",
    )
    .bind(scene.indexer.context.key.0)
    .bind((0..MANY).map(|number| address(number).to_vec()).collect::<Vec<_>>())
    .execute(&scene.database.pool)
    .await
    .unwrap();
    let ((), statements) = counted(scene.work()).await;
    assert!(statements < 800, "{statements} statements");
    let [now, most] = scene.land.under_way.each_ref().map(|it| it.load(Ordering::Relaxed));
    assert!((2..=16).contains(&most) && now == 0, "{most} questions at once, {now} left");
    let asked = scene.land.asked.load(Ordering::Relaxed) as u64;
    assert!(asked < 24 * MANY, "{asked} questions");
    let right: i64 = sqlx::query_scalar(
        r"select count(*) from chain.contracts c join unnest($1::bytea[], $2::int8[]) w (address, start)
            using (address)
        where c.start_block = w.start and c.standard = 'erc721' and c.refused is null
            and c.probe_at is null",
    )
    .bind((0..MANY).map(|number| address(number).to_vec()).collect::<Vec<_>>())
    .bind((0..MANY).map(|number| (number % 3_000) as i64).collect::<Vec<_>>())
    .fetch_one(&scene.database.pool)
    .await
    .unwrap();
    assert_eq!(right, MANY as i64);
}

#[tokio::test]
async fn a_contract_that_makes_questions_fail_holds_up_nobody_and_is_judged_in_the_end() {
    let mut land = Land::new(1_000);
    for number in 0..40 {
        let nature = if number < 20 { Nature::Failing } else { Nature::Has(ERC721) };
        land.contracts.insert(address(number), Contract::of(nature));
    }
    let scene = Scene::new(land).await;
    let contracts: Vec<_> = (0..40).map(address).collect();
    let rows = scene.judge(&contracts).await;
    for row in &rows[20..] {
        assert_eq!(row.accepted(), (Some("erc721"), Some(1)));
    }
    for wait in [2, 4, 8, 16, 32, 64, 128, 256] {
        let row = scene.row(address(0)).await;
        assert_eq!((row.refused, row.waits), (None, true), "given up before {wait} s");
        scene.later(wait + 1).await;
        scene.work().await;
    }
    assert_eq!(scene.row(address(0)).await.refused().0, "not_nft");
}

#[tokio::test]
async fn a_node_that_is_down_counts_against_no_contract() {
    let scene = Scene::new(Land { down: true, ..Land::new(1_000) }).await;
    scene.wish(address(1), (None, None), "api").await;
    let before = scene.row(address(1)).await;
    for _ in 0..20 {
        assert!(scene.indexer.probe().await.is_err());
    }
    assert_eq!(scene.row(address(1)).await, before);
    let mut land = Land::new(1_000);
    land.contracts.insert(address(1), Contract::from(3));
    let scene = scene.before(land).await;
    scene.work().await;
    assert_eq!(scene.row(address(1)).await.accepted(), (Some("erc721"), Some(3)));
}
