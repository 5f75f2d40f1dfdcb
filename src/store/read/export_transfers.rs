//! Pages of transfers in the order of their positions, for streams of any length.

use sqlx::types::Json;
use sqlx::{FromRow, Row};
use time::OffsetDateTime;

use super::Standing;
use super::export::{Shown, stamp};
use crate::store::{Pool, StoreError, Uint256};

/// A position: block, log index, batch index.
pub type At = (i64, i32, i32);

/// Which page of which contracts is asked.
#[derive(Clone, Debug)]
pub struct TransfersAsked {
    /// Chain and last block.
    pub shown: Shown,
    /// The contracts: one, or those of the chain.
    pub contracts: Vec<i32>,
    /// Whether all contracts of the chain are asked, so that its transfers are read in their order.
    pub chain_wide: bool,
    /// Position of the row before, exclusive.
    pub after: At,
    /// Most rows.
    pub limit: i32,
}

/// A transfer.
#[derive(Clone, Debug, FromRow)]
pub struct TransferRow {
    /// Height of its block.
    pub block: i64,
    /// Index of the log in the block.
    pub log_index: i32,
    /// Index of the element in the log.
    pub batch_index: i32,
    /// Time of its block, once known.
    pub time: Option<OffsetDateTime>,
    /// Its transaction.
    pub tx_hash: [u8; 32],
    /// Address of the contract.
    pub address: [u8; 20],
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
}

/// A page by position.
#[derive(Clone, Debug)]
pub struct TransfersPage {
    /// How the chain stands.
    pub standing: Standing,
    /// What the contracts' histories are, so that another one is noticed; none while one is not whole.
    pub stamp: Option<String>,
    /// The rows.
    pub rows: Vec<TransferRow>,
}

/// One page, in a statement short enough to hold no snapshot open between pages.
pub async fn transfers_page(
    pool: &Pool,
    asked: &TransfersAsked,
) -> Result<TransfersPage, StoreError> {
    let rows = sqlx::query(concat!(
        "select a.as_of, s.stamp, t.block, t.log_index, t.batch_index, b.time, t.tx_hash, c.address,
            t.token_id, t.token_id_to, t.amount, t.from_addr, t.to_addr
        from chain.as_of(array[$1::int2], array[$3::int8]) a
        cross join (",
        stamp!("$2::int4[]"),
        r") s
        left join lateral (
            (select * from chain.transfers t
            where not $8 and t.chain = $1 and t.contract_id = ($2::int4[])[1]
                and (t.block, t.log_index, t.batch_index) > ($4, $5, $6) and t.block <= $3
            order by t.block, t.log_index, t.batch_index
            limit $7)
            union all
            (select * from chain.transfers t
            where $8 and t.chain = $1 and t.contract_id = any ($2)
                and (t.block, t.log_index, t.batch_index) > ($4, $5, $6) and t.block <= $3
            order by t.block, t.log_index, t.batch_index
            limit $7)
        ) t on true
        left join chain.contracts c on c.id = t.contract_id
        left join chain.blocks b on b.chain = t.chain and b.number = t.block
        order by t.block, t.log_index, t.batch_index",
    ))
    .bind(asked.shown.chain.0)
    .bind(&asked.contracts)
    .bind(asked.shown.block)
    .bind(asked.after.0)
    .bind(asked.after.1)
    .bind(asked.after.2)
    .bind(i64::from(asked.limit))
    .bind(asked.chain_wide)
    .fetch_all(pool)
    .await?;
    let first = rows.first().ok_or(StoreError::Corrupt { column: "as_of" })?;
    let Json(as_of): Json<Vec<Standing>> = first.try_get("as_of")?;
    let stamp = first.try_get("stamp")?;
    let present = first.try_get::<Option<i64>, _>("block")?.is_some();
    let told = rows.iter().filter(|_| present).map(TransferRow::from_row);
    Ok(TransfersPage {
        standing: as_of.into_iter().next().ok_or(StoreError::Corrupt { column: "as_of" })?,
        stamp,
        rows: told.collect::<Result<_, _>>()?,
    })
}
