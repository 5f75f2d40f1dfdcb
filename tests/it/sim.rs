//! The simulator itself: valid blocks, forks, custody, and each fault of a node.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, BloomInput, Bytes, U256, b256};
use alloy::rlp::{Encodable, Header};
use alloy_consensus::{ReceiptEnvelope, Typed2718};

use crate::support::sim::{
    Move, SimBlock, SimChain, SimTx, Step, Weights, World, coin, erc721_transfer, tracked, wallets,
};
use crate::support::trie::ordered_root;

/// A world after so many random steps.
fn stepped(seed: u64, steps: usize) -> World {
    let mut world = World::new(seed);
    for _ in 0..steps {
        world.step();
    }
    world
}

fn hashes(world: &World) -> Vec<alloy::primitives::B256> {
    world.canonical().iter().map(|block| block.hash).collect()
}

#[test]
fn blocks_link_and_their_hashes_recompute() {
    let world = stepped(1, 300);
    let blocks = world.canonical();
    assert!(blocks.len() > 200, "enough blocks: {}", blocks.len());
    for pair in blocks.windows(2) {
        assert!(pair[1].block_ref().follows(&pair[0].block_ref()));
        assert!(pair[1].header.timestamp >= pair[0].header.timestamp);
    }
    for block in &blocks {
        assert_eq!(block.hash, block.header.hash_slow());
    }
}

#[test]
fn blooms_cover_every_log_and_receipts_roots_are_real() {
    let mut kinds = BTreeSet::new();
    for block in stepped(2, 100).canonical() {
        for log in &block.logs {
            let bloom = block.header.logs_bloom;
            assert!(bloom.contains_input(BloomInput::Raw(log.address.as_slice())));
            for topic in &log.topics {
                assert!(bloom.contains_input(BloomInput::Raw(topic.as_slice())));
            }
        }
        for (receipt, tx) in block.receipts().iter().zip(&block.txs) {
            let logs = if tx.succeeds { tx.logs.as_slice() } else { &[] };
            assert_eq!((receipt.tx_type(), receipt.logs()), (tx.kind, logs));
            kinds.insert(tx.kind);
        }
        let receipts: Vec<Bytes> = block.receipts().iter().map(encoded).collect();
        assert_eq!(block.header.receipts_root, ordered_root(&receipts));
    }
    assert_eq!(kinds.len(), 3, "typed receipts are among them: {kinds:?}");
    let empty = b256!("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    assert_eq!(SimBlock::genesis(1, 1).header.receipts_root, empty);
}

/// A receipt as EIP-2718 encodes it, put together by hand.
fn encoded(receipt: &ReceiptEnvelope) -> Bytes {
    let mut payload = Vec::new();
    receipt.status().encode(&mut payload);
    receipt.cumulative_gas_used().encode(&mut payload);
    receipt.logs_bloom().encode(&mut payload);
    alloy::rlp::encode_list(receipt.logs(), &mut payload);
    let mut whole = if receipt.ty() == 0 { Vec::new() } else { vec![receipt.ty()] };
    Header { list: true, payload_length: payload.len() }.encode(&mut whole);
    [whole, payload].concat().into()
}

#[test]
fn a_wide_block_has_a_real_receipts_root_too() {
    let mut chain = SimChain::new(3, 1);
    let logs = |nonce| vec![erc721_transfer(coin(), Address::ZERO, coin(), U256::from(nonce))];
    let block = chain.mine((0..300).map(|nonce| SimTx::new(nonce, logs(nonce))).collect());
    let receipts: Vec<Bytes> = block.receipts().iter().map(encoded).collect();
    assert_eq!(block.header.receipts_root, ordered_root(&receipts));
}

#[test]
fn a_reorg_may_shorten_keep_or_lengthen_the_chain() {
    for (depth, blocks, head) in [(3, 1, 8), (3, 3, 10), (3, 5, 12), (10, 0, 0)] {
        let mut chain = SimChain::new(4, 1);
        (0..10).for_each(|_| drop(chain.mine(Vec::new())));
        let old = chain.canonical().to_vec();
        let left = chain.reorg(depth, vec![Vec::new(); blocks]);
        assert_eq!(left, old[10].hash);
        assert_eq!(chain.head().header.number, head);
        let kept = chain.common_with(left);
        assert_eq!(kept, 10 - depth);
        assert_eq!(chain.canonical()[kept as usize].hash, old[kept as usize].hash);
        let after = chain.canonical().iter().zip(&old).skip(kept as usize + 1);
        after.for_each(|(new, old)| assert_ne!(new.hash, old.hash));
    }
}

#[test]
fn an_abandoned_branch_returns_with_identical_hashes() {
    let mut chain = SimChain::new(5, 1);
    (0..6).for_each(|_| drop(chain.mine(Vec::new())));
    let hashes = |chain: &SimChain| chain.canonical().iter().map(|b| b.hash).collect::<Vec<_>>();
    let first = hashes(&chain);
    let tip = chain.reorg(4, vec![Vec::new(); 5]);
    let second = hashes(&chain);
    assert_eq!(chain.abandoned(), [tip]);
    assert_eq!(chain.switch(tip), 5);
    assert_eq!(hashes(&chain), first);
    assert_eq!(chain.abandoned(), [second[7]]);
    assert_eq!(chain.switch(second[7]), 4);
    assert_eq!(hashes(&chain), second);
}

#[test]
fn the_seed_decides_everything() {
    assert_eq!(hashes(&stepped(6, 150)), hashes(&stepped(6, 150)));
    assert_ne!(hashes(&stepped(6, 150)), hashes(&stepped(7, 150)));
    let other = World::on_chain(6, 1);
    assert_ne!(hashes(&other)[0], hashes(&World::new(6))[0], "chains differ from block 0 on");
}

#[test]
fn nobody_gives_what_they_do_not_hold_on_any_branch() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        for _ in 0..10 {
            for _ in 0..12 {
                world.step();
            }
            let mut holders = BTreeMap::new();
            for moved in moves(&world.canonical()) {
                let holder = holders.insert((moved.contract, moved.token), moved.to);
                assert_eq!(moved.from, holder.unwrap_or_default(), "seed {seed}: {moved:?}");
            }
        }
    }
}

