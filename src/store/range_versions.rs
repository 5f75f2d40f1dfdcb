//! Versions of ranges of tokens: those that are current, and those that a block took part in.

use alloy::primitives::Address;
use sqlx::PgConnection;

use super::token_ranges::{OwnedRange, TokenSpan, spans};
use super::{StoreError, Uint256, height, number};
use crate::types::{ChainKey, ContractKey};

#[derive(sqlx::FromRow)]
struct Row {
    contract_id: i32,
    first: Uint256,
    last: Uint256,
    owner: [u8; 20],
    since: i64,
    acquired: i64,
    acquired_log: i32,
    listed: bool,
}

impl From<Row> for OwnedRange {
    fn from(row: Row) -> Self {
        let contract = ContractKey(row.contract_id);
        Self {
            span: TokenSpan { contract, first: row.first.0, last: row.last.0 },
            owner: Address::from(row.owner),
            since: number(row.since),
            acquired: number(row.acquired),
            acquired_log: row.acquired_log.cast_unsigned(),
            listed: row.listed,
        }
    }
}

/// Current ranges that overlap any of `asked`, each once.
pub async fn overlapping(
    connection: &mut PgConnection,
    chain: ChainKey,
    asked: &[TokenSpan],
) -> Result<Vec<OwnedRange>, StoreError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let (contracts, firsts, lasts) = spans(asked);
    // Current ranges of a contract do not overlap: of those that begin before the span, only the
    // last can reach into it.
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select distinct r.contract_id, r.first, r.last, r.owner, r.since, r.acquired,
            r.acquired_log, r.listed
        from unnest($2::int4[], $3::numeric[], $4::numeric[]) as asked (contract_id, first, last)
        cross join lateral (
            (select * from chain.token_ranges r
            where r.chain = $1 and r.contract_id = asked.contract_id and r.first <= asked.first
                and r.until = 9223372036854775807
            order by r.first desc
            limit 1)
            union all
            (select * from chain.token_ranges r
            where r.chain = $1 and r.contract_id = asked.contract_id and r.first > asked.first
                and r.first <= asked.last and r.until = 9223372036854775807
            offset 0)
        ) r
        where r.last >= asked.first
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(firsts)
    .bind(lasts)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(OwnedRange::from).collect())
}

/// How many holdings and ranges, each by itself, lie in `asked`; counts no further than `most` of
/// either.
pub async fn covered(
    connection: &mut PgConnection,
    chain: ChainKey,
    asked: &[TokenSpan],
    most: i64,
) -> Result<i64, StoreError> {
    if asked.is_empty() {
        return Ok(0);
    }
    let (contracts, firsts, lasts) = spans(asked);
    let count = sqlx::query_scalar(
        r"
        with asked as (
            select * from unnest($2::int4[], $3::numeric[], $4::numeric[])
                as t (contract_id, first, last)
        )
        select (select count(*) from (
            select from asked cross join lateral (
                select from chain.holdings h where h.chain = $1
                    and h.contract_id = asked.contract_id
                    and h.token_id between asked.first and asked.last
                offset 0
            ) h limit $5
        ) held) + (select count(*) from (
            select from asked cross join lateral (
                select from chain.token_ranges r where r.chain = $1
                    and r.contract_id = asked.contract_id and r.until = 9223372036854775807
                    and r.first between asked.first and asked.last
                offset 0
            ) r limit $5
        ) ranges)
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(firsts)
    .bind(lasts)
    .bind(most)
    .fetch_one(connection)
    .await?;
    Ok(count)
}

/// What [`super::token_ranges::restore`] to the end of block `to` will do: the current ranges that go, and the closed
/// ones that are current again.
pub async fn later(
    connection: &mut PgConnection,
    chain: ChainKey,
    contracts: &[ContractKey],
    to: u64,
) -> Result<(Vec<OwnedRange>, Vec<OwnedRange>), StoreError> {
    if contracts.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select contract_id, first, last, owner, since, acquired, acquired_log, listed
        from chain.token_ranges
        where chain = $1 and contract_id = any ($2) and since > $3
            and until = 9223372036854775807
        union all
        select contract_id, first, last, owner, since, acquired, acquired_log, listed
        from chain.token_ranges
        where chain = $1 and contract_id = any ($2) and since <= $3 and until > $3
            and until < 9223372036854775807
        ",
    )
    .bind(chain.0)
    .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(height(to))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(OwnedRange::from).partition(|range: &OwnedRange| range.since > to))
}
