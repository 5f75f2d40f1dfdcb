//! The holdings of a contract with nothing beside them, for exports of any length.

use sqlx::FromRow;

use super::Read;
use super::contract_tokens::HoldingsAsked;
use crate::store::{Pool, StoreError, Uint256};

/// A line of a snapshot.
#[derive(Clone, Debug, FromRow)]
pub struct SnapshotRow {
    /// The token.
    pub token_id: Uint256,
    /// Who holds it.
    pub owner: [u8; 20],
    /// Units held; `None` means one.
    pub balance: Option<Uint256>,
}

/// One page by token and owner, short enough to hold no snapshot open between pages.
pub async fn snapshot(pool: &Pool, asked: &HoldingsAsked) -> Result<Read<SnapshotRow>, StoreError> {
    let (token_id, owner, last) = asked.bounds();
    let rows = sqlx::query(
        r"select a.as_of, h.token_id is not null as present, h.token_id, h.owner, h.balance
        from chain.as_of(array[$1::int2], array[$3::int8]) a
        left join lateral (
            select * from (
                select token_id, owner, balance from chain.holdings
                where chain = $1 and contract_id = $2 and since <= $3
                union all
                select token_id, owner, balance from chain.holdings_past
                where $3 < 9223372036854775807 and chain = $1 and contract_id = $2
                    and since <= $3 and until > $3
            ) v
            where (v.token_id, v.owner) > ($4, $5) and v.token_id <= $6
            order by v.token_id, v.owner
            limit $7
        ) h on true
        order by h.token_id, h.owner",
    )
    .bind(asked.chain.0)
    .bind(asked.contract.0)
    .bind(asked.at)
    .bind(token_id)
    .bind(owner)
    .bind(last)
    .bind(asked.limit)
    .fetch_all(pool)
    .await?;
    Read::take(rows)
}
