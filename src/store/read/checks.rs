//! Whether wallets hold tokens, or anything of contracts, each at a block of its own.

use alloy::primitives::{Address, U256};
use sqlx::types::Json;
use sqlx::{FromRow, Row};

use super::Read;
use super::at::At;
use crate::store::contract_row::ContractRow;
use crate::store::{Pool, StoreError, Uint256, Units};
use crate::types::ContractKey;

/// What a wallet held at a block.
#[derive(Clone, Debug, FromRow)]
pub struct CheckRow {
    /// Place in the question, from 1 on.
    pub place: i32,
    /// The block that was found; the largest number for the present, `None` where there is none.
    pub at: Option<i64>,
    /// Stored hash of that block, 0x-hex.
    pub at_hash: Option<String>,
    /// Units held, zero or more; of no meaning where the ownership of the contract is not known.
    pub balance: Units,
}

/// What is asked of a wallet.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Place in the question, from 1 on.
    pub place: i32,
    /// The contract.
    pub contract: ContractKey,
    /// The wallet.
    pub owner: Address,
    /// The token; `None`: all of the contract's together.
    pub token_id: Option<U256>,
    /// The block whose end is asked for.
    pub at: At,
}

/// `$1` chains whose standing is told, `$2` to `$5` places, contracts, owners and tokens, `$6` to `$8`
/// the blocks. The first row is of no check: chains and contracts are told in it alone. `k.open`
/// says whether the ownership of the contract is known: where it is not, no row is looked for.
/// Of all tokens, an owner's rows are looked for by bounds of (owner, contract): only the index that
/// begins with them can be taken.
const CHECKS: &str = r"
with asked as materialized (
    select 0 as place, null::int2 as chain, null::int8 as at, null::int4 as contract_id,
        null::bytea as owner, null::numeric as token_id, false as open, false as has_ranges
    union all
    select n.place, c.chain, chain.moment(c.chain, n.mode, n.block, n.until), c.id, n.owner, n.token_id,
        c.state = 'ready' or (c.state = 'stopped' and c.folded_to is not null), c.has_ranges
    from unnest($2::int4[], $3::int4[], $4::bytea[], $5::numeric[], $6::text[], $7::int8[], $8::timestamptz[])
        as n (place, contract_id, owner, token_id, mode, block, until)
    join chain.contracts c on c.id = n.contract_id
)
select case when k.place = 0 then (
        select a.as_of from chain.as_of($1::int2[], array_fill(9223372036854775807, array[cardinality($1::int2[])])) a) end as as_of,
    case when k.place = 0 then (
        select coalesce(json_agg(c.contract), '[]')
        from (select distinct contract_id from asked) d
        cross join lateral chain.contract(d.contract_id) c
        where d.contract_id is not null) end as contracts,
    k.place > 0 as present, k.place, k.at, b.at_hash, coalesce(h.balance, 0) as balance
from asked k
left join lateral (
    select '0x' || encode(hash, 'hex') as at_hash from chain.blocks
    where chain = k.chain and number = k.at
    limit 1
) b on true
left join lateral (
    select sum(v.units) as balance
    from (
        select coalesce(balance, 1) as units from chain.holdings
        where k.open and k.token_id is not null and chain = k.chain and contract_id = k.contract_id
            and token_id = k.token_id and owner = k.owner and since <= k.at
        union all
        select coalesce(balance, 1) from chain.holdings_past
        where k.open and k.token_id is not null and k.at < 9223372036854775807 and chain = k.chain
            and contract_id = k.contract_id and token_id = k.token_id and owner = k.owner
            and since <= k.at and until > k.at
        union all
        select 1 from (
            (select owner, last from chain.token_ranges
            where k.open and k.token_id is not null and k.has_ranges
                and until = 9223372036854775807 and chain = k.chain
                and contract_id = k.contract_id and first <= k.token_id and since <= k.at
            order by first desc
            limit 1)
            union all
            (select owner, last from chain.token_ranges
            where k.open and k.token_id is not null and k.has_ranges
                and k.at < 9223372036854775807 and until < 9223372036854775807
                and chain = k.chain and contract_id = k.contract_id and first <= k.token_id
                and since <= k.at and until > k.at
            order by first desc
            limit 1)
        ) r
        where r.last >= k.token_id and r.owner = k.owner
        union all
        select coalesce(balance, 1) from chain.holdings
        where k.open and k.token_id is null and chain = k.chain
            and (owner, contract_id) >= (k.owner, k.contract_id)
            and (owner, contract_id) <= (k.owner, k.contract_id) and since <= k.at
        union all
        select coalesce(balance, 1) from chain.holdings_past
        where k.open and k.token_id is null and k.at < 9223372036854775807 and chain = k.chain
            and (owner, contract_id) >= (k.owner, k.contract_id)
            and (owner, contract_id) <= (k.owner, k.contract_id)
            and since <= k.at and until > k.at
        union all
        select last - first + 1 from chain.token_ranges
        where k.open and k.token_id is null and k.has_ranges and until = 9223372036854775807
            and chain = k.chain and owner = k.owner and contract_id = k.contract_id
            and since <= k.at
        union all
        select last - first + 1 from chain.token_ranges
        where k.open and k.token_id is null and k.has_ranges and k.at < 9223372036854775807
            and until < 9223372036854775807 and chain = k.chain and owner = k.owner
            and contract_id = k.contract_id and since <= k.at and until > k.at
    ) v
    where v.units > 0
) h on true
order by k.place";

/// What each wallet held. Ranges count with all their tokens, those that are too long to be listed
/// too. Every contract that was asked for is told beside, by what has become of it.
pub async fn checks(
    pool: &Pool,
    chains: &[i16],
    asked: &[Check],
) -> Result<(Read<CheckRow>, Vec<ContractRow>), StoreError> {
    let owners: Vec<&[u8]> = asked.iter().map(|check| check.owner.as_slice()).collect();
    let rows = sqlx::query(CHECKS)
        .bind(chains)
        .bind(asked.iter().map(|check| check.place).collect::<Vec<_>>())
        .bind(asked.iter().map(|check| check.contract.0).collect::<Vec<_>>())
        .bind(owners)
        .bind(asked.iter().map(|check| check.token_id.map(Uint256)).collect::<Vec<_>>())
        .bind(asked.iter().map(|check| check.at.word()).collect::<Vec<_>>())
        .bind(asked.iter().map(|check| check.at.block()).collect::<Vec<_>>())
        .bind(asked.iter().map(|check| check.at.time()).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    let first = rows.first().ok_or(StoreError::Corrupt { column: "contracts" })?;
    let Json(contracts) = first.try_get("contracts")?;
    Ok((Read::take(rows)?, contracts))
}
