//! The replay and the intervals below it, against models that count token by token.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, Log, U256};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::intervals::Intervals;
use crate::support::replay::{Replay, Tracked, signed};
use crate::support::sim::{
    SimChain, SimTx, consecutive_transfer, erc721_transfer, transfer_batch, transfer_single,
};

const ART: Address = Address::repeat_byte(0xA7);
/// Tokens of the models.
const TOKENS: u64 = 9;
/// Holders of the models, nobody among them.
const HANDS: u8 = 4;

/// A transfer: first and last token, giver, receiver, and whether it is of one token only.
type Drawn = (u64, u64, u8, u8, bool);

fn hand(number: u8) -> Address {
    Address::repeat_byte(number)
}

fn drawn() -> impl Strategy<Value = Vec<Vec<Drawn>>> {
    let ends = (0..TOKENS, 0..TOKENS).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let one = (ends, 0..HANDS, 0..HANDS, any::<bool>());
    vec(vec(one.prop_map(|((a, b), from, to, single)| (a, b, from, to, single)), 0..5), 1..8)
}

fn replay(blocks: Vec<Vec<Log>>) -> Replay {
    let mut chain = SimChain::new(1, 1);
    for (nonce, logs) in (0..).zip(blocks) {
        chain.mine(vec![SimTx::new(nonce, logs)]);
    }
    Replay::of(chain.canonical(), &[Tracked::new(ART, 0, None)])
}

fn range_log(&(first, last, from, to, single): &Drawn) -> Log {
    let (first, last) = (U256::from(first), U256::from(last));
    match single {
        true => erc721_transfer(ART, hand(from), hand(to), first),
        false => consecutive_transfer(ART, (first, last), hand(from), hand(to)),
    }
}

