//! Hand-made blocks for a story that a person can follow.

use alloy::primitives::{Address, U256};

use crate::support::indexer::Indexer;
use crate::support::sim::{SimChain, SimNode, SimTx, erc721_transfer};

/// The contract of every story.
pub(super) const ART: Address = Address::repeat_byte(0xA7);
/// People, and nobody.
pub(super) const ANN: Address = Address::repeat_byte(1);
pub(super) const BOB: Address = Address::repeat_byte(2);
pub(super) const CAT: Address = Address::repeat_byte(3);
pub(super) const NOBODY: Address = Address::ZERO;

/// One transaction in which token 7 goes along these hands.
pub(super) fn hands(nonce: u64, hands: &[Address]) -> SimTx {
    let hop = |pair: &[Address]| erc721_transfer(ART, pair[0], pair[1], U256::from(7));
    SimTx::new(nonce, hands.windows(2).map(hop).collect())
}

/// A chain on which block 1 mints token 7 to Ann, followed from block 0 and caught up.
pub(super) async fn minted(pool: &herald::store::Pool) -> (SimNode, Indexer) {
    let mut chain = SimChain::new(1, 31_337);
    chain.mine(vec![hands(1, &[NOBODY, ANN])]);
    let node = SimNode::new(chain);
    let indexer = Indexer::new(pool, node.clone(), "one").await;
    indexer.follow(&[ART], 0).await;
    indexer.rest().await;
    (node, indexer)
}
