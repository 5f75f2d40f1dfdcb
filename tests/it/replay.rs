//! The naive replay and what is built on it, against small histories written by hand.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, Log, U256};

use crate::support::compare::{assert_same, assert_same_rows, differences};
use crate::support::feed::{Told, fold};
use crate::support::replay::{Moved, Replay, Stay, Tracked};
use crate::support::sim::{
    SimChain, SimTx, World, anonymous, approval, erc20_transfer, erc721_transfer,
    transfer_with_data,
};

const ZERO: Address = Address::ZERO;
const A: Address = Address::repeat_byte(0xaa);
const B: Address = Address::repeat_byte(0xbb);
const ART: Address = Address::repeat_byte(0x01);
const GAME: Address = Address::repeat_byte(0x02);
const ONE: U256 = U256::ONE;

/// Replays blocks 1, 2, …, each of one transaction with these logs, following `ART` from `start`.
fn replay(start: u64, blocks: &[Vec<Log>]) -> Replay {
    let mut chain = SimChain::new(1, 1);
    for (nonce, logs) in (0..).zip(blocks) {
        chain.mine(vec![SimTx::new(nonce, logs.clone())]);
    }
    Replay::of(chain.canonical(), &[Tracked { contract: ART, start }])
}

/// The stays of token 1 after blocks in each of which it passes through these hands.
fn stays(blocks: &[&[Address]]) -> Vec<(Address, u64, Option<u64>)> {
    let hops = |hands: &&[Address]| {
        hands.windows(2).map(|pair| erc721_transfer(ART, pair[0], pair[1], ONE)).collect()
    };
    let blocks: Vec<Vec<Log>> = blocks.iter().map(hops).collect();
    let stays = replay(0, &blocks).stays.remove(&(ART, ONE)).unwrap_or_default();
    stays.into_iter().map(|stay| (stay.owner, stay.since, stay.until)).collect()
}

#[test]
fn a_holding_lasts_until_another_holder_ends_a_block() {
    assert_eq!(stays(&[&[ZERO, A]]), [(A, 1, None)]);
    assert_eq!(stays(&[&[ZERO, A], &[A, B]]), [(A, 1, Some(2)), (B, 2, None)]);
    assert_eq!(stays(&[&[ZERO, A], &[], &[A, ZERO]]), [(A, 1, Some(3))], "a burn ends it");
    let reminted = [(A, 1, Some(2)), (A, 3, None)];
    assert_eq!(stays(&[&[ZERO, A], &[A, ZERO], &[ZERO, A]]), reminted);
}

#[test]
fn hops_within_a_block_leave_no_trace() {
    assert_eq!(stays(&[&[ZERO, A], &[A, A]]), [(A, 1, None)], "a self-transfer");
    assert_eq!(stays(&[&[ZERO, A], &[A, B, A]]), [(A, 1, None)], "there and back");
    assert_eq!(stays(&[&[ZERO, A], &[A, ZERO, A]]), [(A, 1, None)], "burned and back");
    assert_eq!(stays(&[&[ZERO, B, A, B]]), [(B, 1, None)], "several hands");
    assert_eq!(stays(&[&[ZERO, A, ZERO]]), [], "minted and burned");
    assert_eq!(stays(&[&[ZERO, ZERO]]), [], "never there");
}

#[test]
fn only_erc721_transfers_of_followed_contracts_count() {
    let junk = vec![
        erc20_transfer(ART, A, B, ONE),
        transfer_with_data(ART, A, ONE),
        approval(ART, A, B, ONE),
        anonymous(ART),
        erc721_transfer(GAME, ZERO, A, ONE),
        erc721_transfer(ART, ZERO, A, U256::MAX),
    ];
    let transfers = replay(0, &[Vec::new(), junk]).transfers;
    let tx = SimTx::new(1, Vec::new()).hash;
    let key = (ART, U256::MAX);
    assert_eq!(transfers, [Moved { block: 2, log_index: 5, key, from: ZERO, to: A, tx }]);
}

#[test]
fn what_happened_before_the_start_is_not_known() {
    let mint = vec![erc721_transfer(ART, ZERO, A, ONE)];
    let other = vec![erc721_transfer(ART, ZERO, A, U256::from(2))];
    let pass = vec![erc721_transfer(ART, A, B, ONE)];
    let replay = replay(2, &[mint, other, pass]);
    assert_eq!(replay.transfers.len(), 2);
    assert_eq!(replay.owner_at((ART, ONE), 2), None);
    assert_eq!(replay.owner_at((ART, ONE), 3), Some(B));
}

