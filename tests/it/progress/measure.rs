//! The rate of a load, against a smoothing that is worked out step by step.

use futures_util::future::join_all;
use herald::store::chains;
use herald::store::progress::{Load, measure};

use super::World;

/// What a measurement has written: blocks, the time in seconds, the rate.
type Measured = (Option<i64>, Option<f64>, Option<f64>);

async fn measured(world: &World) -> Measured {
    sqlx::query_as(
        "select load_done, extract(epoch from load_at)::float8, load_rate from chain.chains",
    )
    .fetch_one(world.pool())
    .await
    .unwrap()
}

async fn measure_now(world: &World) -> Measured {
    measure(world.pool(), world.key()).await.unwrap();
    measured(world).await
}

/// The truth: a value that half a minute takes halfway to the rate of that time, in steps of a
/// millisecond.
fn smoothed(mut value: f64, rate: f64, seconds: f64) -> f64 {
    let step = 0.001;
    let share = std::f64::consts::LN_2 / 30.0 * step;
    for _ in 0..(seconds / step) as u64 {
        value += (rate - value) * share;
    }
    value
}

fn near(found: f64, truth: f64) -> bool {
    (found - truth).abs() <= truth.abs() * 1e-3
}

#[tokio::test]
async fn the_rate_follows_the_blocks_by_the_databases_clock() {
    let world = World::new().await;
    world.contract.loading(1_000_000, 0).await;
    let (done, _, rate) = measure_now(&world).await;
    assert_eq!((done, rate), (Some(0), None), "a first measurement only begins");
    let mut truth = None;
    let mut before = 0;
    for (seconds, next) in [(2.0, 1_000), (10.0, 9_000), (30.0, 9_300), (2.0, 80_000)] {
        world.ago(seconds).await;
        let (_, from, _) = measured(&world).await;
        world.load_to(next).await;
        let (done, at, rate) = measure_now(&world).await;
        let length = at.unwrap() - from.unwrap();
        let now = (next - before) as f64 / length;
        truth = Some(truth.map_or(now, |value| smoothed(value, now, length)));
        assert_eq!(done, Some(next));
        assert!(near(rate.unwrap(), truth.unwrap()), "{rate:?} is not {truth:?}");
        before = next;
    }
}

#[tokio::test]
async fn any_number_of_measurers_at_once_measure_once() {
    let world = World::new().await;
    world.contract.loading(1_000_000, 0).await;
    measure_now(&world).await;
    world.ago(10.0).await;
    let (_, from, _) = measured(&world).await;
    world.load_to(50_000).await;
    let all = join_all((0..12).map(|_| measure(world.pool(), world.key()))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    let first = measured(&world).await;
    let truth = 50_000.0 / (first.1.unwrap() - from.unwrap());
    assert!(near(first.2.unwrap(), truth), "{first:?} is not {truth}");

    // A measurement of this very moment, whichever replica made it, leaves no time to measure.
    world.ago(-1.0).await;
    let before = measured(&world).await;
    world.load_to(50_007).await;
    assert_eq!(measure_now(&world).await, before);
}

#[tokio::test]
async fn a_locked_chain_is_not_waited_for() {
    let world = World::new().await;
    world.contract.loading(100, 0).await;
    let mut tx = world.pool().begin().await.unwrap();
    chains::lock(&mut tx, world.key()).await.unwrap();
    measure(world.pool(), world.key()).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(measured(&world).await, (None, None, None));
    assert_eq!(measure_now(&world).await.0, Some(0));
}

#[tokio::test]
async fn a_rate_ends_with_its_load_and_with_standing_still() {
    let world = World::new().await;
    world.contract.loading(1_000, 0).await;
    measure_now(&world).await;
    world.ago(10.0).await;
    world.load_to(500).await;
    let (_, _, rate) = measure_now(&world).await;
    assert!(rate.is_some());
    world.ago(60.0).await;
    let before = measured(&world).await;
    assert_eq!(measure_now(&world).await, before, "nothing moved, so nothing is written");
    world.load_to(100).await;
    let (done, _, kept) = measure_now(&world).await;
    assert_eq!((done, kept), (Some(100), rate), "a span is read again at the same pace");
    world.ago(121.0).await;
    world.load_to(700).await;
    let (done, _, rate) = measure_now(&world).await;
    assert_eq!((done, rate), (Some(700), None), "the time of standing still is no part of a rate");
    world.finish().await;
    assert_eq!(measure_now(&world).await, (None, None, None));
    world.contract.loading(1_000, 10).await;
    let (done, _, rate) = measure_now(&world).await;
    assert_eq!((done, rate), (Some(1_010), None), "finished sets count until they are forgotten");
}

#[test]
fn time_left_is_what_is_left_by_the_rate() {
    for (done, total, rate, left, eta) in [
        (250, 1_000, Some(50.0), 750, Some(15.0)),
        (250, 1_000, None, 750, None),
        (250, 1_000, Some(0.0), 750, None),
        (1_000, 1_000, Some(3.0), 0, Some(0.0)),
        (0, 0, Some(3.0), 0, Some(0.0)),
    ] {
        let load =
            Load { loading: true, blocks_done: done, blocks_total: total, blocks_per_s: rate };
        assert_eq!((load.left(), load.eta_s()), (left, eta), "{load:?}");
    }
    let load = Load { loading: true, blocks_done: 333, blocks_total: 1_000, blocks_per_s: None };
    assert!(near(load.percent(), 33.3));
    assert_eq!(Load { loading: true, ..Load::default() }.percent(), 0.0);
    assert_eq!(Load::default().percent(), 100.0);
}
