//! What the tables hold of a history: derived from its replay, never by Herald's own means.

use std::collections::BTreeMap;

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};

use super::history::{History, State};
use crate::support::seed::{Held, LASTS, Piece, SeedContract};

impl History {
    /// Puts the history into the tables.
    pub(super) async fn store(&self, contract: &SeedContract) {
        let ranges = self.moves.iter().any(|one| one.last.is_some());
        contract.says(Some(self.standard), ranges).await;
        contract.moves(&self.moves).await;
        contract.held(&self.versions()).await;
        contract.pieces(&self.pieces()).await;
    }

    fn versions(&self) -> Vec<Held> {
        let held = |state: &State| -> BTreeMap<(U256, Address), (Option<I512>, i64)> {
            let own = state.iter().filter(|(_, fact)| fact.range.is_none());
            let whole = own.filter(|(_, fact)| fact.balance != Some(I512::ZERO));
            whole.map(|(key, fact)| (*key, (fact.balance, fact.acquired))).collect()
        };
        intervals(self.states.iter().map(held))
            .into_iter()
            .map(|((token, owner), (balance, acquired), since, until)| Held {
                since,
                until,
                acquired,
                token,
                owner,
                balance,
            })
            .collect()
    }

    fn pieces(&self) -> Vec<Piece> {
        intervals(self.states.iter().map(runs))
            .into_iter()
            .map(|(first, (last, owner, acquired, range), since, until)| Piece {
                since,
                until,
                acquired,
                log: self.moves[range].log,
                listed: !self.unlisted.contains(&range),
                first,
                last,
                owner,
            })
            .collect()
    }
}

/// Runs of tokens that one range gave, by their first token: last token, owner, block and range.
fn runs(state: &State) -> BTreeMap<U256, (U256, Address, i64, usize)> {
    let mut runs: BTreeMap<U256, (U256, Address, i64, usize)> = BTreeMap::new();
    for ((token, owner), fact) in state {
        let Some(range) = fact.range else { continue };
        let next =
            |run: &(U256, Address, i64, usize)| run.0 + U256::ONE == *token && run.3 == range;
        let grows = runs.values_mut().next_back().filter(|run| next(run));
        if let Some(run) = grows {
            run.0 = *token;
        } else {
            runs.insert(*token, (*token, *owner, fact.acquired, range));
        }
    }
    runs
}

/// Each value of each key with the blocks that it lasted for.
fn intervals<K: Ord + Copy, V: PartialEq + Copy>(
    blocks: impl Iterator<Item = BTreeMap<K, V>>,
) -> Vec<(K, V, i64, i64)> {
    let mut open: BTreeMap<K, (V, i64)> = BTreeMap::new();
    let mut out = Vec::new();
    for (block, values) in (0..).zip(blocks) {
        let ended: Vec<K> =
            open.iter().filter(|(k, o)| values.get(*k) != Some(&o.0)).map(|(k, _)| *k).collect();
        for key in ended {
            let (value, since) = open.remove(&key).unwrap();
            out.push((key, value, since, block));
        }
        for (key, value) in values {
            open.entry(key).or_insert((value, block));
        }
    }
    out.extend(open.into_iter().map(|(key, (value, since))| (key, value, since, LASTS)));
    out
}
