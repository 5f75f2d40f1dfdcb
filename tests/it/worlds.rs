//! Worlds of every standard: the replay reads what their generators meant, honest contracts stay
//! honest on every branch, and hostile ones break what can be broken.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, Log, U256};

use crate::support::replay::{Kind, LISTED_MAX, Moved, Replay, Tracked, signed};
use crate::support::sim::{
    Layout, Move, SimChain, SimTx, Sort, World, bare_transfer, consecutive_transfer,
    erc721_transfer, from_only_transfer, in_data_transfer, lookalikes, sprawling_batch,
    sprawling_single, transfer_batch, transfer_single,
};

const ZERO: Address = Address::ZERO;
const A: Address = Address::repeat_byte(0xaa);
const B: Address = Address::repeat_byte(0xbb);
const ART: Address = Address::repeat_byte(0x01);

fn stepped(seed: u64, hostile: bool, steps: usize) -> World {
    let mut world = World::mixed(seed, hostile);
    for _ in 0..steps {
        world.step();
    }
    world
}

/// Replays blocks 1, 2, …, each of these logs, of a contract whose standard is not stated.
fn replay(blocks: &[Vec<Log>]) -> Replay {
    let mut chain = SimChain::new(1, 1);
    for (nonce, logs) in (0..).zip(blocks) {
        chain.mine(vec![SimTx::new(nonce, logs.clone())]);
    }
    Replay::of(chain.canonical(), &[Tracked::new(ART, 0, None)])
}

/// The tracked contracts of this sort.
fn of_sort(world: &World, sort: Sort) -> BTreeSet<Address> {
    let fits = world.contracts.iter().filter(|it| it.is_tracked && it.sort == sort);
    fits.map(|it| it.address).collect()
}

#[test]
fn the_replay_reads_what_the_generators_meant() {
    for (seed, hostile) in [(11, false), (12, true), (13, true)] {
        let world = stepped(seed, hostile, 150);
        let blocks = world.canonical();
        let tracked = world.contracts.iter().filter(|contract| contract.is_tracked);
        let tracked: BTreeSet<_> = tracked.map(|contract| contract.address).collect();
        let txs = blocks.iter().flat_map(|block| &block.txs);
        let meant = txs.flat_map(|tx| tx.moves.iter().map(|it| (*it, tx.hash)));
        let meant: Vec<_> = meant.filter(|(it, _)| tracked.contains(&it.contract)).collect();
        let read = world.replay(0).transfers.into_iter();
        let read: Vec<_> = read.map(|moved| (as_move(&moved), moved.tx)).collect();
        assert!(meant.len() > 300, "enough happened: {}", meant.len());
        assert_eq!(read, meant);
        let kinds = world.replay(0).kinds;
        for contract in world.contracts.iter().filter(|contract| contract.is_tracked) {
            assert_eq!(kinds.get(&contract.address), Some(&contract.sort.kind()), "{contract:?}");
        }
    }
}

fn as_move(moved: &Moved) -> Move {
    let Moved { key, last, amount, from, to, .. } = *moved;
    Move { contract: key.0, token: key.1, last, amount, from, to }
}

#[test]
fn honest_contracts_give_only_what_is_held() {
    for seed in 0..12 {
        let mut world = World::mixed(seed, false);
        for _ in 0..5 {
            for _ in 0..12 {
                world.step();
            }
            let replay = world.replay(0);
            let irregular = replay.kinds.keys().map(|contract| replay.irregular(*contract));
            assert_eq!(irregular.sum::<usize>(), 0, "seed {seed}");
            let mut balances: BTreeMap<((Address, U256), Address), I512> = BTreeMap::new();
            let mut minted: BTreeMap<(Address, U256), I512> = BTreeMap::new();
            for moved in replay.transfers.iter().filter(|moved| moved.amount.is_some()) {
                let amount = signed(moved.amount.unwrap());
                for (owner, delta) in [(moved.from, -amount), (moved.to, amount)] {
                    match owner.is_zero() {
                        true => *minted.entry(moved.key).or_default() -= delta,
                        false => *balances.entry((moved.key, owner)).or_default() += delta,
                    }
                }
                let left = balances.get(&(moved.key, moved.from)).copied().unwrap_or_default();
                assert!(left >= I512::ZERO, "seed {seed}: {moved:?} leaves {left}");
            }
            for (key, minted) in minted {
                let held = replay.balances_at(u64::MAX).into_iter();
                let held = held.filter(|((of, _), _)| *of == key).map(|(_, balance)| balance);
                assert_eq!(held.fold(I512::ZERO, |sum, one| sum + one), minted, "seed {seed}");
                assert!(minted <= signed(U256::MAX), "seed {seed}: more than numbers hold");
            }
        }
    }
}

