//! The root of an ordered Merkle Patricia trie by the book (yellow paper, appendix D), without
//! the library that the simulator uses.

use alloy::primitives::{B256, Bytes, keccak256};
use alloy::rlp::{EMPTY_STRING_CODE, Header};

/// A key in nibbles, and its value.
type Entry = (Vec<u8>, Bytes);

/// The root over `values`, whose keys are the RLP of their indices.
pub(crate) fn ordered_root(values: &[Bytes]) -> B256 {
    let entry = |(index, value): (usize, &Bytes)| {
        let key = alloy::rlp::encode(index as u64);
        let nibbles = key.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).collect();
        (nibbles, value.clone())
    };
    let mut entries: Vec<Entry> = values.iter().enumerate().map(entry).collect();
    entries.sort();
    keccak256(node(&entries, 0))
}

/// The RLP of the node that holds `entries`, which agree on their first `depth` nibbles.
fn node(entries: &[Entry], depth: usize) -> Vec<u8> {
    match entries {
        [] => vec![EMPTY_STRING_CODE],
        [(key, value)] => list(&[string(&path(&key[depth..], true)), string(value)]),
        [(first, _), .., (last, _)] => {
            let shared = first[depth..].iter().zip(&last[depth..]).take_while(|(a, b)| a == b);
            match shared.count() {
                0 => branch(entries, depth),
                shared => {
                    let below = branch(entries, depth + shared);
                    let key = path(&first[depth..depth + shared], false);
                    list(&[string(&key), reference(below)])
                }
            }
        }
    }
}

/// A branch; no key of an ordered trie ends in one, so its value is empty.
fn branch(entries: &[Entry], depth: usize) -> Vec<u8> {
    let mut items: Vec<Vec<u8>> = (0..16)
        .map(|nibble| {
            let from = entries.partition_point(|(key, _)| key[depth] < nibble);
            let to = entries.partition_point(|(key, _)| key[depth] <= nibble);
            reference(node(&entries[from..to], depth + 1))
        })
        .collect();
    items.push(vec![EMPTY_STRING_CODE]);
    list(&items)
}

/// How a node stands in its parent: itself while shorter than a hash, else by hash.
fn reference(node: Vec<u8>) -> Vec<u8> {
    if node.len() < 32 { node } else { string(keccak256(node).as_slice()) }
}

/// Hex-prefix encoding (appendix C).
fn path(nibbles: &[u8], is_leaf: bool) -> Vec<u8> {
    let flag = if is_leaf { 2 } else { 0 };
    let odd = nibbles.len() % 2;
    let head = if odd == 1 { (flag + 1) << 4 | nibbles[0] } else { flag << 4 };
    let pairs = nibbles[odd..].chunks(2).map(|pair| pair[0] << 4 | pair[1]);
    [head].into_iter().chain(pairs).collect()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    alloy::rlp::encode(bytes)
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    let mut encoded = Vec::new();
    Header { list: true, payload_length: payload.len() }.encode(&mut encoded);
    [encoded, payload].concat()
}