#[test]
fn questions_at_a_block_mean_its_end() {
    let two = U256::from(2);
    let blocks = [
        vec![erc721_transfer(ART, ZERO, A, ONE), erc721_transfer(ART, ZERO, A, two)],
        vec![erc721_transfer(ART, A, B, ONE)],
        vec![erc721_transfer(ART, A, ZERO, two)],
    ];
    let replay = replay(0, &blocks);
    let owners_of_one = [None, Some(A), Some(B), Some(B), Some(B)];
    for (block, owner) in (0..).zip(owners_of_one) {
        assert_eq!(replay.owner_at((ART, ONE), block), owner, "block {block}");
    }
    assert_eq!(replay.tokens_of(A, 1), BTreeSet::from([(ART, ONE), (ART, two)]));
    assert_eq!(replay.tokens_of(A, 2), BTreeSet::from([(ART, two)]));
    assert_eq!(replay.tokens_of(A, 3), BTreeSet::new());
    assert_eq!(replay.owners(), BTreeMap::from([((ART, ONE), (B, 2))]));
    assert_eq!(replay.owners_at(1).len(), 2);
    let ended = |token, until| ((ART, token), Stay { owner: A, since: 1, until: Some(until) });
    assert_eq!(replay.past(), BTreeSet::from([ended(ONE, 2), ended(two, 3)]));
    assert_eq!(replay.counts(ART), (1, 1, 4));
    assert_eq!(replay.counts(GAME), (0, 0, 0));
}

#[test]
fn the_replay_reads_what_the_generator_meant() {
    let mut world = World::new(11);
    for _ in 0..200 {
        world.step();
    }
    let tracked = crate::support::sim::tracked();
    let blocks = world.canonical();
    let meant = blocks.iter().flat_map(|block| &block.txs).flat_map(|tx| {
        let hash: B256 = tx.hash;
        tx.moves.iter().map(move |it| ((it.contract, it.token), it.from, it.to, hash))
    });
    let meant: Vec<_> = meant.filter(|((contract, _), ..)| tracked.contains(contract)).collect();
    let read = world.replay(0).transfers.into_iter();
    let read: Vec<_> = read.map(|moved| (moved.key, moved.from, moved.to, moved.tx)).collect();
    assert!(meant.len() > 100, "enough happened: {}", meant.len());
    assert_eq!(read, meant);
}

#[test]
fn folding_follows_removals_and_notes_surprises() {
    let key = (ART, ONE);
    let moved = |from, to| (key, Told::Moved { from, to });
    let removed = |now| (key, Told::Removed { now });
    let minted = moved(None, Some(A));
    let holder = |events: &[_]| {
        let folded = fold(BTreeMap::new(), events);
        (folded.owners.get(&key).copied(), folded.surprises.len())
    };
    assert_eq!(holder(&[minted, moved(Some(A), Some(B))]), (Some(B), 0));
    assert_eq!(holder(&[minted, moved(Some(A), None)]), (None, 0));
    assert_eq!(holder(&[minted, moved(Some(A), Some(B)), removed(Some(A))]), (Some(A), 0));
    assert_eq!(holder(&[minted, removed(None), minted]), (Some(A), 0));
    assert_eq!(holder(&[minted, minted]), (Some(A), 1), "the removal between them is missing");
    let known = fold(BTreeMap::from([(key, A)]), &[moved(Some(A), Some(B))]);
    assert_eq!(known.surprises, Vec::<String>::new(), "what was known at the start counts");
}

#[test]
fn differences_name_what_is_missing_too_much_or_wrong() {
    let expected = BTreeMap::from([(1, 'a'), (2, 'b'), (3, 'c')]);
    let actual = BTreeMap::from([(2, 'b'), (3, 'x'), (4, 'd')]);
    let lines = ["missing: 1 = 'a'", "wrong: 3 = 'x', expected 'c'", "too much: 4 = 'd'"];
    assert_eq!(differences(&expected, &actual), lines);
    assert_same("equal maps", &expected, &expected);
    assert_same_rows("rows in any order", ["b", "a", "a"], ["a", "b", "a"]);
    let twice = std::panic::catch_unwind(|| assert_same_rows("rows", ["a"], ["a", "a"]));
    assert!(twice.is_err(), "a row that is there twice differs");
}