#[test]
fn honest_worlds_hold_every_kind_of_history() {
    let mut world = stepped(8, false, 150);
    world.mine(300);
    let replay = world.replay(0);
    let all = &replay.transfers;
    let ranged = of_sort(&world, Sort::Consecutive);
    let ranges = || all.iter().filter(|it| it.last.is_some());
    let length = |it: &Moved| it.last.unwrap() - it.key.1;
    let amounts = || all.iter().filter(|it| it.amount.is_some());
    let has = |what: &str, found: bool| assert!(found, "no {what}");
    use Sort::{Bare, Consecutive, Erc721, Erc1155, FromOnly, InData, Sprawling};
    for sort in [Erc721, Bare, FromOnly, InData, Consecutive, Erc1155, Sprawling] {
        has(&format!("{sort:?}"), all.iter().any(|it| of_sort(&world, sort).contains(&it.key.0)));
    }
    has("range of one token", ranges().any(|it| length(it).is_zero()));
    has("huge range", ranges().any(|it| length(it) == U256::from(LISTED_MAX - 1)));
    has("range at the end of numbers", ranges().any(|it| it.last == Some(U256::MAX)));
    has("transfer of a range", ranges().any(|it| !it.from.is_zero() && !it.to.is_zero()));
    has("burn of a range", ranges().any(|it| it.to.is_zero()));
    has("range to its own holder", ranges().any(|it| it.from == it.to));
    let covers = |it: &Moved, key| it.key <= key && (key.0, it.last.unwrap_or(it.key.1)) >= key;
    let singles = || all.iter().filter(|it| it.last.is_none() && ranged.contains(&it.key.0));
    has("token that leaves a range", singles().any(|one| ranges().any(|it| covers(it, one.key))));
    has(
        "range over tokens that moved on their own",
        ranges().any(|it| singles().any(|one| one.block < it.block && covers(it, one.key))),
    );
    let batched = |least: u32| amounts().any(|it| it.batch_index >= least);
    has("batch of eight", batched(7));
    has(
        "batch with one token twice",
        amounts().any(|it| {
            let same = |other: &&Moved| {
                (other.block, other.log_index, other.key) == (it.block, it.log_index, it.key)
            };
            amounts().filter(same).count() > 1
        }),
    );
    has("amount of zero", amounts().any(|it| it.amount == Some(U256::ZERO)));
    has("amount of all numbers", amounts().any(|it| it.amount == Some(U256::MAX)));
    has("burnt amount", amounts().any(|it| it.to.is_zero()));
    has("amount to its own holder", amounts().any(|it| it.from == it.to && !it.to.is_zero()));
    let owners = |key| replay.balances_at(u64::MAX).keys().filter(|it| it.0 == key).count();
    has("token of many holders", amounts().any(|it| owners(it.key) > 3));
}

#[test]
fn hostile_worlds_break_what_can_be_broken() {
    let mut world = stepped(3, true, 100);
    world.mine(100);
    let replay = world.replay(0);
    let balances = || replay.balances.values().flatten();
    assert!(balances().any(|it| it.balance < I512::ZERO));
    assert!(balances().any(|it| it.balance > signed(U256::MAX)));
    let usurper = of_sort(&world, Sort::Usurper).pop_first().unwrap();
    assert!(replay.irregular(usurper) > 20);
    let ranges = || replay.transfers.iter().filter(|it| it.key.0 == usurper);
    assert!(ranges().any(|it| it.key.1.is_zero() && it.last == Some(U256::MAX)));
    assert!(ranges().any(|it| it.last.is_none()));
    for honest in replay.kinds.keys().filter(|contract| **contract != usurper) {
        assert_eq!(replay.irregular(*honest), 0);
    }
}

#[test]
fn mixed_worlds_repeat_by_their_seed() {
    let hashes = |seed, hostile| {
        let blocks = stepped(seed, hostile, 60).canonical();
        blocks.iter().map(|block| block.hash).collect::<Vec<_>>()
    };
    assert_eq!(hashes(4, true), hashes(4, true));
    assert_ne!(hashes(4, true), hashes(5, true));
    assert_ne!(hashes(4, true), hashes(4, false));
}

