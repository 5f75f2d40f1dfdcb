//! The decoder against a second, naive one, over logs of known transfers and what can become of
//! them; and against alloy's decoder of the ABI where the log is as the standard says.
//!
//! Reading order: `reference` is the naive decoder, `stated` makes logs, `target` compares; the
//! fuzz target of `tests/fuzz` takes `target` and `reference` in as they are.

mod reference;
mod stated;
mod target;

use std::fs;

use alloy::primitives::{B256, U256};
use alloy::sol_types::SolEventInterface;
use proptest::prelude::*;

use reference::{Moved, Rules, SIGNATURES, Word, read};
use stated::{Stated, damages, logs, word};

mod events {
    //! The events as the standards write them, read by alloy.
    alloy::sol! {
        interface Events {
            event Transfer(address indexed from, address indexed to, uint256 indexed id);
            event ConsecutiveTransfer(uint256 indexed id, uint256 last, address indexed from, address indexed to);
            event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
            event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values);
        }
    }
}
use events::Events::{ConsecutiveTransfer, EventsEvents, Transfer, TransferBatch, TransferSingle};

/// What alloy reads in a log with all its topics.
fn alloys(log: &Stated) -> Vec<Moved> {
    let topics: Vec<B256> = log.topics.iter().map(B256::from).collect();
    let number = |number: &U256| number.to_be_bytes::<32>();
    let moved =
        |id: &U256, last: Option<&U256>, amount: Option<&U256>, from: B256, to: B256| Moved {
            id: number(id),
            last: last.map(number),
            amount: amount.map(number),
            from: from.0,
            to: to.0,
        };
    match EventsEvents::decode_raw_log(&topics, &log.data).unwrap() {
        EventsEvents::Transfer(Transfer { from, to, id }) => {
            vec![moved(&id, None, None, from.into_word(), to.into_word())]
        }
        EventsEvents::ConsecutiveTransfer(ConsecutiveTransfer { id, last, from, to }) => {
            vec![moved(&id, Some(&last), None, from.into_word(), to.into_word())]
        }
        EventsEvents::TransferSingle(TransferSingle { from, to, id, value, .. }) => {
            vec![moved(&id, None, Some(&value), from.into_word(), to.into_word())]
        }
        EventsEvents::TransferBatch(TransferBatch { from, to, ids, values, .. }) => {
            assert_eq!(ids.len(), values.len());
            let element =
                |(id, value)| moved(id, None, Some(value), from.into_word(), to.into_word());
            ids.iter().zip(&values).map(element).collect()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn what_a_log_states_is_read(log in logs()) {
        prop_assert_eq!(read(log.rules, &log.topics, &log.data), Some(log.moved.clone()));
        target::check(log.rules, &log.topics, &log.data);
        if log.topics.len() == 4 {
            prop_assert_eq!(alloys(&log), log.moved);
        }
    }

    #[test]
    fn what_becomes_of_a_log_is_read_as_the_reference_reads_it(
        mut log in logs(),
        damages in damages(),
    ) {
        damages.into_iter().for_each(|damage| log.suffer(damage));
        target::check(log.rules, &log.topics, &log.data);
    }

    #[test]
    fn any_bytes_are_read_as_the_reference_reads_them(bytes in any::<Vec<u8>>()) {
        target::run(&bytes);
    }
}

#[test]
fn the_fuzzer_begins_with_logs_that_state_transfers() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus");
    let mut kinds = std::collections::BTreeSet::new();
    for seed in fs::read_dir(folder).unwrap() {
        let seed = seed.unwrap().path();
        let bytes = fs::read(&seed).unwrap();
        let (rules, topics, data) = target::log(&bytes);
        assert!(read(rules, &topics, &data).is_some(), "{} states none", seed.display());
        target::run(&bytes);
        kinds.insert(topics[0]);
    }
    assert_eq!(kinds, SIGNATURES.iter().copied().collect());
}

/// About so much data a block's gas would pay for.
const HUGE: usize = 10_000_000;

#[test]
fn ten_megabytes_are_read_as_the_reference_reads_them() {
    let erc1155 = Rules { erc1155: true, id_in_data: false };
    let topics: Vec<Word> = vec![SIGNATURES[3], word(9), word(1), word(2)];
    let count = HUGE / 64;
    let offsets = [word(64), word(64 + 32 * (count + 1))];
    let array: Vec<Word> = [word(count)].into_iter().chain((0..count).map(word)).collect();
    let data = [offsets.concat(), array.concat(), array.concat()].concat();
    assert_eq!(read(erc1155, &topics, &data).map(|moved| moved.len()), Some(count));
    target::check(erc1155, &topics, &data);
    // One element less than stated; a length that no memory holds; both arrays in one place.
    target::check(erc1155, &topics, &data[..data.len() - 32]);
    for (begin, number) in [(64, usize::MAX), (64, usize::MAX / 32), (32, 64), (0, usize::MAX - 31)]
    {
        let mut hostile = data.clone();
        hostile[begin..begin + 32].copy_from_slice(&word(number));
        target::check(erc1155, &topics, &hostile);
    }
}
