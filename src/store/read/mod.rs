//! What the API asks: one file per resource, one statement per answer.
//!
//! Every statement selects the standing of the chains it speaks of beside its rows, so that rows
//! and `as_of` are of one snapshot. The rows hang on it by `left join lateral`: an empty answer is
//! one row whose `present` is false. Each selective case has its own static statement, so that
//! each is served by an index; filters of low selectivity are checked row by row
//! (`chain.transfer_fits`).
//!
//! What is asked most (a token, a wallet's tokens, a wallet's transfers) has statements of its own for one
//! chain and a block that is known, which look for nothing that is not there: every node of a plan costs,
//! even one that never runs. Of a contract with ranges the first such read finds that out and is asked
//! again as a whole ([`ranged`]); rows are always of one statement.

pub mod names;
pub mod at;
pub mod chains;
pub mod reorgs;
pub mod contracts;
mod page_sql;
mod one_chain_sql;
pub mod contract_tokens;
pub mod contract_owners;
pub mod ranged;
pub mod token;
mod token_sql;
pub mod tokens;
pub mod checks;
pub mod wallet_tokens;
mod wallet_sql;
pub mod wallets_tokens;
mod wallets_sql;
pub mod wallet_contracts;
mod wallet_contracts_sql;
mod wallet_one_sql;
pub mod transfers;
mod transfers_sql;
mod holder_sql;
pub mod events;
pub mod export;
pub mod export_holdings;
pub mod export_transfers;

use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};

use super::StoreError;
use super::contract_row::ContractRow;

/// The block of a question about the present.
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
    /// The block that was asked for; [`NOW`] for the present, `None` where the chain has no block
    /// of the finality asked for, or none was asked for.
    #[serde(default)]
    #[sqlx(default)]
    pub at: Option<i64>,
    /// Stored hash of that block, 0x-hex.
    #[serde(default)]
    #[sqlx(default)]
    pub at_hash: Option<String>,
    /// Transfers are stored whose indexes are not built yet.
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

/// The row of an answer without rows.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct Nothing {}

/// Rows and what they are true of.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// The chains that were asked.
    pub as_of: Vec<Standing>,
    /// The contract of the question, where it names one.
    pub contract: Option<ContractRow>,
    /// Contracts that the rows leave out or show in part.
    pub incomplete: Vec<Incomplete>,
    /// The rows, in the order of the statement.
    pub rows: Vec<T>,
}

impl<T: for<'r> FromRow<'r, PgRow>> Read<T> {
    /// Takes the answer of a statement with the columns `as_of`, `present` and those of `T`, and
    /// perhaps `contract` and `incomplete`.
    fn take(rows: Vec<PgRow>) -> Result<Self, StoreError> {
        let first = rows.first().ok_or(StoreError::Corrupt { column: "as_of" })?;
        let Json(as_of) = first.try_get("as_of")?;
        let contract: Option<Json<ContractRow>> = optional(first, "contract")?;
        let incomplete: Option<Json<Vec<Incomplete>>> = optional(first, "incomplete")?;
        let mut told = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.try_get::<bool, _>("present")? {
                told.push(T::from_row(row)?);
            }
        }
        Ok(Self {
            as_of,
            contract: contract.map(|Json(contract)| contract),
            incomplete: incomplete.map(|Json(left)| left).unwrap_or_default(),
            rows: told,
        })
    }
}

/// A column that a statement may not have.
fn optional<'r, T>(row: &'r PgRow, column: &str) -> Result<Option<T>, sqlx::Error>
where
    Option<T>: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    match row.try_get(column) {
        Err(sqlx::Error::ColumnNotFound(_)) => Ok(None),
        found => found,
    }
}