#[test]
fn traffic_holds_every_kind_of_history() {
    let mut world = stepped(8, 200);
    world.mine(200);
    let blocks = world.canonical();
    let all = moves(&blocks);
    let has = |what: &str, found: bool| assert!(found, "no {what}");
    let in_one = |fits: fn(&[Move]) -> bool| {
        blocks.iter().flat_map(|block| &block.txs).any(|tx| fits(&tx.moves))
    };
    has("self-transfer", all.iter().any(|it| it.from == it.to && !it.to.is_zero()));
    has("token that never was", all.iter().any(|it| it.from.is_zero() && it.to.is_zero()));
    has("id at the end of the range", all.iter().any(|it| it.token > U256::MAX - U256::from(4096)));
    has("contract that holds", all.iter().any(|it| it.to == tracked()[0]));
    has("several hops", in_one(|tx| tx.len() > 2 && tx[0].token == tx[2].token));
    has("several mints", in_one(|tx| tx.len() > 1 && tx[0].token != tx[1].token));
    has("mint-and-burn", in_one(|tx| tx.len() == 2 && tx[0].from.is_zero() && tx[1].to.is_zero()));
    has("there and back", in_one(|tx| tx.len() == 2 && tx[0].from == tx[1].to));
    has("empty block", blocks[1..].iter().any(|block| block.txs.is_empty()));
    has("reverted transaction", blocks.iter().flat_map(|b| &b.txs).any(|tx| !tx.succeeds));
    has("ERC-20 log", blocks.iter().flat_map(|b| &b.logs).any(|log| log.address == coin()));
    has(
        "remint",
        all.iter().any(|mint| {
            let is_same = |it: &&Move| it.contract == mint.contract && it.token == mint.token;
            mint.from.is_zero()
                && all.iter().filter(is_same).filter(|it| it.from.is_zero()).count() > 1
        }),
    );
    has(
        "token that moves in two transactions of a block",
        blocks.iter().any(|block| {
            let pairs = block.txs.windows(2).filter(|pair| !pair[0].moves.is_empty());
            pairs
                .filter_map(|pair| Some((pair[0].moves[0].token, pair[1].moves.first()?.token)))
                .any(|(a, b)| a == b)
        }),
    );
}

#[test]
fn weights_choose_the_kinds_of_transactions() {
    let mut world = World::new(9);
    let mints = Weights { mint: 1, ..Weights::NONE };
    world.traffic().weights = mints;
    world.mine(40);
    let all = moves(&world.canonical());
    assert!(all.len() > 40);
    assert!(all.iter().all(|it| it.from.is_zero() && wallets().contains(&it.to)));
}

#[test]
fn random_steps_never_touch_final_blocks_and_deep_reorgs_do() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        world.moves_tags = seed % 2 == 0;
        for _ in 0..200 {
            let (before, floor) = (hashes(&world), world.floor() as usize);
            let step = world.step();
            assert_eq!(hashes(&world)[floor], before[floor], "seed {seed}: {step:?}");
        }
        let (before, floor) = (hashes(&world), world.floor() as usize);
        let kept = world.deep_reorg() as usize;
        assert!(kept < floor);
        assert_eq!(hashes(&world)[kept], before[kept]);
        assert_ne!(hashes(&world)[floor], before[floor]);
    }
}

#[test]
fn settling_ends_faults_and_tops_every_head_there_was() {
    let mut world = stepped(10, 50);
    world.node().faults().lag = 9;
    let summit = world.canonical().len() as u64 - 1;
    assert_eq!(world.reorg(8, 2), Step::Reorged { depth: 8, blocks: 2 });
    world.settle();
    assert!(world.canonical().len() as u64 - 1 > summit);
    assert_eq!(world.node().faults().lag, 0);
}

/// All moves of these blocks, in order.
fn moves(blocks: &[std::sync::Arc<SimBlock>]) -> Vec<Move> {
    blocks.iter().flat_map(|block| &block.txs).flat_map(|tx| tx.moves.clone()).collect()
}
