//! The only SQL: one file per table, free functions, no rules of the domain.
//!
//! A function of one statement takes an executor; one of several takes `&mut PgConnection`, so
//! that its signature says it belongs into the caller's transaction. Rows are locked in one order
//! everywhere: chain, span, contracts, data, stream counter last. Leases and due times use the
//! database's clock. Only `set local`, no session locks, no temporary tables, so that poolers work.

pub mod error;
pub mod uint256;
pub mod units;
pub mod digits;
pub mod copy;
pub mod migrate;
pub mod pool;
pub mod readers;
pub mod embedded;
pub mod notify;
pub mod leases;
pub mod replicas;
pub mod chains;
pub mod status;
pub mod endpoints;
pub mod contracts;
pub mod readings;
pub mod starts;
pub mod departures;
pub mod probes;
pub mod descriptions;
pub mod wishes;
pub mod contract_row;
pub mod counters;
pub mod blocks;
pub mod prune;
pub mod taken_back;
pub mod transfers;
pub mod holdings;
pub mod token_ranges;
pub mod range_versions;
pub mod holders;
pub mod irregularities;
pub mod versions;
pub mod fold;
pub mod folds;
pub mod indexes;
pub mod load_sets;
pub mod load_members;
pub mod spans;
pub mod claims;
pub mod backlog;
pub mod progress;
pub mod loaded;
pub mod clip;
pub mod events;
pub mod rewinds;
pub mod standing;
pub mod api_keys;
pub mod secrets;
pub mod read_replica;
pub mod read;

pub use error::StoreError;
pub use uint256::Uint256;
pub use units::Units;

/// A pool of connections to Herald's database.
pub type Pool = sqlx::PgPool;

/// A block number as the `int8` of the tables.
///
/// Numbers above 2^63 exist on no chain; they are refused where they enter (`chain::wire`,
/// configuration, API), so that clamping here never changes one.
pub fn height(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored `int8` as a block number; constraints keep negative ones out.
pub fn number(height: i64) -> u64 {
    u64::try_from(height).unwrap_or(0)
}

/// Seconds since the epoch as a point in time; what no calendar holds becomes none.
pub fn instant(seconds: u64) -> Option<time::OffsetDateTime> {
    i64::try_from(seconds).ok().and_then(|s| time::OffsetDateTime::from_unix_timestamp(s).ok())
}

/// Lets the transaction's commit return before it is on disk: for steps whose facts and cursor
/// vanish together, so that a crash only costs the step.
pub async fn relax(connection: &mut sqlx::PgConnection) -> Result<(), StoreError> {
    sqlx::query("set local synchronous_commit = off").execute(connection).await?;
    Ok(())
}
