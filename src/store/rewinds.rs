//! `chain.rewinds`: the journal of reorgs.

use alloy::primitives::B256;
use sqlx::PgConnection;

use super::{StoreError, height};
use crate::types::ChainKey;

/// One entry of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewind {
    /// The checkpoint before.
    pub from: (u64, B256),
    /// The common block.
    pub to: (u64, B256),
    /// Facts that went.
    pub transfers_removed: u64,
    /// Events that say so.
    pub events_appended: u64,
    /// `reorg`, or `operator` where a person asked for it.
    pub cause: &'static str,
}

/// Adds an entry.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    rewind: Rewind,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        insert into chain.rewinds (chain, from_block, from_hash, to_block, to_hash, depth,
            transfers_removed, events_appended, cause)
        values ($1, $2, $3, $4, $5, $2 - $4, $6, $7, $8)
        ",
    )
    .bind(chain.0)
    .bind(height(rewind.from.0))
    .bind(rewind.from.1.0)
    .bind(height(rewind.to.0))
    .bind(rewind.to.1.0)
    .bind(height(rewind.transfers_removed))
    .bind(height(rewind.events_appended))
    .bind(rewind.cause)
    .execute(connection)
    .await?;
    Ok(())
}
