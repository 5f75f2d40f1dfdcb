//! Logs of known transfers, encoded by hand from what the standards and the ABI say, and what can
//! become of them on the way.

use proptest::collection::vec;
use proptest::prelude::*;

use super::reference::{Moved, Rules, SIGNATURES, Word};

/// A log and what it states.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
    pub(crate) rules: Rules,
    pub(crate) topics: Vec<Word>,
    pub(crate) data: Vec<u8>,
    pub(crate) moved: Vec<Moved>,
}

/// A number as a word.
pub(crate) fn word(number: usize) -> Word {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

fn number() -> impl Strategy<Value = Word> {
    prop_oneof![(0_usize..4).prop_map(word), any::<Word>(), Just([0xFF; 32])]
}

fn address() -> impl Strategy<Value = Word> {
    prop_oneof![
        Just([0; 32]),
        any::<[u8; 20]>().prop_map(|short| {
            let mut word = [0; 32];
            word[12..].copy_from_slice(&short);
            word
        })
    ]
}

/// A log whose first `indexed` arguments are topics.
fn stated(kind: usize, indexed: usize, arguments: &[Word], moved: Vec<Moved>) -> Stated {
    let (topics, data) = arguments.split_at(indexed);
    Stated {
        rules: Rules { erc1155: kind > 1, id_in_data: indexed == 2 },
        topics: [&[SIGNATURES[kind]], topics].concat(),
        data: data.concat(),
        moved,
    }
}

fn erc721() -> impl Strategy<Value = Stated> {
    (0_usize..=3, address(), address(), number()).prop_map(|(indexed, from, to, id)| {
        stated(0, indexed, &[from, to, id], vec![Moved { id, last: None, amount: None, from, to }])
    })
}

fn range() -> impl Strategy<Value = Stated> {
    (address(), address(), number(), number()).prop_map(|(from, to, one, other)| {
        let (id, last) = (one.min(other), one.max(other));
        let moved = Moved { id, last: Some(last), amount: None, from, to };
        stated(1, 3, &[id, from, to, last], vec![moved])
    })
}

fn single() -> impl Strategy<Value = Stated> {
    let people = (address(), address(), address());
    (0_usize..=3, people, number(), number()).prop_map(
        |(indexed, (operator, from, to), id, sum)| {
            let moved = Moved { id, last: None, amount: Some(sum), from, to };
            stated(2, indexed, &[operator, from, to, id, sum], vec![moved])
        },
    )
}

/// A batch with words that nobody reads before each array, and the amounts first where `swapped`.
fn batch() -> impl Strategy<Value = Stated> {
    let people = (address(), address(), address());
    let layout = (0_usize..=3, 0_usize..3, any::<bool>());
    (layout, people, vec((number(), number()), 1..12)).prop_map(
        |((indexed, gap, swapped), (operator, from, to), elements)| {
            let array = |words: Vec<Word>| [vec![[0xEE; 32]; gap], vec![word(words.len())], words];
            let ids = array(elements.iter().map(|(id, _)| *id).collect()).concat();
            let sums = array(elements.iter().map(|(_, sum)| *sum).collect()).concat();
            let near = 32 * (5 - indexed + gap);
            let (near, far) = (word(near), word(near + 32 * ids.len()));
            let (offsets, arrays) = match swapped {
                false => ([near, far], [ids, sums]),
                true => ([far, near], [sums, ids]),
            };
            let arguments = [vec![operator, from, to], offsets.to_vec(), arrays.concat()].concat();
            let moved = elements.into_iter().map(|(id, sum)| Moved {
                id,
                last: None,
                amount: Some(sum),
                from,
                to,
            });
            stated(3, indexed, &arguments, moved.collect())
        },
    )
}

/// A log of each kind that states transfers.
pub(crate) fn logs() -> impl Strategy<Value = Stated> {
    prop_oneof![erc721(), range(), single(), batch()]
}

/// Something that happens to a log; places wrap around.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Byte(usize, u8),
    Number(usize, Word),
    Cut(usize),
    Append(Vec<u8>),
    SwapTopics(usize, usize),
    DropTopic(usize),
    AddTopic(Word),
    IntoData(usize),
    Standard,
    Token,
}

/// A few damages, some of which leave a log that can be read.
pub(crate) fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<usize>;
    // Numbers near the edges of lengths and offsets, and of the integers that may hold them.
    let edge = prop_oneof![
        (0_usize..24).prop_map(|words| word(32 * words)),
        (0_usize..256).prop_map(word),
        Just(word(usize::MAX)),
        Just(word(usize::MAX - 31)),
        Just([0xFF; 32]),
        any::<Word>(),
    ];
    let damage = prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (place(), edge).prop_map(|(at, word)| Damage::Number(at, word)),
        (0_usize..70).prop_map(Damage::Cut),
        vec(any::<u8>(), 1..70).prop_map(Damage::Append),
        (place(), place()).prop_map(|(one, other)| Damage::SwapTopics(one, other)),
        place().prop_map(Damage::DropTopic),
        any::<Word>().prop_map(Damage::AddTopic),
        place().prop_map(Damage::IntoData),
        Just(Damage::Standard),
        Just(Damage::Token),
    ];
    vec(damage, 0..4)
}

impl Stated {
    /// Does it to the log.
    pub(crate) fn suffer(&mut self, damage: Damage) {
        let (topics, size) = (self.topics.len(), self.data.len());
        match damage {
            Damage::Byte(at, byte) if size > 0 => self.data[at % size] = byte,
            Damage::Number(at, word) if size >= 32 => {
                let begin = 32 * (at % (size / 32));
                self.data[begin..begin + 32].copy_from_slice(&word);
            }
            Damage::Cut(bytes) => self.data.truncate(size.saturating_sub(bytes)),
            Damage::Append(bytes) => self.data.extend(bytes),
            Damage::SwapTopics(one, other) if topics > 0 => {
                self.topics.swap(one % topics, other % topics);
            }
            Damage::DropTopic(at) if topics > 0 => drop(self.topics.remove(at % topics)),
            Damage::AddTopic(word) => self.topics.push(word),
            Damage::IntoData(at) if topics > 0 => {
                let word = self.topics.remove(at % topics);
                self.data.splice(0..0, word);
            }
            Damage::Standard => self.rules.erc1155 = !self.rules.erc1155,
            Damage::Token => self.rules.id_in_data = !self.rules.id_in_data,
            // There is nothing that it could happen to.
            _ => {}
        }
    }
}
