//! The holdings of a contract with nothing beside them, for exports of any length.

use sqlx::FromRow;

use super::Read;
use super::contract_tokens::{HoldingsAsked, bound};
use super::page_sql::{asked, holdings, irregular, tokens_of_ranges};
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
    let rows = sqlx::query(concat!(
        r"select a.as_of, c.contract, i.incomplete, h.token_id is not null as present, h.token_id,
            h.owner, h.balance",
        asked!(),
        "cross join lateral (",
        irregular!(),
        r") i
        left join lateral (
            select q.* from ((",
        holdings!(),
        r")
            union all (",
        tokens_of_ranges!(),
        r")
            order by token_id, owner
            limit $9) q
            where o.open
        ) h on true
        order by h.token_id, h.owner",
    ));
    Read::take(bound(rows, asked).fetch_all(pool).await?)
}
