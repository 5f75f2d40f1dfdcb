//! A second reading of transfer logs, as naive as can be: the truth that the decoder is held
//! against, by the tests and by the fuzzer. It shares nothing with it, not even types.

use std::sync::LazyLock;

use alloy::primitives::keccak256;

/// A word of the ABI.
pub(crate) type Word = [u8; 32];

/// First topics by what the standards write down.
pub(crate) static SIGNATURES: LazyLock<[Word; 4]> = LazyLock::new(|| {
    [
        "Transfer(address,address,uint256)",
        "ConsecutiveTransfer(uint256,uint256,address,address)",
        "TransferSingle(address,address,address,uint256,uint256)",
        "TransferBatch(address,address,address,uint256[],uint256[])",
    ]
    .map(|signature| keccak256(signature).0)
});

/// One transfer, as words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Its token, or the first of a range.
    pub(crate) id: Word,
    /// The last of a range.
    pub(crate) last: Option<Word>,
    /// Units of ERC-1155.
    pub(crate) amount: Option<Word>,
    /// Who gave.
    pub(crate) from: Word,
    /// Who received.
    pub(crate) to: Word,
}

/// How a contract is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// ERC-1155, else ERC-721.
    pub(crate) erc1155: bool,
    /// ERC-721 with the token in the data behind two indexed addresses.
    pub(crate) id_in_data: bool,
}

/// The transfers of a log, or nothing where it has none.
pub(crate) fn read(rules: Rules, topics: &[Word], data: &[u8]) -> Option<Vec<Moved>> {
    let kind = SIGNATURES.iter().position(|signature| topics.first() == Some(signature))?;
    match (rules.erc1155, kind) {
        (false, 0) => erc721(rules.id_in_data, topics, data),
        (false, 1) => range(topics, data),
        (true, 2) => single(topics, data),
        (true, 3) => batch(topics, data),
        _ => None,
    }
}

fn erc721(id_in_data: bool, topics: &[Word], data: &[u8]) -> Option<Vec<Moved>> {
    let (from, to, id) = match (topics.len(), data.len()) {
        (4, 0) => (topics[1], topics[2], topics[3]),
        (3, 32) if id_in_data => (topics[1], topics[2], at(data, 0)?),
        (2, 64) => (topics[1], at(data, 0)?, at(data, 32)?),
        (1, 96) => (at(data, 0)?, at(data, 32)?, at(data, 64)?),
        _ => return None,
    };
    all_addresses(&[from, to]).then(|| vec![Moved { id, last: None, amount: None, from, to }])
}

fn range(topics: &[Word], data: &[u8]) -> Option<Vec<Moved>> {
    if topics.len() != 4 || data.len() != 32 {
        return None;
    }
    let (id, from, to, last) = (topics[1], topics[2], topics[3], at(data, 0)?);
    // Words of one length order as the numbers do that they write.
    (id <= last && all_addresses(&[from, to]))
        .then(|| vec![Moved { id, last: Some(last), amount: None, from, to }])
}

fn single(topics: &[Word], data: &[u8]) -> Option<Vec<Moved>> {
    let (people, rest) = people(topics, data)?;
    if rest.len() != 64 {
        return None;
    }
    let (id, amount) = (at(rest, 0)?, Some(at(rest, 32)?));
    Some(vec![Moved { id, last: None, amount, from: people[1], to: people[2] }])
}

fn batch(topics: &[Word], data: &[u8]) -> Option<Vec<Moved>> {
    let (people, head) = people(topics, data)?;
    let (ids, values) = (small(&at(head, 0)?)?, small(&at(head, 32)?)?);
    if ids % 32 != 0 || values % 32 != 0 {
        return None;
    }
    let count = small(&at(data, ids)?)?;
    if count == 0 || small(&at(data, values)?)? != count {
        return None;
    }
    let mut moved = Vec::new();
    for element in 1..=count {
        let id = at(data, ids.checked_add(element.checked_mul(32)?)?)?;
        let amount = Some(at(data, values.checked_add(element.checked_mul(32)?)?)?);
        moved.push(Moved { id, last: None, amount, from: people[1], to: people[2] });
    }
    Some(moved)
}

/// Operator, giver and receiver of an ERC-1155 log, and the data behind those that stand in it.
fn people<'a>(topics: &[Word], mut data: &'a [u8]) -> Option<([Word; 3], &'a [u8])> {
    if topics.is_empty() || topics.len() > 4 {
        return None;
    }
    let mut people = topics[1..].to_vec();
    while people.len() < 3 {
        people.push(at(data, 0)?);
        data = &data[32..];
    }
    all_addresses(&people).then(|| ([people[0], people[1], people[2]], data))
}

fn at(data: &[u8], offset: usize) -> Option<Word> {
    data.get(offset..offset.checked_add(32)?)?.try_into().ok()
}

fn all_addresses(words: &[Word]) -> bool {
    words.iter().all(|word| word.starts_with(&[0; 12]))
}

/// The number of a word, if it can be one of bytes in memory.
fn small(word: &Word) -> Option<usize> {
    let mut number = 0_usize;
    for byte in word {
        number = number.checked_mul(256)?.checked_add(usize::from(*byte))?;
    }
    Some(number)
}
