//! What a pass asks of a node, counted exactly.

use alloy::primitives::U256;

use super::story::{ANN, ART, NOBODY, minted};
use crate::support::database::fresh;
use crate::support::sim::{SimTx, erc20_transfer, erc721_transfer};
use crate::support::tables;

/// Question for the head, question for the headers from the checkpoint on.
const LOOKS: u64 = 2;

#[tokio::test]
async fn blocks_that_their_blooms_exclude_are_not_asked_for_logs() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    let coins = |nonce| SimTx::new(nonce, vec![erc20_transfer(ANN, ANN, ANN, U256::from(nonce))]);
    for nonce in 10..15 {
        node.chain().mine(vec![coins(nonce)]);
    }
    let before = node.requests();
    indexer.live().await.unwrap();
    assert_eq!(node.requests() - before, LOOKS);
    let mint = erc721_transfer(ART, NOBODY, ANN, U256::from(8));
    node.chain().mine(vec![coins(20), SimTx::new(21, vec![mint])]);
    let before = node.requests();
    indexer.live().await.unwrap();
    assert_eq!(node.requests() - before, LOOKS + 1);
    let before = node.requests();
    indexer.live().await.unwrap();
    assert_eq!(node.requests() - before, 1, "a pass without news asks for the head only");
}

#[tokio::test]
async fn an_empty_bloom_over_receipts_excludes_nothing() {
    let database = fresh().await;
    let (node, indexer) = minted(&database.pool).await;
    node.faults().hides_blooms = true;
    for id in 8..30u64 {
        let mint = erc721_transfer(ART, NOBODY, ANN, U256::from(id));
        node.chain().mine(vec![SimTx::new(id, vec![mint])]);
    }
    indexer.rest().await;
    let held = tables::holdings(&database.pool, indexer.context.key).await;
    assert_eq!(held.len(), 23);
}
