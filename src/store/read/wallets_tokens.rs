//! What several wallets hold, on all chains or one, now or at the end of a block of each.

use alloy::primitives::{Address, U256};
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use time::OffsetDateTime;

use super::at::At;
use super::wallet_tokens::WalletTokenRow;
use super::wallets_sql::OF_WALLETS;
use super::{IRREGULAR, Incomplete, Read};
use crate::store::{Pool, StoreError, Uint256};

/// A holding of one of the owners.
#[derive(Clone, Debug, FromRow)]
pub struct HeldOf {
    /// Place of the owner in the question, from 1 on.
    pub place: i32,
    /// What is held.
    #[sqlx(flatten)]
    pub held: WalletTokenRow,
}

/// Last row of a page: owner's place, chain, contract, token.
pub type After = (i32, i16, i32, U256);

/// What is asked of wallets.
#[derive(Clone, Debug)]
pub struct WalletsAsked<'a> {
    /// The wallets, in the order of the answer.
    pub owners: &'a [Address],
    /// Chains by their numbers.
    pub chains: &'a [i16],
    /// The block whose end is asked for.
    pub at: At,
    /// The block of each chain where `at` is one; as many as `chains`.
    pub blocks: &'a [i64],
    /// Only this contract.
    pub contract: Option<i32>,
    /// Only tokens of this standard.
    pub standard: Option<&'static str>,
    /// Only tokens acquired in blocks after this time; blocks of unknown time are left out.
    pub acquired_after: Option<OffsetDateTime>,
    /// Last row of the page before.
    pub after: Option<After>,
    /// Most rows.
    pub limit: i64,
}

/// Holdings and tokens of ranges by owner, chain, contract and token, of contracts that are ready.
pub async fn wallets_tokens(
    pool: &Pool,
    asked: &WalletsAsked<'_>,
) -> Result<Read<HeldOf>, StoreError> {
    let owners: Vec<&[u8]> = asked.owners.iter().map(|owner| owner.as_slice()).collect();
    // Behind the last token of the number before the only contract, or at the beginning.
    let start = asked.contract.map_or((i32::MIN, U256::ZERO), |only| (only - 1, U256::MAX));
    let after = asked.after.unwrap_or((0, i16::MIN, start.0, start.1));
    let rows = sqlx::query(OF_WALLETS)
        .bind(asked.chains)
        .bind(asked.at.word())
        .bind(asked.blocks)
        .bind(asked.at.time())
        .bind(owners)
        .bind(asked.contract)
        .bind(asked.standard)
        .bind(asked.acquired_after)
        .bind(i64::from(after.0))
        .bind(after.1)
        .bind(after.2)
        .bind(Uint256(after.3))
        .bind(start.0)
        .bind(Uint256(start.1))
        .bind(asked.limit)
        .fetch_all(pool)
        .await?;
    let first = rows.first().ok_or(StoreError::Corrupt { column: "irregular" })?;
    let Json::<Vec<Incomplete>>(irregular) = first.try_get("irregular")?;
    let mut read = Read::take(rows)?;
    read.incomplete.retain(|one| one.state != IRREGULAR);
    read.incomplete.extend(irregular);
    Ok(read)
}
