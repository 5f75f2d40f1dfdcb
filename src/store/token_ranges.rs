//! `chain.token_ranges`: ERC-721 tokens that a range gave to one owner (ERC-2309) and that have not
//! moved on their own since, now and at the end of every block. Reading them is
//! [`super::range_versions`]' part.

use alloy::primitives::{Address, U256};
use sqlx::PgConnection;

use super::{StoreError, Uint256, height};
use crate::types::{ChainKey, ContractKey};

/// Tokens `first..=last` of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenSpan {
    /// The contract.
    pub contract: ContractKey,
    /// The first token.
    pub first: U256,
    /// The last token, inclusive.
    pub last: U256,
}

/// Tokens of one owner from a block on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnedRange {
    /// The tokens.
    pub span: TokenSpan,
    /// Who owns them.
    pub owner: Address,
    /// Block from which this row is valid: that of the transfer, or of the last loss of tokens.
    pub since: u64,
    /// Block of the transfer.
    pub acquired: u64,
    /// Log of the transfer in that block.
    pub acquired_log: u32,
    /// Whether its tokens are enumerated in lists.
    pub listed: bool,
}

/// A range that ended: valid at the end of blocks `since..until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastRange {
    /// What it was.
    pub range: OwnedRange,
    /// First block at whose end it no longer held.
    pub until: u64,
}

/// `until` of a range that is current.
const FOREVER: i64 = i64::MAX;

/// Spans as the columns of an `unnest`.
pub(super) fn spans(spans: &[TokenSpan]) -> (Vec<i32>, Vec<Uint256>, Vec<Uint256>) {
    (
        spans.iter().map(|span| span.contract.0).collect(),
        spans.iter().map(|span| Uint256(span.first)).collect(),
        spans.iter().map(|span| Uint256(span.last)).collect(),
    )
}

/// Closes current ranges.
pub async fn close(
    connection: &mut PgConnection,
    chain: ChainKey,
    ended: &[PastRange],
) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query(
        r"
        update chain.token_ranges r set until = ended.until
        from unnest($2::int4[], $3::numeric[], $4::int8[], $5::int8[])
            as ended (contract_id, first, since, until)
        where r.chain = $1 and r.contract_id = ended.contract_id and r.first = ended.first
            and r.since = ended.since
        ",
    )
    .bind(chain.0)
    .bind(ended.iter().map(|ended| ended.range.span.contract.0).collect::<Vec<_>>())
    .bind(ended.iter().map(|ended| Uint256(ended.range.span.first)).collect::<Vec<_>>())
    .bind(ended.iter().map(|ended| height(ended.range.since)).collect::<Vec<_>>())
    .bind(ended.iter().map(|ended| height(ended.until)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds ranges, current and closed ones.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    begun: &[OwnedRange],
    past: &[PastRange],
) -> Result<(), StoreError> {
    let all = begun.iter().map(|range| (range, FOREVER));
    let all = all.chain(past.iter().map(|past| (&past.range, height(past.until))));
    let (ranges, untils): (Vec<&OwnedRange>, Vec<i64>) = all.unzip();
    if ranges.is_empty() {
        return Ok(());
    }
    let (contracts, firsts, lasts) =
        spans(&ranges.iter().map(|range| range.span).collect::<Vec<_>>());
    sqlx::query(
        r"
        insert into chain.token_ranges
            (chain, contract_id, first, last, owner, since, acquired, acquired_log, listed, until)
        select $1, * from unnest($2::int4[], $3::numeric[], $4::numeric[], $5::bytea[], $6::int8[],
            $7::int8[], $8::int4[], $9::bool[], $10::int8[])
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(firsts)
    .bind(lasts)
    .bind(ranges.iter().map(|range| range.owner.into_array()).collect::<Vec<_>>())
    .bind(ranges.iter().map(|range| height(range.since)).collect::<Vec<_>>())
    .bind(ranges.iter().map(|range| height(range.acquired)).collect::<Vec<_>>())
    .bind(ranges.iter().map(|range| range.acquired_log.cast_signed()).collect::<Vec<_>>())
    .bind(ranges.iter().map(|range| range.listed).collect::<Vec<_>>())
    .bind(untils)
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts the ranges of these contracts back to what they were at the end of block `to`.
pub async fn restore(
    connection: &mut PgConnection,
    chain: ChainKey,
    contracts: &[ContractKey],
    to: u64,
) -> Result<(), StoreError> {
    if contracts.is_empty() {
        return Ok(());
    }
    for statement in [
        "delete from chain.token_ranges where chain = $1 and contract_id = any ($2) and since > $3",
        "update chain.token_ranges set until = 9223372036854775807 where chain = $1
            and contract_id = any ($2) and until > $3 and until < 9223372036854775807",
    ] {
        sqlx::query(statement)
            .bind(chain.0)
            .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
            .bind(height(to))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
