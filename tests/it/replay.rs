//! The naive replay and what is built on it, against small histories written by hand.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, Log, U256};

use crate::support::compare::{assert_same, assert_same_rows, differences};
use crate::support::feed::{Now, Picture, Told, fold};
use crate::support::replay::{Replay, Stay, Tracked, signed};
use crate::support::sim::{
    SimChain, SimTx, anonymous, approval, erc20_transfer, erc721_transfer, transfer_with_data,
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
    Replay::of(chain.canonical(), &[Tracked::erc721(ART, start)])
}

/// The stays of token 1 after blocks in each of which it passes through these hands.
fn stays(blocks: &[&[Address]]) -> Vec<(Address, u64, Option<u64>)> {
    let hops = |hands: &&[Address]| {
        hands.windows(2).map(|pair| erc721_transfer(ART, pair[0], pair[1], ONE)).collect()
    };
    let blocks: Vec<Vec<Log>> = blocks.iter().map(hops).collect();
    let replay = replay(0, &blocks);
    replay.stays((ART, ONE)).iter().map(|stay| (stay.owner, stay.since, stay.until)).collect()
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
    let [moved] = &transfers[..] else { panic!("{transfers:?}") };
    assert_eq!((moved.block, moved.log_index, moved.batch_index), (2, 5, 0));
    assert_eq!((moved.key, moved.from, moved.to, moved.tx), ((ART, U256::MAX), ZERO, A, tx));
    assert_eq!((moved.last, moved.amount), (None, None));
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
    let ended = |until| Stay { owner: A, since: 1, until: Some(until) };
    assert_eq!(replay.stays((ART, ONE))[0], ended(2));
    assert_eq!(replay.stays((ART, two)), [ended(3)]);
    assert_eq!(replay.counts(ART), (1, 1, 4));
    assert_eq!(replay.counts(GAME), (0, 0, 0));
}

#[test]
fn folding_follows_removals_and_notes_surprises() {
    let key = (ART, ONE);
    let moved = |from, to| (key, Told::Moved { last: None, amount: None, from, to });
    let removed = |now| (key, Told::Removed { now: Now::Owners(vec![(ONE, ONE, now)]) });
    let minted = moved(None, Some(A));
    let holder = |events: &[&(_, Told)]| {
        let events: Vec<_> = events.iter().map(|event| (*event).clone()).collect();
        let folded = fold(Picture::default(), &events);
        (folded.picture.owner(key), folded.surprises.len())
    };
    assert_eq!(holder(&[&minted, &moved(Some(A), Some(B))]), (Some(B), 0));
    assert_eq!(holder(&[&minted, &moved(Some(A), None)]), (None, 0));
    assert_eq!(holder(&[&minted, &moved(Some(A), Some(B)), &removed(Some(A))]), (Some(A), 0));
    assert_eq!(holder(&[&minted, &removed(None), &minted]), (Some(A), 0));
    assert_eq!(holder(&[&minted, &minted]), (Some(A), 1), "the removal between them is missing");
    let mut start = Picture::default();
    start.set_owner(key, None, Some(A));
    let known = fold(start, &[moved(Some(A), Some(B))]);
    assert_eq!(known.surprises, Vec::<String>::new(), "what was known at the start counts");
}

#[test]
fn folding_follows_ranges_and_amounts() {
    let (nine, three, four) = (U256::from(9), U256::from(3), U256::from(4));
    let range = |last, from, to| ((ART, ONE), Told::Moved { last, amount: None, from, to });
    let single =
        ((ART, four), Told::Moved { last: None, amount: None, from: Some(A), to: Some(B) });
    let runs = vec![(ONE, three, Some(A)), (four, four, Some(B)), (U256::from(5), nine, None)];
    let removed = ((ART, ONE), Told::Removed { now: Now::Owners(runs) });
    let burnt = range(Some(three), Some(A), None);
    let minted = range(Some(nine), None, Some(A));
    let folded = fold(Picture::default(), &[minted, single, burnt, removed]);
    let owners = BTreeMap::from([(((ART, ONE), three), A), (((ART, four), four), B)]);
    assert_eq!((folded.picture.owners(), folded.surprises), (owners, Vec::new()));

    let amount = |amount, from, to| {
        let amount = Some(U256::from(amount));
        ((GAME, ONE), Told::Moved { last: None, amount, from, to })
    };
    let back = Now::TakenBack { amount: three, from: Some(A), to: Some(B) };
    let balances = Now::Balances(vec![(A, signed(U256::ZERO)), (B, signed(nine))]);
    let taken = |now| ((GAME, ONE), Told::Removed { now });
    let events = [amount(9, None, Some(A)), amount(3, Some(A), Some(B)), taken(back)];
    let folded = fold(Picture::default(), &events);
    assert_eq!(folded.picture.balance((GAME, ONE), A), signed(nine));
    assert_eq!((folded.picture.balances().len(), folded.surprises.len()), (1, 0));
    let folded = fold(folded.picture, &[taken(balances), amount(1, Some(A), None)]);
    assert_eq!(folded.picture.balance((GAME, ONE), A), -signed(ONE));
    assert_eq!(folded.picture.balance((GAME, ONE), B), signed(nine));
    assert_eq!(folded.surprises.len(), 1, "nobody gives what they do not have");
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
