//! The holdings of a contract with nothing beside them, for exports of any length.

use sqlx::FromRow;

use super::Read;
use super::contract_tokens::HoldingsAsked;
use super::page_sql::{holdings, irregular, tokens_of_ranges};
use crate::store::{Pool, StoreError, Uint256, Units};

/// A line of a snapshot.
#[derive(Clone, Debug, FromRow)]
pub struct SnapshotRow {
    /// The token.
    pub token_id: Uint256,
    /// Who holds it.
    pub owner: [u8; 20],
    /// Units held, more than none; `None` means one.
    pub balance: Option<Units>,
}

/// One page by token and owner, short enough to hold no snapshot open between pages; named
/// incomplete where ranges are left out.
pub async fn snapshot(pool: &Pool, asked: &HoldingsAsked) -> Result<Read<SnapshotRow>, StoreError> {
    let (token_id, owner, last) = asked.bounds();
    let rows = sqlx::query(concat!(
        r"select a.as_of, i.incomplete, h.token_id is not null as present, h.token_id, h.owner,
            h.balance
        from chain.as_of(array[$1::int2], array[$3::int8]) a
        cross join (",
        irregular!(),
        r") i
        left join lateral (
            (",
        holdings!(),
        r")
            union all (",
        tokens_of_ranges!(),
        r")
            order by token_id, owner
            limit $7
        ) h on true
        order by h.token_id, h.owner",
    ))
    .bind(asked.chain.0)
    .bind(asked.contract.0)
    .bind(asked.at)
    .bind(token_id)
    .bind(owner)
    .bind(last)
    .bind(asked.limit)
    .bind(asked.token_id.is_some())
    .fetch_all(pool)
    .await?;
    Read::take_incomplete(rows)
}
