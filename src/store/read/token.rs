//! One token: who holds it, and the first and last thing that happened to it.

use alloy::primitives::U256;
use sqlx::FromRow;
use time::OffsetDateTime;

use super::at::At;
use super::ranged::{Ranged, Scope};
use super::token_sql;
use super::{NOW, Read};
use crate::store::{Pool, StoreError, Uint256, Units};
use crate::types::{ChainKey, ContractKey};

/// A token that was seen.
#[derive(Clone, Debug, FromRow)]
pub struct TokenRow {
    /// Who holds it; `None` where nobody does. One of the holders of an ERC-1155 token.
    pub owner: Option<[u8; 20]>,
    /// Units that are held.
    pub supply: Units,
    /// Block of its first transfer.
    pub first_block: i64,
    /// Time of that block, once known.
    pub first_at: Option<OffsetDateTime>,
    /// Transaction of its first transfer.
    pub first_tx: [u8; 32],
    /// Who gave it first: zero where that was a mint.
    pub first_from: [u8; 20],
    /// Block of its last transfer.
    pub last_block: i64,
    /// Time of that block, once known.
    pub last_at: Option<OffsetDateTime>,
    /// Transaction of its last transfer.
    pub last_tx: [u8; 32],
}

/// The token at the end of block `at`, or now; no row where it has never been seen by then. Ranges
/// (ERC-2309) that cover it count as its own, where the contract has any.
pub async fn token(
    pool: &Pool,
    ranged: &Ranged,
    (chain, contract): (ChainKey, ContractKey),
    token_id: U256,
    at: At,
) -> Result<Read<TokenRow>, StoreError> {
    let scope = Scope::Contract(contract);
    let known = match at {
        At::Now => Some((token_sql::NOW, NOW)),
        At::Block(block) => Some((token_sql::THEN, block)),
        _ => None,
    };
    if let Some((statement, block)) = known.filter(|_| !ranged.has(scope)) {
        let rows = sqlx::query(statement)
            .bind(chain.0)
            .bind(contract.0)
            .bind(Uint256(token_id))
            .bind(block)
            .fetch_all(pool)
            .await?;
        if !Ranged::told(&rows)? {
            return Read::take(rows);
        }
        ranged.seen(scope);
    }
    let rows = sqlx::query(token_sql::RANGED)
        .bind(chain.0)
        .bind(contract.0)
        .bind(at.word())
        .bind(at.block())
        .bind(at.time())
        .bind(Uint256(token_id))
        .fetch_all(pool)
        .await?;
    Read::take(rows)
}
