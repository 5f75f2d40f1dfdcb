//! What is shown of a load: the chains' and the contracts' routes, and the rows behind the command line.

use herald::store::progress::{loads, of_contract};
use serde_json::json;

use super::World;
use crate::api::{api, ok};
use crate::support::seed::person;

/// The load of the chain as its route shows it.
async fn load(world: &World) -> serde_json::Value {
    ok(&api(world.pool()), "/v1/chains/1").await["load"].clone()
}

#[tokio::test]
async fn a_chain_shows_rate_and_time_left_while_something_moves() {
    let world = World::new().await;
    let shown = |done: i64, total: i64, rate: Option<f64>, eta: Option<f64>| json!({"blocks_done": done, "blocks_total": total, "blocks_per_s": rate, "eta_s": eta});
    assert_eq!(load(&world).await, shown(0, 0, None, None));
    world.contract.loading(100, 25).await;
    let other = world.chain.contract(person(2), "loading", 0).await;
    sqlx::query("insert into chain.load_members select id, $1, 0 from chain.load_sets")
        .bind(other.id)
        .execute(world.pool())
        .await
        .unwrap();
    assert_eq!(load(&world).await, shown(25, 100, None, None), "blocks count once");
    sqlx::query("update chain.chains set load_done = 25, load_rate = 12.26")
        .execute(world.pool())
        .await
        .unwrap();
    world.ago(1.0).await;
    assert_eq!(load(&world).await, shown(25, 100, Some(12.3), Some(7.0)));
    world.ago(121.0).await;
    assert_eq!(load(&world).await, shown(25, 100, None, None), "nobody measures any more");
}

#[tokio::test]
async fn finished_sets_stay_in_the_sums_until_all_are() {
    let world = World::new().await;
    world.contract.loading(100, 25).await;
    world.finish().await;
    let other = world.chain.contract(person(2), "loading", 0).await;
    other.loading(300, 0).await;
    let shown = &loads(world.pool(), None).await.unwrap()[0].load;
    assert_eq!((shown.blocks_done, shown.blocks_total, shown.loading), (100, 400, true));
    let percent = async |address| {
        let path = format!("/v1/contracts/1/{}", person(address));
        ok(&api(world.pool()), &path).await["loaded_percent"].clone()
    };
    assert_eq!((percent(1).await, percent(2).await), (json!(100.0), json!(0.0)));
    world.finish().await;
    assert!(!loads(world.pool(), None).await.unwrap()[0].load.loading);
}

#[tokio::test]
async fn a_contract_in_a_shared_set_counts_from_its_own_start() {
    let world = World::new().await;
    world.contract.loading(100, 75).await;
    for (address, from) in [(2, 50), (3, 80), (4, 0)] {
        let state = if address == 4 { "folding" } else { "loading" };
        let contract = world.chain.contract(person(address), state, from).await;
        sqlx::query("insert into chain.load_members select id, $1, $2 from chain.load_sets")
            .bind(contract.id)
            .bind(from)
            .execute(world.pool())
            .await
            .unwrap();
    }
    // A second span of the set, as splitting makes them: half of 100..200 is read.
    sqlx::query(
        r"insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block)
        select set_id, chain, log_kinds, 100, 150, 199 from chain.spans",
    )
    .execute(world.pool())
    .await
    .unwrap();
    for (address, percent) in
        [(1, 100.0 * 125.0 / 200.0), (2, 100.0 * 75.0 / 150.0), (3, 100.0 * 50.0 / 120.0)]
    {
        let of = of_contract(world.pool(), "ethereum", &person(address).into_array()).await;
        let of = of.unwrap().unwrap();
        assert_eq!(of.loaded_percent, Some(percent), "{address}");
        let path = format!("/v1/contracts/1/{}", person(address));
        let shown = ok(&api(world.pool()), &path).await;
        assert_eq!(shown["loaded_percent"], (percent * 10.0).floor() / 10.0);
        assert_eq!((of.load.blocks_done, of.load.blocks_total), (125, 200));
    }
    let folding = ok(&api(world.pool()), &format!("/v1/contracts/1/{}", person(4))).await;
    assert_eq!(folding["status"], "folding");
    assert!(of_contract(world.pool(), "base", &[1; 20]).await.unwrap().is_none());
}
