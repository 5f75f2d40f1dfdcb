//! Many tokens of any contracts at once, each as [`super::token`] tells one.

use alloy::primitives::U256;
use sqlx::types::Json;
use sqlx::{FromRow, Row};

use super::Read;
use super::at::At;
use super::token::TokenRow;
use crate::store::contract_row::ContractRow;
use crate::store::{Pool, StoreError, Uint256};
use crate::types::ContractKey;

/// A token that was seen, by its place in the question.
#[derive(Clone, Debug, FromRow)]
pub struct TokenOf {
    /// Place in the question, from 1 on.
    pub place: i32,
    /// What is known of it.
    #[sqlx(flatten)]
    pub token: TokenRow,
}

/// What is asked of tokens.
#[derive(Clone, Debug)]
pub struct TokensAsked<'a> {
    /// The chains of the tokens, and those whose standing is told beside.
    pub chains: &'a [i16],
    /// The block of each chain whose end is asked for.
    pub at: At,
    /// Place, from 1 on, contract and token.
    pub tokens: &'a [(i32, ContractKey, U256)],
}

/// `$1` chains, `$2` to `$4` the block of each, `$5` to `$7` places, contracts and tokens. The first row
/// is of no token: chains and contracts are told in it alone. `k.open` says whether the ownership
/// of the contract is known: where it is not, no row is looked for.
const MANY: &str = r"
with moments as materialized (
    select n.chain, chain.moment(n.chain, $2::text, $3::int8, $4::timestamptz) as at
    from unnest($1::int2[]) as n (chain)
), asked as materialized (
    select 0 as place, null::int2 as chain, null::int8 as at, null::int4 as contract_id,
        null::numeric as token_id, false as open, false as has_ranges
    union all
    select n.place, c.chain, m.at, c.id, n.token_id,
        c.state = 'ready' or (c.state = 'stopped' and c.folded_to is not null), c.has_ranges
    from unnest($5::int4[], $6::int4[], $7::numeric[]) as n (place, contract_id, token_id)
    join chain.contracts c on c.id = n.contract_id
    join moments m on m.chain = c.chain
)
select case when k.place = 0 then (
        select a.as_of
        from chain.as_of($1, array(select at from moments order by array_position($1, chain))) a) end as as_of,
    case when k.place = 0 then (
        select coalesce(json_agg(c.contract), '[]')
        from (select distinct contract_id from asked) d
        cross join lateral chain.contract(d.contract_id) c
        where d.contract_id is not null) end as contracts,
    f.block is not null as present, k.place, h.owner, coalesce(h.supply, 0) as supply,
    f.block as first_block, fb.time as first_at, f.tx_hash as first_tx, f.from_addr as first_from,
    l.block as last_block, lb.time as last_at, l.tx_hash as last_tx
from asked k
left join lateral (
    (select block, log_index, batch_index, tx_hash, from_addr from chain.transfers
    where k.open and chain = k.chain and contract_id = k.contract_id and token_id = k.token_id
        and token_id_to is null and block <= k.at
    order by block, log_index, batch_index
    limit 1)
    union all
    (select block, log_index, batch_index, tx_hash, from_addr from chain.transfers
    where k.open and k.has_ranges and chain = k.chain and contract_id = k.contract_id
        and token_id_to is not null and token_id <= k.token_id and token_id_to >= k.token_id
        and block <= k.at
    order by block, log_index, batch_index
    limit 1)
    order by block, log_index, batch_index
    limit 1
) f on true
left join lateral (
    (select block, log_index, batch_index, tx_hash from chain.transfers
    where k.open and chain = k.chain and contract_id = k.contract_id and token_id = k.token_id
        and token_id_to is null and block <= k.at
    order by block desc, log_index desc, batch_index desc
    limit 1)
    union all
    (select block, log_index, batch_index, tx_hash from chain.transfers
    where k.open and k.has_ranges and chain = k.chain and contract_id = k.contract_id
        and token_id_to is not null and token_id <= k.token_id and token_id_to >= k.token_id
        and block <= k.at
    order by block desc, log_index desc, batch_index desc
    limit 1)
    order by block desc, log_index desc, batch_index desc
    limit 1
) l on true
left join lateral (
    select (array_agg(v.owner) filter (where v.balance is null))[1] as owner,
        sum(coalesce(v.balance, 1)) as supply
    from (
        select owner, balance from chain.holdings
        where k.open and chain = k.chain and contract_id = k.contract_id and token_id = k.token_id
            and since <= k.at and (balance is null or balance > 0)
        union all
        select owner, balance from chain.holdings_past
        where k.open and k.at < 9223372036854775807 and chain = k.chain
            and contract_id = k.contract_id and token_id = k.token_id
            and since <= k.at and until > k.at and (balance is null or balance > 0)
        union all
        select r.owner, null from (
            (select owner, last from chain.token_ranges
            where k.open and k.has_ranges and until = 9223372036854775807 and chain = k.chain
                and contract_id = k.contract_id and first <= k.token_id and since <= k.at
            order by first desc
            limit 1)
            union all
            (select owner, last from chain.token_ranges
            where k.open and k.has_ranges and k.at < 9223372036854775807
                and until < 9223372036854775807 and chain = k.chain
                and contract_id = k.contract_id and first <= k.token_id
                and since <= k.at and until > k.at
            order by first desc
            limit 1)
        ) r
        where r.last >= k.token_id
    ) v
) h on true
left join lateral (
    select time from chain.blocks where chain = k.chain and number = f.block limit 1
) fb on true
left join lateral (
    select time from chain.blocks where chain = k.chain and number = l.block limit 1
) lb on true
order by k.place";

/// The tokens at the end of a block of each chain, or now, those that have been seen by then; and
/// every contract that was asked for, by what has become of it.
pub async fn tokens(
    pool: &Pool,
    asked: &TokensAsked<'_>,
) -> Result<(Read<TokenOf>, Vec<ContractRow>), StoreError> {
    let places: Vec<i32> = asked.tokens.iter().map(|(place, ..)| *place).collect();
    let contracts: Vec<i32> = asked.tokens.iter().map(|(_, contract, _)| contract.0).collect();
    let tokens: Vec<Uint256> = asked.tokens.iter().map(|(.., token)| Uint256(*token)).collect();
    let rows = sqlx::query(MANY)
        .bind(asked.chains)
        .bind(asked.at.word())
        .bind(asked.at.block())
        .bind(asked.at.time())
        .bind(places)
        .bind(contracts)
        .bind(tokens)
        .fetch_all(pool)
        .await?;
    let first = rows.first().ok_or(StoreError::Corrupt { column: "contracts" })?;
    let Json(contracts) = first.try_get("contracts")?;
    Ok((Read::take(rows)?, contracts))
}
