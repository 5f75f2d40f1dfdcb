//! A simulated node behind `trait Chain`: what it answers, and each of its faults.

use std::pin::pin;

use alloy::primitives::{Address, B256, U256};
use futures_util::FutureExt;
use herald::chain::{Chain, ChainError, LogFilter, LogScope, RawLog};

use crate::support::sim::{Flaky, SimChain, SimNode, SimTx, Tag, erc20_transfer, erc721_transfer};

const ART: Address = Address::repeat_byte(0x01);
const GAME: Address = Address::repeat_byte(0x02);
const HEAD: u64 = 30;

/// A node of a chain with one transfer of `ART`, one of `GAME` and an ERC-20 one in each of 30 blocks.
fn node() -> SimNode {
    let mut chain = SimChain::new(1, 1);
    for number in 1..=HEAD {
        let mint = |contract| erc721_transfer(contract, Address::ZERO, ART, U256::from(number));
        let coins = erc20_transfer(ART, GAME, ART, U256::from(number));
        let logs = vec![coins, mint(ART), mint(GAME)];
        chain.mine(vec![SimTx::new(number, logs)]);
    }
    SimNode::new(chain)
}

/// Transfers of these contracts, as the wire has them: ERC-20 ones among them.
fn transfers(addresses: &[Address]) -> LogFilter {
    let transfer = erc721_transfer(ART, ART, ART, U256::ZERO);
    LogFilter { addresses: addresses.to_vec(), topics: vec![transfer.topics()[0]] }
}

async fn logs(node: &SimNode, scope: LogScope) -> Result<Vec<RawLog>, ChainError> {
    node.logs(scope, &transfers(&[ART])).await
}

fn hash_at(node: &SimNode, number: usize) -> B256 {
    node.chain().canonical()[number].hash
}

#[tokio::test]
async fn head_and_headers_show_the_canonical_chain() {
    let node = node();
    let head = node.head().await.unwrap();
    assert_eq!(head.latest, node.chain().head().block_ref());
    let headers = node.headers(&[HEAD, 3, HEAD + 1]).await.unwrap();
    assert_eq!(headers[0].as_ref().unwrap().block, head.latest);
    assert_eq!(headers[1].as_ref().unwrap().block.hash, hash_at(&node, 3));
    assert_eq!(headers[2], None, "above the head there is nothing");
    assert_eq!(node.genesis().await.unwrap(), hash_at(&node, 0));
    assert_eq!((node.requests(), node.endpoints()[0].requests), (3, 3));
    assert_eq!(node.endpoints()[0].head, Some(HEAD));
}

#[tokio::test]
async fn tags_stand_where_their_rules_say() {
    let table = [
        (Tag::Depth(10), Some(20)),
        (Tag::Depth(31), None),
        (Tag::Latest, Some(30)),
        (Tag::Fixed(7), Some(7)),
        (Tag::Fixed(31), None),
        (Tag::Null, None),
        (Tag::Unsupported, None),
    ];
    let node = node();
    for (tag, height) in table {
        node.chain().tags.safe = tag;
        node.chain().tags.finalized = tag;
        let head = node.head().await.unwrap();
        assert_eq!(head.safe, height, "{tag:?}");
        let finalized = height.map(|height| (height, hash_at(&node, height as usize)));
        assert_eq!(head.finalized, finalized, "{tag:?}");
    }
}

#[tokio::test]
async fn logs_come_in_order_and_filtered() {
    let node = node();
    let both = node.logs(LogScope::Range(1, HEAD), &transfers(&[ART, GAME])).await.unwrap();
    let positions: Vec<_> = both.iter().map(|log| (log.block, log.log_index)).collect();
    assert!(positions.is_sorted());
    let all = node.logs(LogScope::Range(1, HEAD), &transfers(&[])).await.unwrap();
    assert_eq!(all, both, "no address means all");
    let one = logs(&node, LogScope::Range(5, 6)).await.unwrap();
    assert!(one.iter().all(|log| log.address == ART && (5..=6).contains(&log.block)));
    let hash = hash_at(&node, 5);
    let by_hash = logs(&node, LogScope::Hash(hash)).await.unwrap();
    assert_eq!(by_hash, logs(&node, LogScope::Range(5, 5)).await.unwrap());
    assert!(by_hash.iter().all(|log| log.block_hash == hash && log.block_time.is_some()));
}

