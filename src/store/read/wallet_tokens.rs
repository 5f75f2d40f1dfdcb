//! What a wallet holds, on all chains or one, now or at the end of a block of each.

use alloy::primitives::{Address, U256};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use time::OffsetDateTime;

use super::at::At;
use super::ranged::{Ranged, Scope};
use super::wallet_one_sql;
use super::wallet_sql::OF_WALLET;
use super::{IRREGULAR, Incomplete, NOW, Read};
use crate::store::{Pool, StoreError, Uint256, Units};
use crate::types::ChainKey;

/// A holding of a known owner.
#[derive(Clone, Debug, FromRow)]
pub struct WalletTokenRow {
    /// Chain of the contract.
    pub chain: i16,
    /// The contract's surrogate number.
    pub contract_id: i32,
    /// The contract's address.
    pub address: [u8; 20],
    /// Token standard that it follows: ERC-1155 has a balance, ERC-721 does not.
    pub standard: String,
    /// The token.
    pub token_id: Uint256,
    /// Units held, more than none; `None` means one.
    pub balance: Option<Units>,
    /// Block from which the owner has held without a pause.
    pub acquired: i64,
    /// Time of that block, once known.
    pub acquired_at: Option<OffsetDateTime>,
    /// Transaction that brought the token.
    pub tx_hash: Option<[u8; 32]>,
}

/// What is asked of a wallet.
#[derive(Clone, Debug)]
pub struct WalletAsked<'a> {
    /// The wallet.
    pub owner: Address,
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
    /// Last row of the page before: chain, contract, token.
    pub after: Option<(i16, i32, U256)>,
    /// Most rows.
    pub limit: i64,
}

impl WalletAsked<'_> {
    /// Where each chain goes on: behind everything in chains that are told, at the last row in its
    /// own chain, at the beginning, or at the only contract's, in those to come.
    fn keys(&self) -> (Vec<i32>, Vec<Uint256>) {
        // Behind the last token of the number before.
        let start = self.contract.map_or((i32::MIN, Uint256(U256::ZERO)), |only| {
            (only.saturating_sub(1), Uint256(U256::MAX))
        });
        let key = |chain: &i16| match self.after {
            Some((last, _, _)) if *chain < last => (i32::MAX, Uint256(U256::MAX)),
            Some((last, contract, token_id)) if *chain == last => (contract, Uint256(token_id)),
            _ => start,
        };
        self.chains.iter().map(key).unzip()
    }
}

/// Holdings and tokens of ranges by chain, contract and token, of contracts that are ready.
pub async fn wallet_tokens(
    pool: &Pool,
    ranged: &Ranged,
    asked: &WalletAsked<'_>,
) -> Result<Read<WalletTokenRow>, StoreError> {
    let known = match (asked.chains, asked.blocks) {
        ([chain], [block]) if matches!(asked.at, At::Now | At::Block(_)) => Some((*chain, *block)),
        _ => None,
    };
    if let Some((chain, block)) = known {
        let scope = Scope::Chain(ChainKey(chain));
        if !ranged.has(scope) {
            let rows = without_ranges(pool, asked, (chain, block)).await?;
            if !Ranged::told(&rows)? {
                let mut read: Read<WalletTokenRow> = Read::take(rows)?;
                read.rows.sort_by_key(|row| (row.contract_id, row.token_id));
                return Ok(read);
            }
            ranged.seen(scope);
        }
    }
    with_ranges(pool, asked).await
}

/// The rows of one chain of which no contract has ranges, at a block that is known.
async fn without_ranges(
    pool: &Pool,
    asked: &WalletAsked<'_>,
    (chain, block): (i16, i64),
) -> Result<Vec<PgRow>, StoreError> {
    let (contracts, tokens) = asked.keys();
    let (contract, token) = contracts.first().zip(tokens.first()).unzip();
    let statement = if block == NOW { wallet_one_sql::NOW } else { wallet_one_sql::THEN };
    let rows = sqlx::query(statement)
        .bind(chain)
        .bind(asked.owner.as_slice())
        .bind(asked.contract)
        .bind(asked.standard)
        .bind(asked.acquired_after)
        .bind(contract)
        .bind(token)
        .bind(asked.limit)
        .bind(block)
        .fetch_all(pool)
        .await?;
    Ok(rows)
}

/// The rows of any chains, at any moment.
async fn with_ranges(
    pool: &Pool,
    asked: &WalletAsked<'_>,
) -> Result<Read<WalletTokenRow>, StoreError> {
    let (contracts, tokens) = asked.keys();
    let rows = sqlx::query(OF_WALLET)
        .bind(asked.chains)
        .bind(asked.at.word())
        .bind(asked.blocks)
        .bind(asked.at.time())
        .bind(asked.owner.as_slice())
        .bind(asked.contract)
        .bind(asked.standard)
        .bind(asked.acquired_after)
        .bind(contracts)
        .bind(tokens)
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
