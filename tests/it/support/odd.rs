//! Two contracts whose `Transfer` has three topics and one word of data: an NFT older than its
//! standard, and a coin. Their logs alone do not tell them apart.

use alloy::primitives::{Address, Bytes};
use herald::devnet::contracts::create;
use herald::devnet::node::Node;

pub(crate) use abi::{HeraldCoin, OddCollectible};

mod abi {
    alloy::sol!(OddCollectible, "contracts/artifacts/OddCollectible.json");
    alloy::sol!(HeraldCoin, "contracts/artifacts/HeraldCoin.json");
}

/// Creates the NFT and the coin, each in a block of its own.
pub(crate) async fn deploy_odd(node: &Node, from: Address) -> (Address, Address) {
    let deploy =
        async |code: &Bytes| create(node, from, code.clone()).await.expect("the node takes it").0;
    (deploy(&OddCollectible::BYTECODE).await, deploy(&HeraldCoin::BYTECODE).await)
}