#[tokio::test]
async fn a_lagging_node_knows_nothing_above_its_head() {
    let node = node();
    node.faults().lag = 4;
    let head = node.head().await.unwrap();
    assert_eq!((head.latest.number, head.finalized.unwrap().0), (HEAD - 4, HEAD - 4 - 16));
    assert_eq!(node.headers(&[HEAD - 3]).await.unwrap(), [None]);
    for scope in [LogScope::Range(1, HEAD), LogScope::Hash(hash_at(&node, HEAD as usize))] {
        assert!(matches!(logs(&node, scope).await, Err(ChainError::Behind { .. })), "{scope:?}");
    }
    assert_eq!(node.sibling().head().await.unwrap().latest.number, HEAD, "faults are its own");
    node.faults().lag = 1_000;
    assert_eq!(node.head().await.unwrap().latest.number, 0, "block 0 is always there");
}

#[tokio::test]
async fn limits_on_ranges_and_answers_are_told() {
    let node = node();
    node.faults().width_max = Some(5);
    assert_eq!(node.widest(), None, "nobody asked for more yet");
    let wide = logs(&node, LogScope::Range(1, 6)).await;
    assert!(matches!(wide, Err(ChainError::RangeTooWide { at_most: Some(5), .. })));
    assert_eq!((node.widest(), node.endpoints()[0].range_max), (Some(5), Some(5)));
    let fits = logs(&node, LogScope::Range(1, 5)).await.unwrap();
    node.faults().logs_max = Some(fits.len() - 1);
    let many = logs(&node, LogScope::Range(1, 5)).await;
    assert!(matches!(many, Err(ChainError::TooManyLogs { .. })));
    assert!(logs(&node, LogScope::Range(1, 4)).await.is_ok());
}

#[tokio::test]
async fn abandoned_blocks_answer_by_hash_until_forgotten() {
    let node = node();
    let abandoned = LogScope::Hash(node.chain().reorg(2, vec![Vec::new(); 3]));
    assert!(!logs(&node, abandoned).await.unwrap().is_empty());
    node.faults().forgets_forks = true;
    assert!(matches!(logs(&node, abandoned).await, Err(ChainError::Behind { .. })));
    let unknown = LogScope::Hash(B256::ZERO);
    assert!(matches!(logs(&node, unknown).await, Err(ChainError::Behind { .. })));
}

#[tokio::test]
async fn calls_fail_as_often_as_switched() {
    let node = node();
    node.faults().failures = 2;
    for _ in 0..2 {
        assert!(matches!(node.head().await, Err(ChainError::Transient { .. })));
    }
    assert!(node.head().await.is_ok());
    let strikes = |seed| {
        let node = node.sibling();
        node.faults().flaky = Some(Flaky::new(seed, 0.5));
        let failures: Vec<bool> = (0..64).map(|_| node.strike()).collect();
        failures
    };
    assert_eq!(strikes(1), strikes(1));
    assert_ne!(strikes(1), strikes(2));
    assert_eq!(node.endpoints()[0].failures, 2);
}

#[tokio::test]
async fn a_log_can_be_left_out_and_times_hidden() {
    let node = node();
    let whole = logs(&node, LogScope::Range(1, HEAD)).await.unwrap();
    let victim = whole[9].clone();
    node.faults().omits = Some((victim.block, victim.log_index));
    node.faults().hides_block_time = true;
    let rest = logs(&node, LogScope::Range(1, HEAD)).await.unwrap();
    assert_eq!(rest.len(), whole.len() - 1);
    assert!(rest.iter().all(|log| log.log_index != victim.log_index || log.block != victim.block));
    assert!(rest.iter().all(|log| log.block_time.is_none()));
}

#[tokio::test]
async fn the_chain_may_move_between_headers_and_logs() {
    let node = node();
    let before = node.headers(&[HEAD]).await.unwrap()[0].as_ref().unwrap().block.hash;
    let again = || vec![SimTx::new(999, vec![erc721_transfer(ART, ART, ART, U256::ONE)])];
    let hook = move |chain: &mut SimChain| {
        chain.reorg(1, vec![again()]);
    };
    node.faults().before_logs = Some(Box::new(hook));
    let moved = logs(&node, LogScope::Range(HEAD, HEAD)).await.unwrap();
    assert_ne!(moved[0].block_hash, before);
    assert_eq!(moved[0].block_hash, hash_at(&node, HEAD as usize));
    let settled = logs(&node, LogScope::Range(HEAD, HEAD)).await.unwrap();
    assert_eq!(settled, moved, "the chain moves once");
}

#[tokio::test]
async fn heads_are_announced_by_hand_only() {
    let node = node();
    let mut waiting = pin!(node.announced());
    assert_eq!(waiting.as_mut().now_or_never(), None);
    node.announce();
    waiting.await;
    node.announce();
    node.announce();
    assert_eq!(node.announced().now_or_never(), Some(()), "told although nobody waited");
    assert_eq!(node.announced().now_or_never(), None, "several heads are told once");
}