proptest! {
    #[test]
    fn intervals_answer_as_one_value_for_each_number(
        writes in vec((0u64..24, 0u64..24, prop::option::of(0u8..3)), 0..20)
    ) {
        let mut intervals = Intervals::default();
        let mut all = [None; 24];
        for (a, b, value) in writes {
            let (first, last) = (a.min(b), a.max(b));
            intervals.set(U256::from(first), U256::from(last), value);
            all[first as usize..=last as usize].fill(value);
        }
        let one = |number: usize| intervals.get(U256::from(number)).copied();
        prop_assert_eq!((0..24).map(one).collect::<Vec<_>>(), all.to_vec());
        let mut spread = Vec::new();
        for (first, last, value) in intervals.cover(U256::ZERO, U256::from(23)) {
            spread.extend(vec![value; (last - first).to::<usize>() + 1]);
        }
        prop_assert_eq!(spread, all.to_vec());
        let runs = intervals.runs();
        let changes = (0..24).filter(|at| *at == 0 || all[*at] != all[*at - 1]);
        prop_assert_eq!(runs.len(), changes.filter(|at| all[*at].is_some()).count());
    }

    #[test]
    fn ranges_are_followed_as_each_of_their_tokens(blocks in drawn()) {
        let replay = replay(blocks.iter().map(|block| block.iter().map(range_log).collect()).collect());
        let mut owners = [0u8; TOKENS as usize];
        let mut since = [0u64; TOKENS as usize];
        let mut irregular = 0;
        for (number, block) in (1..).zip(&blocks) {
            let before = owners;
            for &(first, last, from, to, single) in block {
                let last = if single { first } else { last };
                let covered = &mut owners[first as usize..=last as usize];
                irregular += usize::from(!single && covered.iter().any(|owner| *owner != from));
                covered.fill(to);
            }
            for token in 0..TOKENS as usize {
                if owners[token] != before[token] {
                    since[token] = number;
                }
                let key = (ART, U256::from(token));
                let owner = Some(hand(owners[token])).filter(|owner| !owner.is_zero());
                prop_assert_eq!(replay.owner_at(key, number), owner);
                let stay = replay.stays(key).iter().find(|stay| stay.holds_at(number));
                prop_assert_eq!(stay.map(|it| it.since), owner.map(|_| since[token]));
                prop_assert_eq!(replay.owners_at(number).get(&key).copied(), owner);
            }
            let spread = replay.runs_at(ART, number).into_iter().flat_map(|(first, last, (owner, since))| {
                (first.to::<u64>()..=last.to()).map(move |token| (token, owner, since))
            });
            let held = (0..TOKENS as usize).filter(|token| owners[*token] != 0);
            let held = held.map(|token| (token as u64, hand(owners[token]), since[token]));
            prop_assert_eq!(spread.collect::<Vec<_>>(), held.collect::<Vec<_>>());
        }
        let held = owners.iter().filter(|owner| **owner != 0);
        let holders = held.clone().collect::<BTreeSet<_>>().len();
        let transfers = blocks.iter().flatten().count();
        prop_assert_eq!(replay.counts(ART), (held.count(), holders, transfers));
        prop_assert_eq!(replay.irregular(ART), irregular);
    }

    #[test]
    fn balances_are_what_came_less_what_went(
        blocks in vec(vec((vec((0u64..3, 0u64..4), 1..4), 0..HANDS, 0..HANDS), 0..4), 1..8)
    ) {
        let log = |(elements, from, to): &(Vec<(u64, u64)>, u8, u8)| {
            let elements: Vec<_> =
                elements.iter().map(|(token, amount)| (U256::from(*token), U256::from(*amount))).collect();
            match elements[..] {
                [only] => transfer_single(ART, hand(*from), hand(*to), only),
                _ => transfer_batch(ART, hand(*from), hand(*to), &elements),
            }
        };
        let replay = replay(blocks.iter().map(|block| block.iter().map(log).collect()).collect());
        let mut balances: BTreeMap<(u64, u8), i64> = BTreeMap::new();
        let mut had_since: BTreeMap<(u64, u8), u64> = BTreeMap::new();
        for (number, block) in (1..).zip(&blocks) {
            let before = balances.clone();
            for (elements, from, to) in block {
                for (token, amount) in elements {
                    *balances.entry((*token, *from)).or_default() -= *amount as i64;
                    *balances.entry((*token, *to)).or_default() += *amount as i64;
                }
            }
            balances.retain(|(_, owner), _| *owner != 0);
            for (&(token, owner), balance) in &balances {
                let old = before.get(&(token, owner)).copied().unwrap_or_default();
                if old <= 0 && *balance != old {
                    had_since.insert((token, owner), number);
                }
                let key = (ART, U256::from(token));
                let magnitude = signed(U256::from(balance.unsigned_abs()));
                let expected = if *balance < 0 { -magnitude } else { magnitude };
                prop_assert_eq!(replay.balance_at(key, hand(owner), number), expected);
                let versions = replay.balances.get(&(key, hand(owner))).map_or(&[][..], Vec::as_slice);
                let now = versions.iter().find(|it| it.since <= number && it.until.is_none_or(|end| number < end));
                prop_assert_eq!(now.is_some(), *balance != 0);
                if let Some(now) = now {
                    prop_assert_eq!(now.acquired, had_since[&(token, owner)]);
                    prop_assert_eq!(now.since == number, old != *balance);
                }
            }
        }
        let held = balances.iter().filter(|(_, balance)| **balance > 0);
        let tokens: BTreeSet<_> = held.clone().map(|((token, _), _)| token).collect();
        let holders: BTreeSet<_> = held.map(|((_, owner), _)| owner).collect();
        let transfers = blocks.iter().flatten().map(|(elements, ..)| elements.len()).sum();
        prop_assert_eq!(replay.counts(ART), (tokens.len(), holders.len(), transfers));
        prop_assert!(replay.balances_at(u64::MAX).values().all(|balance| *balance != I512::ZERO));
    }
}
