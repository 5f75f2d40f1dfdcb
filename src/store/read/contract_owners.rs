//! The owners of a contract with what each holds, now or at the end of a block.

use sqlx::FromRow;

use super::Read;
use super::at::At;
use super::page_sql::{asked, irregular};
use crate::store::{Pool, StoreError, Units};
use crate::types::{ChainKey, ContractKey};

/// An owner.
#[derive(Clone, Debug, FromRow)]
pub struct OwnerRow {
    /// Who.
    pub owner: [u8; 20],
    /// Units held, of all tokens.
    pub balance: Units,
    /// Different tokens held.
    pub tokens: i64,
}

/// By address, those above `after`, by what they hold more than nothing of. Adds up the contract's
/// holdings and ranges on each page: there is no total per owner in the tables. Named incomplete
/// where ranges are left out.
pub async fn contract_owners(
    pool: &Pool,
    (chain, contract): (ChainKey, ContractKey),
    at: At,
    after: &[u8],
    limit: i64,
) -> Result<Read<OwnerRow>, StoreError> {
    let rows = sqlx::query(concat!(
        r"select a.as_of, c.contract, i.incomplete, h.owner is not null as present, h.owner, h.balance,
            h.tokens",
        asked!(),
        "cross join lateral (",
        irregular!(),
        r") i
        left join lateral (
            select u.owner, sum(u.balance) as balance,
                least(sum(u.tokens), 9223372036854775807)::int8 as tokens
            from (
                (select v.owner, sum(coalesce(v.balance, 1)) as balance, count(*) as tokens
                from (
                    select owner, balance from chain.holdings
                    where chain = $1 and contract_id = $2 and since <= k.at and owner > $6
                        and (balance is null or balance > 0)
                    union all
                    select owner, balance from chain.holdings_past
                    where k.at < 9223372036854775807 and chain = $1 and contract_id = $2
                        and since <= k.at and until > k.at and owner > $6
                        and (balance is null or balance > 0)
                ) v
                group by v.owner
                order by v.owner
                limit $7)
                union all
                (select v.owner, sum(v.length), sum(v.length)
                from (
                    select owner, last - first + 1 as length from chain.token_ranges
                    where until = 9223372036854775807 and chain = $1 and contract_id = $2
                        and since <= k.at and owner > $6 and listed
                    union all
                    select owner, last - first + 1 from chain.token_ranges
                    where k.at < 9223372036854775807 and until < 9223372036854775807
                        and chain = $1 and contract_id = $2
                        and since <= k.at and until > k.at and owner > $6 and listed
                ) v
                where (select has_ranges from chain.contracts where id = $2)
                group by v.owner
                order by v.owner
                limit $7)
            ) u
            where o.open
            group by u.owner
            order by u.owner
            limit $7
        ) h on true
        order by h.owner",
    ))
    .bind(chain.0)
    .bind(contract.0)
    .bind(at.word())
    .bind(at.block())
    .bind(at.time())
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Read::take(rows)
}
