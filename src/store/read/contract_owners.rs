//! The owners of a contract with what each holds, now or at the end of a block.

use sqlx::FromRow;

use super::Read;
use crate::store::{Pool, StoreError, Uint256};
use crate::types::{ChainKey, ContractKey};

/// An owner.
#[derive(Clone, Debug, FromRow)]
pub struct OwnerRow {
    /// Who.
    pub owner: [u8; 20],
    /// Units held, of all tokens.
    pub balance: Uint256,
    /// Different tokens held.
    pub tokens: i64,
}

/// By address, those above `after`. Adds up the contract's holdings on each page: there is no
/// total per owner in the tables.
pub async fn contract_owners(
    pool: &Pool,
    (chain, contract): (ChainKey, ContractKey),
    at: i64,
    after: &[u8],
    limit: i64,
) -> Result<Read<OwnerRow>, StoreError> {
    let rows = sqlx::query(
        r"select a.as_of, h.owner is not null as present, h.owner, h.balance, h.tokens
        from chain.as_of(array[$1::int2], array[$3::int8]) a
        left join lateral (
            select v.owner, sum(coalesce(v.balance, 1)) as balance, count(*) as tokens
            from (
                select owner, balance from chain.holdings
                where chain = $1 and contract_id = $2 and since <= $3 and owner > $4
                union all
                select owner, balance from chain.holdings_past
                where $3 < 9223372036854775807 and chain = $1 and contract_id = $2
                    and since <= $3 and until > $3 and owner > $4
            ) v
            group by v.owner
            order by v.owner
            limit $5
        ) h on true
        order by h.owner",
    )
    .bind(chain.0)
    .bind(contract.0)
    .bind(at)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Read::take(rows)
}
