//! A tree as `StandardMerkleTree.load` of OpenZeppelin's library takes it.

use std::io::{self, Write};

use super::{FORMAT, Leaf, Leaves, Tree};

/// Writes the tree of these leaves as JSON, piece by piece: it is several times larger as text than
/// in memory.
///
/// # Errors
///
/// When it cannot be written, or a leaf is not in the tree.
pub fn dump(
    out: &mut impl Write,
    leaves: Leaves,
    tree: &Tree,
    values: impl Iterator<Item = Leaf>,
) -> io::Result<()> {
    let encoding = serde_json::to_string(leaves.encoding())?;
    write!(out, "{{\"format\":\"{FORMAT}\",\"leafEncoding\":{encoding},\"tree\":[")?;
    for (at, node) in tree.nodes().iter().enumerate() {
        write!(out, "{}\"{node}\"", if at == 0 { "" } else { "," })?;
    }
    write!(out, "],\"values\":[")?;
    for (at, leaf) in values.enumerate() {
        let place = tree.place(leaf.hash()).ok_or(io::ErrorKind::InvalidInput)?;
        write!(out, "{}{{\"value\":[", if at == 0 { "" } else { "," })?;
        if let Some(token_id) = leaf.token_id {
            write!(out, "\"{token_id}\",")?;
        }
        let owner = leaf.owner.to_checksum(None);
        write!(out, "\"{owner}\",\"{}\"],\"treeIndex\":{place}}}", leaf.balance)?;
    }
    writeln!(out, "]}}")
}
