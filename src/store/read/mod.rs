//! What the API asks: one file per resource, one statement per answer.
//!
//! Every statement selects the standing of the chains it speaks of beside its rows, so that rows
//! and `as_of` are of one snapshot. The rows hang on it by `left join lateral`: an empty answer is
//! one row whose `present` is false. Each selective case has its own static statement, so that
//! each is served by an index; filters of low selectivity are checked row by row
//! (`chain.transfer_fits`).

pub mod resolve;
pub mod chains;
pub mod reorgs;
pub mod contracts;
mod page_sql;
pub mod contract_tokens;
pub mod contract_owners;
pub mod token;
pub mod wallet_tokens;
mod wallet_sql;
pub mod transfers;
mod transfers_sql;
pub mod events;
pub mod export;
pub mod export_holdings;
pub mod export_transfers;

use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};

use super::StoreError;

/// The `at` of a statement that asks for the present.
pub const NOW: i64 = i64::MAX;

/// How far a chain is: a row of `chain.standing`.
#[derive(Clone, Debug, Deserialize, FromRow, PartialEq, Eq)]
pub struct Standing {
    /// Surrogate number.
    pub chain: i16,
    /// CAIP-2 id.
    pub caip2: String,
    /// Name in configuration and API.
    pub alias: String,
    /// `loading`, `live`, `stalled`, `halted` or `paused`.
    pub status: String,
    /// How many rewinds there have been.
    pub epoch: i32,
    /// Newest block that was seen.
    pub head: Option<i64>,
    /// Newest justified block.
    pub safe: Option<i64>,
    /// Newest final block.
    pub finalized: Option<i64>,
    /// The checkpoint: newest block whose facts are stored.
    pub indexed: Option<i64>,
    /// Hash of the checkpoint, 0x-hex.
    pub block_hash: Option<String>,
    /// Milliseconds behind the head.
    pub lag_ms: Option<i64>,
    /// Stored hash of the block that was asked for, 0x-hex.
    #[serde(default)]
    #[sqlx(default)]
    pub at_hash: Option<String>,
    /// Transfers are stored whose indexes are not built yet; as [`resolve`] finds it, else false.
    #[serde(default)]
    #[sqlx(default)]
    pub indexing: bool,
}

/// The state that [`Incomplete`] gives a contract of which tokens lie in ranges that are too long to
/// be listed.
const IRREGULAR: &str = "irregular";

/// A contract whose ownership is not answered, or not in full.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Incomplete {
    /// Chain of the contract.
    pub chain: i16,
    /// Its address, 0x-hex in lower case.
    pub address: String,
    /// Its state, or `irregular`: tokens of it lie in ranges that are too long to be listed.
    pub state: String,
    /// How much of its past is loaded.
    pub loaded_percent: Option<f64>,
}

/// Rows and what they are true of.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// The chains that were asked.
    pub as_of: Vec<Standing>,
    /// Contracts that the rows leave out or show in part.
    pub incomplete: Vec<Incomplete>,
    /// The rows, in the order of the statement.
    pub rows: Vec<T>,
}

impl<T: for<'r> FromRow<'r, PgRow>> Read<T> {
    /// Takes the answer of a statement with the columns `as_of`, `present` and those of `T`.
    fn take(rows: Vec<PgRow>) -> Result<Self, StoreError> {
        let first = rows.first().ok_or(StoreError::Corrupt { column: "as_of" })?;
        let Json(as_of) = first.try_get("as_of")?;
        let present = |row: &PgRow| row.try_get::<bool, _>("present");
        let mut told = Vec::with_capacity(rows.len());
        for row in &rows {
            if present(row)? {
                told.push(T::from_row(row)?);
            }
        }
        Ok(Self { as_of, incomplete: Vec::new(), rows: told })
    }

    /// As `take`, of a statement that also has the column `incomplete`.
    fn take_incomplete(rows: Vec<PgRow>) -> Result<Self, StoreError> {
        let first = rows.first().ok_or(StoreError::Corrupt { column: "incomplete" })?;
        let Json(incomplete) = first.try_get("incomplete")?;
        Ok(Self { incomplete, ..Self::take(rows)? })
    }
}
