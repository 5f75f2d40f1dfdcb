//! A later release reads one more kind of log, ERC-4906's `MetadataUpdate`: the past is read once
//! more for that kind alone, and nothing that was stored is touched.

use alloy::primitives::{B256, Log, LogData, U256, b256};
use herald::decode::{ERC721_TRANSFER, ERC1155_TRANSFER, ERC2309_TRANSFER, KINDS, LogKind};
use herald::store::{Pool, chains};
use herald::work::Pass;

use super::story::{ANN, ART, BOB, NOBODY};
use crate::support::database::fresh;
use crate::support::indexer::{CHAIN, Indexer, rules};
use crate::support::listening::Listening;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::{Contract, SimChain, SimNode, SimTx, World, erc721_transfer};
use crate::support::tables;

/// keccak256("MetadataUpdate(uint256)") (EIP-4906).
const METADATA_UPDATE: B256 =
    b256!("f8e1a15aba9398e019f0b49df1a4fde98ee17ae345cb5f6b5e2c27f5033e8ce7");
const ERC4906_UPDATE: LogKind =
    LogKind { name: "erc4906.update", topics: &[METADATA_UPDATE], moves_tokens: false };
const LATER: &[LogKind] = &[ERC721_TRANSFER, ERC2309_TRANSFER, ERC1155_TRANSFER, ERC4906_UPDATE];

fn update(token: u64) -> Log {
    let data =
        LogData::new_unchecked(vec![METADATA_UPDATE], U256::from(token).to_be_bytes_vec().into());
    Log { address: ART, data }
}

/// Forty blocks in which a token moves and its metadata changes.
fn chain() -> SimChain {
    let mut chain = SimChain::new(3, CHAIN.0);
    let mut holder = NOBODY;
    for block in 0..40 {
        let next = if holder == ANN { BOB } else { ANN };
        let moved = erc721_transfer(ART, holder, next, U256::from(7));
        chain.mine(vec![SimTx::new(block, vec![moved, update(7)])]);
        holder = next;
    }
    chain
}

/// Which row version holds each transfer: a row that is written again has another.
async fn versions(pool: &Pool) -> Vec<(i64, String)> {
    sqlx::query_as("select block, ctid::text || xmin::text from chain.transfers order by block")
        .fetch_all(pool)
        .await
        .expect("the transfers")
}

async fn loaded(pool: &Pool) -> Vec<(Vec<String>, String)> {
    sqlx::query_as(
        "select log_kinds, blocks::text from chain.loaded order by cardinality(log_kinds) desc",
    )
    .fetch_all(pool)
    .await
    .expect("what is loaded")
}

#[tokio::test]
async fn a_new_kind_of_log_is_loaded_without_reading_transfers_again() {
    let database = fresh().await;
    let pool = &database.pool;
    let node = SimNode::new(chain());
    let listening = Listening::on(node.clone());
    let over = || Indexer::over(pool, (CHAIN, listening.clone()), "one", rules());
    let indexer = over().await;
    indexer.follow(&[ART], 5).await;
    indexer.rest().await;
    let (before, had) = (versions(pool).await, loaded(pool).await);
    assert_eq!(before.len(), 36);
    listening.take();

    let later = over().await.reading(LATER);
    assert_eq!(later.track().await.expect("the kind is planned"), Pass::Worked);
    let row = chains::load(pool, later.context.key).await.expect("the chain");
    let checkpoint = row.checkpoint.expect("it was followed").0;
    assert_eq!(row.log_kinds.last().map(String::as_str), Some("erc4906.update"));
    later.rest().await;
    let asked = listening.take();
    assert!(!asked.is_empty(), "nothing was asked");
    for (scope, filter) in &asked {
        assert_eq!(filter.topics, [METADATA_UPDATE], "transfers are asked for again: {scope:?}");
        assert_eq!(filter.addresses, [ART]);
    }
    let ready = tables::in_state(pool, later.context.key, "ready").await;
    assert_eq!(ready, [ART].into(), "what is ready stays so");
    assert_eq!(versions(pool).await, before, "transfers were written again");
    let all = format!("{{[5,{})}}", checkpoint + 1);
    let known = (had[0].0.clone(), all.clone());
    assert_eq!(loaded(pool).await, [known, (vec!["erc4906.update".to_owned()], all)]);

    node.chain().mine(vec![SimTx::new(99, vec![update(7)])]);
    later.rest().await;
    let topics: Vec<B256> = LATER.iter().flat_map(|kind| kind.topics).copied().collect();
    let asked = listening.take();
    assert!(asked.iter().all(|(_, filter)| filter.topics == topics), "{asked:?}");
    let truth = Replay::of(node.chain().canonical(), &[Tracked::erc721(ART, 5)]);
    tables::assert_equal(pool, later.context.key, &truth, "with a new kind of log").await;
}

#[tokio::test]
async fn a_new_kind_that_moves_tokens_has_every_past_read_again_and_ownership_built_anew() {
    const EARLIER: &[LogKind] = &[ERC721_TRANSFER, ERC2309_TRANSFER];
    let database = fresh().await;
    let pool = &database.pool;
    let mut world = World::mixed(4, false);
    world.mine(40);
    let earlier = Indexer::new(pool, world.node(), "one").await.reading(EARLIER);
    let followed: Vec<_> = world.contracts.iter().filter(|it| it.is_tracked).copied().collect();
    for contract in &followed {
        earlier.follow_as(contract.address, Some(contract.sort.kind()), 0).await;
    }
    earlier.rest().await;
    let row = chains::load(pool, earlier.context.key).await.expect("the chain");
    assert_eq!(row.log_kinds.len(), EARLIER.len());

    let later = Indexer::new(pool, world.node(), "one").await;
    world.mine(5);
    later.rest().await;
    let stated =
        |contract: &Contract| Tracked { kind: Some(contract.sort.kind()), ..contract.tracked(0) };
    let truth = Replay::of(&world.canonical(), &followed.iter().map(stated).collect::<Vec<_>>());
    assert!(!truth.balances.is_empty(), "nothing that the earlier release could not read");
    let ready = tables::in_state(pool, later.context.key, "ready").await;
    assert_eq!(ready.len(), followed.len());
    tables::assert_equal(pool, later.context.key, &truth, "with the kind it lacked").await;
}

#[tokio::test]
async fn a_release_that_does_not_know_a_kind_leaves_the_chain_to_one_that_does() {
    let database = fresh().await;
    let pool = &database.pool;
    let node = SimNode::new(chain());
    let old = Indexer::new(pool, node.clone(), "old").await;
    old.follow(&[ART], 0).await;
    old.rest().await;
    let new = Indexer::new(pool, node.clone(), "new").await.reading(LATER);
    new.track().await.expect("the kind is planned");

    node.chain().mine(vec![SimTx::new(99, vec![update(7)])]);
    let stood = chains::load(pool, old.context.key).await.expect("the chain").checkpoint;
    assert_eq!(old.live().await.expect("it stands by"), Pass::Idle);
    assert_eq!(old.load().await.expect("it passes over the span"), Pass::Idle);
    let row = chains::load(pool, old.context.key).await.expect("the chain");
    assert_eq!(row.checkpoint, stood, "an old release went on");
    // The lease was given back, so nobody waits for it.
    new.rest().await;
    let row = chains::load(pool, old.context.key).await.expect("the chain");
    assert_eq!(row.checkpoint.map(|at| at.0), Some(41));
    assert_eq!(KINDS.len() + 1, LATER.len());
}
