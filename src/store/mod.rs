//! The only SQL: one file per table, free functions, no rules of the domain.
//!
//! A function of one statement takes an executor; one of several takes `&mut PgConnection`, so
//! that its signature says it belongs into the caller's transaction. Rows are locked in one order
//! everywhere: chain, span, contracts, data, stream counter last. Leases and due times use the
//! database's clock. Only `set local`, no session locks, no temporary tables, so that poolers work.

pub mod error;
pub mod uint256;
pub mod migrate;
pub mod pool;
pub mod embedded;

pub use error::StoreError;
pub use uint256::Uint256;

/// A pool of connections to Herald's database.
pub type Pool = sqlx::PgPool;
