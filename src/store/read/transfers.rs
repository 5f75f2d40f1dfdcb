//! Transfers, by whatever names few of them: token, contract, wallet, transaction, or chain.
//!
//! Positions order one chain only; across chains the order is by chain, then by position. Each
//! chain has its own key to go on from and its own bounds, given as arrays.

use sqlx::FromRow;
use time::OffsetDateTime;

use super::at::At;
use super::{Read, holder_sql, transfers_sql};
use crate::store::{Pool, StoreError, Uint256};

/// A stored transfer with its contract and its block.
#[derive(Clone, Debug, FromRow)]
pub struct TransferRow {
    /// Its chain.
    pub chain: i16,
    /// Height of its block.
    pub block: i64,
    /// Index of the log in the block.
    pub log_index: i32,
    /// Index of the element in the log.
    pub batch_index: i32,
    /// Address of the contract.
    pub address: [u8; 20],
    /// Token standard that it follows: ERC-1155 names an amount, ERC-721 does not.
    pub standard: String,
    /// The token, or the first of a range.
    pub token_id: Uint256,
    /// The last token of a range.
    pub token_id_to: Option<Uint256>,
    /// Units moved; `None` means one.
    pub amount: Option<Uint256>,
    /// Who gave; zero on a mint.
    pub from_addr: [u8; 20],
    /// Who received; zero on a burn.
    pub to_addr: [u8; 20],
    /// Its transaction.
    pub tx_hash: [u8; 32],
    /// Hash of its block, where stored.
    pub block_hash: Option<[u8; 32]>,
    /// Time of its block, once known.
    pub block_time: Option<OffsetDateTime>,
}

/// What names the transfers that are asked for; each is served by an index of its own.
#[derive(Clone, Debug)]
pub enum TransfersOf {
    /// A token of a contract.
    Token(i32, Uint256),
    /// A contract.
    Contract(i32),
    /// Receivers (first) and givers (second); the same address in both means a wallet. A giver is
    /// never the zero address: mints have no index by giver.
    Holder(Option<[u8; 20]>, Option<[u8; 20]>),
    /// A transaction; of it one token, and the contract of the question where there is one.
    Transaction([u8; 32], Option<Uint256>),
    /// Nothing but their chains.
    Chain,
}

/// One chain of the question.
#[derive(Clone, Copy, Debug)]
pub struct ChainPart {
    /// The chain.
    pub chain: i16,
    /// Position of the last row before, exclusive: block, log index, batch index.
    pub after: (i64, i32, i32),
    /// Lowest block, inclusive.
    pub low: i64,
    /// Highest block, inclusive.
    pub high: i64,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct TransfersAsked<'a> {
    /// What names them.
    pub of: TransfersOf,
    /// Every chain that the answer speaks of.
    pub chains: &'a [i16],
    /// Those of them that are still to be told.
    pub parts: &'a [ChainPart],
    /// Contract whose state the answer names; `None` for all of the chains.
    pub contract: Option<i32>,
    /// Up to the newest block of this finality; [`At::Now`] means every block.
    pub finality: At,
    /// Of each chain of `chains` a block whose hash is asked for, if any.
    pub pinned: &'a [Option<i64>],
    /// Newest first.
    pub descending: bool,
    /// Checked row by row.
    pub fits: Fits,
    /// Most rows.
    pub limit: i64,
}

/// Filters beside what names the transfers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fits {
    /// Who gave.
    pub from: Option<[u8; 20]>,
    /// Who received.
    pub to: Option<[u8; 20]>,
    /// Who gave or received.
    pub wallet: Option<[u8; 20]>,
    /// `mint`, `transfer` or `burn`.
    pub kind: Option<&'static str>,
}

/// The transfers in order, with the contracts whose history they show in part.
pub async fn transfers(
    pool: &Pool,
    asked: &TransfersAsked<'_>,
) -> Result<Read<TransferRow>, StoreError> {
    if let (TransfersOf::Holder(taker, giver), [chain], [part], [pinned], At::Now) =
        (&asked.of, asked.chains, asked.parts, asked.pinned, asked.finality)
        && *chain == part.chain
    {
        return of_holder(pool, asked, (*taker, *giver), (part, *pinned)).await;
    }
    let part = |each: fn(&ChainPart) -> i64| asked.parts.iter().map(each).collect::<Vec<i64>>();
    let index = |each: fn(&ChainPart) -> i32| asked.parts.iter().map(each).collect::<Vec<i32>>();
    let keyed: Vec<i16> = asked.parts.iter().map(|part| part.chain).collect();
    let query = sqlx::query(match asked.of {
        TransfersOf::Token(..) => transfers_sql::OF_TOKEN,
        TransfersOf::Contract(_) => transfers_sql::OF_CONTRACT,
        TransfersOf::Holder(..) => transfers_sql::OF_HOLDER,
        TransfersOf::Transaction(..) => transfers_sql::OF_TRANSACTION,
        TransfersOf::Chain => transfers_sql::OF_CHAIN,
    })
    .bind(asked.chains)
    .bind(keyed)
    .bind(part(|part| part.after.0))
    .bind(index(|part| part.after.1))
    .bind(index(|part| part.after.2))
    .bind(part(|part| part.low))
    .bind(part(|part| part.high))
    .bind(asked.contract)
    .bind(if asked.descending { -1_i64 } else { 1 })
    .bind(asked.limit)
    .bind(asked.fits.from)
    .bind(asked.fits.to)
    .bind(asked.fits.wallet)
    .bind(asked.fits.kind)
    .bind(asked.finality.word())
    .bind(asked.pinned);
    let query = match &asked.of {
        TransfersOf::Token(contract, token_id) => query.bind(*contract).bind(*token_id),
        TransfersOf::Contract(contract) => query.bind(*contract),
        TransfersOf::Holder(taker, giver) => query.bind(*taker).bind(*giver),
        TransfersOf::Transaction(hash, token_id) => query.bind(*hash).bind(*token_id),
        TransfersOf::Chain => query,
    };
    Read::take(query.fetch_all(pool).await?)
}

/// The same of one party on one chain.
async fn of_holder(
    pool: &Pool,
    asked: &TransfersAsked<'_>,
    (taker, giver): (Option<[u8; 20]>, Option<[u8; 20]>),
    (part, pinned): (&ChainPart, Option<i64>),
) -> Result<Read<TransferRow>, StoreError> {
    let rows = sqlx::query(if asked.descending { holder_sql::NEWEST } else { holder_sql::OLDEST })
        .bind(part.chain)
        .bind(asked.contract)
        .bind(part.after.0)
        .bind(part.after.1)
        .bind(part.after.2)
        .bind(part.low)
        .bind(part.high)
        .bind(asked.limit)
        .bind(asked.fits.from)
        .bind(asked.fits.to)
        .bind(asked.fits.wallet)
        .bind(asked.fits.kind)
        .bind(pinned)
        .bind(taker)
        .bind(giver)
        .fetch_all(pool)
        .await?;
    let mut read: Read<TransferRow> = Read::take(rows)?;
    let position = |row: &TransferRow| (row.block, row.log_index, row.batch_index);
    if asked.descending {
        read.rows.sort_by_key(|row| std::cmp::Reverse(position(row)));
    } else {
        read.rows.sort_by_key(position);
    }
    Ok(read)
}
