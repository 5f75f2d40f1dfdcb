//! Which contracts and chains have been seen to have ranges of tokens (ERC-2309), remembered.
//!
//! Few have any, and to look for tokens in ranges costs as much as the rest of a read. So a read asks
//! without them first, and its statement says whether there are any; then it is asked again with them,
//! and from then on at once. What was seen to have ranges is not believed to have lost them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::store::StoreError;
use crate::types::{ChainKey, ContractKey};

/// Most chains and contracts remembered: some 5 MB. Then all are forgotten and found again.
const REMEMBERED_MAX: usize = 100_000;

/// What a read is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All contracts of a chain.
    Chain(ChainKey),
    /// One contract.
    Contract(ContractKey),
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Ranged(Mutex<HashSet<Scope>>);

impl Ranged {
    /// Whether ranges have been seen; `false` says nothing.
    pub(super) fn has(&self, scope: Scope) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&scope)
    }

    /// Whether an answer says in its first row that there are ranges.
    pub(super) fn told(rows: &[PgRow]) -> Result<bool, StoreError> {
        let first = rows.first().ok_or(StoreError::Corrupt { column: "ranged" })?;
        Ok(first.try_get::<Option<bool>, _>("ranged")?.unwrap_or(false))
    }

    /// Remembers that there are ranges.
    pub(super) fn seen(&self, scope: Scope) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED_MAX {
            seen.clear();
        }
        seen.insert(scope);
    }
}