#[test]
fn lookalikes_are_no_transfers_and_odd_shapes_are() {
    let junk = replay(&[lookalikes(ART, A, B, U256::from(7))]);
    assert_eq!(junk, Replay::default());
    let (one, two) = (U256::ONE, U256::from(2));
    let odd =
        replay(&[vec![bare_transfer(ART, ZERO, A, one), from_only_transfer(ART, ZERO, B, two)]]);
    assert_eq!(odd.owners(), BTreeMap::from([((ART, one), (A, 1)), ((ART, two), (B, 1))]));
    assert_eq!(odd.kinds[&ART], Kind::Erc721);
    let in_data = vec![in_data_transfer(ART, ZERO, A, one)];
    assert_eq!(replay(std::slice::from_ref(&in_data)), Replay::default(), "a coin's");
}

#[test]
fn batches_are_read_however_their_arrays_lie() {
    let elements =
        [(7, 1), (u64::MAX, 2), (7, 3)].map(|(id, amount)| (U256::from(id), U256::from(amount)));
    let plain = replay(&[vec![transfer_batch(ART, ZERO, A, &elements)]]);
    assert_eq!(plain.transfers.len(), 3);
    for at in 0..54 {
        let layout = Layout { swapped: at % 2 == 1, gaps: [2, 6, 18].map(|of| at / of % 3) };
        let batch = sprawling_batch(ART, (ZERO, A), &elements, layout);
        assert_eq!(replay(&[vec![batch]]), plain, "{layout:?}");
    }
    let one = replay(&[vec![transfer_single(ART, ZERO, A, elements[0])]]);
    assert_eq!(replay(&[vec![sprawling_single(ART, ZERO, A, elements[0])]]), one);
}

#[test]
fn the_first_transfer_says_the_standard_and_others_do_not_count() {
    let batch = transfer_batch(ART, ZERO, A, &[(U256::ONE, U256::MAX), (U256::ONE, U256::MAX)]);
    let replay = replay(&[vec![batch, erc721_transfer(ART, ZERO, A, U256::ONE)]]);
    assert_eq!((replay.transfers.len(), replay.pieces.len()), (2, 0));
    assert_eq!(replay.kinds[&ART], Kind::Erc1155);
    let sum = signed(U256::MAX) + signed(U256::MAX);
    assert_eq!(replay.balance_at((ART, U256::ONE), A, 1), sum);
}

#[test]
fn ranges_beyond_all_measure_are_owned_but_not_counted() {
    let listed = U256::from(LISTED_MAX);
    let range = |first, last, from, to| consecutive_transfer(ART, (first, last), from, to);
    let token = |id: u64| (ART, U256::from(id));
    let of = |blocks: &[Vec<Log>]| {
        let replay = replay(blocks);
        (replay.counts(ART), replay.irregular(ART), replay)
    };
    let longest = vec![range(U256::ONE, listed, ZERO, A)];
    let (counts, irregular, _) = of(&[longest]);
    assert_eq!((counts, irregular), ((LISTED_MAX as usize, 1, 1), 0));
    let everything = vec![range(U256::ZERO, U256::MAX, ZERO, A)];
    let (counts, irregular, replay) = of(std::slice::from_ref(&everything));
    assert_eq!((counts, irregular), ((0, 0, 1), 1));
    assert_eq!(replay.runs_at(ART, 1), [(U256::ZERO, U256::MAX, (A, 1))]);
    assert_eq!(replay.owner_at((ART, U256::MAX), 1), Some(A));
    let own = vec![erc721_transfer(ART, A, B, U256::from(5))];
    let part =
        vec![range(U256::from(7), U256::from(9), A, B), range(U256::from(9), U256::from(10), A, B)];
    let (counts, irregular, replay) = of(&[everything, own, part]);
    assert_eq!(
        (counts, irregular),
        ((5, 1, 4), 2),
        "one token of the last range is not the giver's"
    );
    assert_eq!(replay.owner_at(token(5), 1), Some(A));
    assert_eq!(replay.owner_at(token(5), 2), Some(B));
    assert_eq!(replay.owner_at(token(6), 3), Some(A));
    assert_eq!(replay.owner_at(token(10), 3), Some(B));
}
