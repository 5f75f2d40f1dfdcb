//! The contracts of three topics on a real node: what tells the NFT from the coin is what they
//! answer, not what they log.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use herald::devnet::anvil::Anvil;
use herald::devnet::node::{Answer, Node, NodeLog, Sending};
use herald::devnet::traffic::next_time;

use crate::support::odd::{HeraldCoin, OddCollectible, deploy_odd};

/// Sends a call in a block of its own.
pub(super) async fn send<C: SolCall>(node: &Node, from: Address, to: Address, call: C) {
    let sending = Sending { from, to: Some(to), data: Bytes::from(call.abi_encode()) };
    let sent = node.send(&sending).await.unwrap();
    mine(node).await;
    assert!(node.receipt(sent).await.unwrap().succeeded());
}

/// Makes a block of what waits.
pub(super) async fn mine(node: &Node) {
    node.mine(next_time(node.head().await.unwrap().time())).await.unwrap();
}

async fn owner(node: &Node, contract: Address, id: U256) -> Option<Address> {
    let at = node.head().await.unwrap().hash;
    match node.call(contract, &OddCollectible::ownerOfCall { id }, at).await.unwrap() {
        Answer::Returned(owner) => Some(owner),
        Answer::Reverted(_) => None,
    }
}

#[tokio::test]
async fn a_nft_and_a_coin_log_the_same_three_topics_and_only_the_nft_names_an_owner() {
    let (_dir, path) = super::folder();
    let anvil = Anvil::start(&super::program(), &path, "odd", 31_337).await.unwrap();
    let node = Node::new(&anvil.http_url()).unwrap();
    let [alice, bob] = node.accounts().await.unwrap()[..2] else { panic!("two accounts") };
    let (nft, coin) = deploy_odd(&node, alice).await;
    let id = U256::from(7);
    send(&node, alice, nft, OddCollectible::mintCall { to: alice, id }).await;
    send(&node, alice, nft, OddCollectible::transferCall { to: bob, id }).await;
    send(&node, alice, coin, HeraldCoin::mintCall { to: alice, amount: id }).await;
    send(&node, alice, coin, HeraldCoin::transferCall { to: bob, value: id }).await;

    let seen = |logs: Vec<NodeLog>| -> Vec<_> {
        logs.into_iter().map(|log| (log.topics, log.data)).collect()
    };
    let of_nft = seen(node.logs(nft).await.unwrap());
    assert_eq!(of_nft, seen(node.logs(coin).await.unwrap()));
    assert!(of_nft.iter().all(|(topics, data)| topics.len() == 3 && data.len() == 32));
    assert_eq!(owner(&node, nft, id).await, Some(bob));
    assert_eq!(owner(&node, coin, id).await, None);
    send(&node, alice, nft, OddCollectible::burnCall { id }).await;
    assert_eq!(owner(&node, nft, id).await, None);
    anvil.stop().await.unwrap();
}
