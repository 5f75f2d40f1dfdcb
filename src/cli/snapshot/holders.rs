//! The holders of a snapshot, gathered from its lines, and their Merkle tree.

use std::collections::BTreeMap;
use std::io::Write;

use alloy::primitives::{Address, B256, U256};
use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::merkle::{Growing, Leaf, Leaves, dump};

/// Most leaves of a tree: some 300 bytes each are kept until it is written.
const LEAVES_MAX: usize = 10_000_000;

/// What the leaves are made of.
pub(super) struct Holders {
    leaves: Leaves,
    is_csv: bool,
    /// Units of each owner.
    owners: BTreeMap<Address, U256>,
    tokens: Vec<Leaf>,
    /// Whether the head of a CSV has been seen.
    begun: bool,
}

#[derive(Deserialize)]
struct Row<'a> {
    token_id: &'a str,
    owner: &'a str,
    balance: &'a str,
}

impl Holders {
    pub(super) fn new(leaves: Leaves, format: &str) -> Self {
        let is_csv = format == "csv";
        Self { leaves, is_csv, owners: BTreeMap::new(), tokens: Vec::new(), begun: !is_csv }
    }

    /// Takes a line of the file.
    pub(super) fn see(&mut self, line: &str) -> anyhow::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let row = match self.is_csv {
            true => columns(line).context("it has not three columns")?,
            false => serde_json::from_str(line)?,
        };
        let (owner, balance) = (row.owner.parse()?, row.balance.parse()?);
        let count = match self.leaves {
            Leaves::Owners => {
                let sum = self.owners.entry(owner).or_default();
                *sum = sum.checked_add(balance).context("its owner holds more than 2^256-1")?;
                self.owners.len()
            }
            Leaves::Tokens => {
                let token_id = Some(row.token_id.parse()?);
                self.tokens.push(Leaf { token_id, owner, balance });
                self.tokens.len()
            }
        };
        if count > LEAVES_MAX {
            bail!("the tree would have more than {LEAVES_MAX} leaves");
        }
        Ok(())
    }

    /// Writes the tree; answers its root and how many leaves it has.
    pub(super) fn write(self, out: &mut impl Write) -> anyhow::Result<(B256, usize)> {
        let sums = self.owners.into_iter();
        let sums = sums.map(|(owner, balance)| Leaf { token_id: None, owner, balance });
        let leaves: Vec<Leaf> = sums.chain(self.tokens).collect();
        let grown = Growing::over(leaves.iter().map(Leaf::hash).collect());
        let tree = grown.context("nobody holds anything, and no tree has no leaf")?.whole();
        dump(out, self.leaves, &tree, leaves.iter().copied())?;
        Ok((tree.root(), leaves.len()))
    }
}

fn columns(line: &str) -> Option<Row<'_>> {
    let mut columns = line.split(',');
    let (token_id, owner, balance) = (columns.next()?, columns.next()?, columns.next()?);
    columns.next().is_none().then_some(Row { token_id, owner, balance })
}
