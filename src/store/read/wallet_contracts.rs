//! What a wallet holds, summed by contract and by chain.

use alloy::primitives::Address;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};

use super::at::At;
use super::wallet_contracts_sql::{CONTRACTS, SUMMARY};
use super::{IRREGULAR, Incomplete, Read};
use crate::store::{Pool, StoreError, Units};

/// What a wallet holds of something, at least one token.
#[derive(Clone, Debug, FromRow)]
pub struct Sums {
    /// Different tokens.
    pub tokens: Units,
    /// Units of all of them together.
    pub balance: Units,
    /// Block since which it has held the first of them without a pause.
    pub first_acquired: i64,
    /// The same of the last.
    pub last_acquired: i64,
}

/// A contract of which a wallet holds anything.
#[derive(Clone, Debug, FromRow)]
pub struct WalletContractRow {
    /// Chain of the contract.
    pub chain: i16,
    /// The contract's surrogate number.
    pub contract_id: i32,
    /// The contract's address.
    pub address: [u8; 20],
    /// Its token standard.
    pub standard: String,
    /// What the contract calls itself.
    pub name: Option<String>,
    /// Its ticker.
    pub symbol: Option<String>,
    /// What is held of it.
    #[sqlx(flatten)]
    pub sums: Sums,
}

/// What a wallet holds on a chain.
#[derive(Clone, Debug, FromRow)]
pub struct WalletChainRow {
    /// The chain.
    pub chain: i16,
    /// Contracts of which it holds anything.
    pub contracts: i64,
    /// What is held of them.
    #[sqlx(flatten)]
    pub sums: Sums,
}

/// What is asked of a wallet.
#[derive(Clone, Debug)]
pub struct WalletSums<'a> {
    /// The wallet.
    pub owner: Address,
    /// Chains by their numbers.
    pub chains: &'a [i16],
    /// The block whose end is asked for.
    pub at: At,
    /// The block of each chain where `at` is one; as many as `chains`.
    pub blocks: &'a [i64],
    /// Only contracts of this standard.
    pub standard: Option<&'static str>,
}

/// The contracts that are ready by chain and number, at most `limit`, behind the last one of the page
/// before.
pub async fn wallet_contracts(
    pool: &Pool,
    asked: &WalletSums<'_>,
    (after, limit): (Option<(i16, i32)>, i64),
) -> Result<Read<WalletContractRow>, StoreError> {
    // Behind everything in chains that are told.
    let start = |chain: &i16| match after {
        Some((last, _)) if *chain < last => i32::MAX,
        Some((last, contract)) if *chain == last => contract,
        _ => i32::MIN,
    };
    let starts: Vec<i32> = asked.chains.iter().map(start).collect();
    let rows = sqlx::query(CONTRACTS)
        .bind(asked.chains)
        .bind(asked.at.word())
        .bind(asked.blocks)
        .bind(asked.at.time())
        .bind(asked.owner.as_slice())
        .bind(asked.standard)
        .bind(starts)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    take(rows)
}

/// Each chain on which the wallet holds anything of contracts that are ready.
pub async fn wallet_summary(
    pool: &Pool,
    asked: &WalletSums<'_>,
) -> Result<Read<WalletChainRow>, StoreError> {
    let rows = sqlx::query(SUMMARY)
        .bind(asked.chains)
        .bind(asked.at.word())
        .bind(asked.blocks)
        .bind(asked.at.time())
        .bind(asked.owner.as_slice())
        .bind(asked.standard)
        .fetch_all(pool)
        .await?;
    take(rows)
}

/// The contracts with ranges too long to be listed are those of the block, not of the present.
fn take<T: for<'r> FromRow<'r, PgRow>>(rows: Vec<PgRow>) -> Result<Read<T>, StoreError> {
    let first = rows.first().ok_or(StoreError::Corrupt { column: "irregular" })?;
    let Json::<Vec<Incomplete>>(irregular) = first.try_get("irregular")?;
    let mut read = Read::take(rows)?;
    read.incomplete.retain(|one| one.state != IRREGULAR);
    read.incomplete.extend(irregular);
    Ok(read)
}
