//! An NFT and a coin of three topics, indexed from a real node: tokens are read from the NFT, and
//! nothing ever from the coin.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{B256, Bytes, U256, keccak256};
use herald::devnet::contracts::create;
use herald::store::chains;

use super::scene::Scene;
use super::shapes::send;
use crate::support::replay::Kind;

mod forge {
    alloy::sol!(LogForge, "contracts/artifacts/LogForge.json");
}

/// A history of both contracts of more than one step, with `look` after each part of it.
async fn history(scene: &Scene, look: impl AsyncFn()) {
    for id in 1..=8 {
        scene.mint(id).await;
        scene.pay(id).await;
        look().await;
    }
    for id in [3, 5] {
        scene.pass(id).await;
        scene.burn(id - 1).await;
        look().await;
    }
    scene.rise().await;
    look().await;
}

async fn variant(kind: Option<Kind>, is_early: bool) {
    let mut scene = Scene::new().await;
    let when = format!("stated: {kind:?}, followed before its logs: {is_early}");
    if is_early {
        scene.follow(kind).await;
        scene.indexer.rest().await;
        history(&scene, async || scene.indexer.rest().await).await;
    } else {
        history(&scene, async || ()).await;
        scene.follow(kind).await;
        scene.indexer.rest().await;
    }
    scene.assert_true(&when).await;
    let stated = kind.map(|_| "erc721".to_owned());
    let read = [(Some("erc721".to_owned()), Some(true)), (stated, Some(false))];
    assert_eq!([scene.read(scene.nft).await, scene.read(scene.coin).await], read, "{when}");
    assert_eq!(scene.decisions(), [1, 1], "{when}");
    scene.restart().await;
    scene.indexer.rest().await;
    scene.mint(20).await;
    scene.pay(20).await;
    scene.indexer.rest().await;
    scene.assert_true(&format!("after a restart, {when}")).await;
    assert_eq!([scene.read(scene.nft).await, scene.read(scene.coin).await], read, "{when}");
    assert_eq!(scene.decisions(), [1, 1], "{when}");
    scene.anvil.stop().await.unwrap();
}

#[tokio::test]
async fn tokens_are_read_and_coins_are_not_whoever_comes_first_and_whatever_is_stated() {
    for kind in [Some(Kind::Erc721), None] {
        for is_early in [true, false] {
            variant(kind, is_early).await;
        }
    }
}

#[tokio::test]
async fn tokens_that_are_burnt_when_they_are_asked_for_are_read_once_another_shows_an_owner() {
    for kind in [Some(Kind::Erc721), None] {
        let scene = Scene::new().await;
        for id in 1..=9 {
            scene.mint(id).await;
        }
        scene.rise().await;
        for id in 1..=9 {
            scene.burn(id).await;
        }
        scene.rise().await;
        scene.follow(kind).await;
        scene.indexer.rest().await;
        let (stated, nft) = (kind.map(|_| "erc721".to_owned()), scene.nft);
        assert_eq!(scene.read(nft).await, (stated, None), "nothing tells it from a coin");
        assert_eq!(scene.stored().await.len(), 0);
        scene.mint(10).await;
        scene.indexer.rest().await;
        scene.assert_true("with all that was passed over").await;
        assert_eq!(scene.read(nft).await, (Some("erc721".to_owned()), Some(true)));
        scene.burn(10).await;
        scene.mint(11).await;
        scene.indexer.rest().await;
        scene.assert_true("afterwards").await;
        scene.anvil.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_is_burnt_before_the_live_edge_asks_costs_nothing_that_is_logged() {
    let scene = Scene::new().await;
    scene.follow(None).await;
    scene.indexer.rest().await;
    scene.mint(1).await;
    scene.burn(1).await;
    scene.indexer.rest().await;
    scene.mint(2).await;
    scene.indexer.rest().await;
    scene.assert_true("live").await;
    scene.anvil.stop().await.unwrap();
}

/// Counts warnings of the work done on this thread.
struct Warnings(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let is_warning = *event.metadata().level() == tracing::Level::WARN;
        self.0.fetch_add(usize::from(is_warning), Ordering::Relaxed);
    }
}

async fn warnings(work: impl Future<Output = ()>) -> usize {
    use tracing_subscriber::layer::SubscriberExt as _;
    let count = Arc::<AtomicUsize>::default();
    let layer = tracing_subscriber::registry().with(Warnings(count.clone()));
    let guard = tracing::subscriber::set_default(layer);
    work.await;
    drop(guard);
    count.load(Ordering::Relaxed)
}

#[tokio::test]
async fn where_nobody_can_be_called_nothing_is_invented_and_nothing_lost() {
    let mut scene = Scene::new().await;
    scene.relay.book().cannot_call = true;
    scene.follow(None).await;
    scene.indexer.rest().await;
    scene.mint(1).await;
    scene.pay(1).await;
    assert!(warnings(scene.indexer.rest()).await >= 2, "one for each contract");
    assert_eq!(scene.stored().await.len(), 0);
    assert_eq!(
        [scene.read(scene.nft).await, scene.read(scene.coin).await],
        [(None, None), (None, None)]
    );
    assert_eq!(warnings(scene.indexer.rest()).await, 0, "only logs are warned of");
    scene.relay.book().cannot_call = false;
    scene.restart().await;
    scene.mint(2).await;
    scene.pay(2).await;
    scene.indexer.rest().await;
    scene.assert_true("once somebody can be called").await;
    assert_eq!(scene.read(scene.coin).await, (None, Some(false)));
    scene.anvil.stop().await.unwrap();
}

#[tokio::test]
async fn a_contract_that_only_claims_to_be_one_of_tokens_is_not_believed() {
    let scene = Scene::new().await;
    let from = scene.people[0];
    let (forge, _) = create(&scene.node, from, forge::LogForge::BYTECODE.clone()).await.unwrap();
    scene.relay.book().claims = vec![forge, scene.coin];
    scene.follow(None).await;
    scene.indexer.follow_as(forge, None, 0).await;
    let topics = vec![
        keccak256("Transfer(address,address,uint256)"),
        B256::ZERO,
        scene.people[1].into_word(),
    ];
    let data = Bytes::from(U256::from(7).to_be_bytes_vec());
    send(&scene.node, from, forge, forge::LogForge::emitRawCall { topics, data }).await;
    scene.pay(7).await;
    scene.indexer.rest().await;
    assert_eq!(scene.stored().await.len(), 0);
    assert_eq!(scene.read(forge).await, (None, None));
    assert_eq!(scene.read(scene.coin).await, (None, Some(false)));
    let row = chains::load(&scene.database.pool, scene.indexer.context.key).await.unwrap();
    let head = scene.node.head().await.unwrap().number();
    assert_eq!(row.checkpoint.map(|(number, _)| number), Some(head));
    scene.anvil.stop().await.unwrap();
}
