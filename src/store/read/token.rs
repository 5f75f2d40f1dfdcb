//! One token: who holds it, and the first and last thing that happened to it.

use alloy::primitives::U256;
use sqlx::FromRow;
use time::OffsetDateTime;

use super::Read;
use super::at::At;
use super::page_sql::asked;
use crate::store::{Pool, StoreError, Uint256, Units};
use crate::types::{ChainKey, ContractKey};

/// A token that was seen.
#[derive(Clone, Debug, FromRow)]
pub struct TokenRow {
    /// Who holds it; `None` where nobody does. One of the holders of an ERC-1155 token.
    pub owner: Option<[u8; 20]>,
    /// Units that are held.
    pub supply: Units,
    /// Block of its first transfer.
    pub first_block: i64,
    /// Time of that block, once known.
    pub first_at: Option<OffsetDateTime>,
    /// Transaction of its first transfer.
    pub first_tx: [u8; 32],
    /// Who gave it first: zero where that was a mint.
    pub first_from: [u8; 20],
    /// Block of its last transfer.
    pub last_block: i64,
    /// Time of that block, once known.
    pub last_at: Option<OffsetDateTime>,
    /// Transaction of its last transfer.
    pub last_tx: [u8; 32],
}

/// `$1` chain, `$2` contract, `$3` to `$5` the block (see [`super::page_sql`]), `$6` token.
const ONE: &str = concat!(
    r"
select a.as_of, c.contract, f.block is not null as present,
    h.owner, coalesce(h.supply, 0) as supply,
    f.block as first_block, fb.time as first_at, f.tx_hash as first_tx, f.from_addr as first_from,
    l.block as last_block, lb.time as last_at, l.tx_hash as last_tx
",
    asked!(),
    r"
left join lateral (
    (select block, log_index, batch_index, tx_hash, from_addr from chain.transfers
    where o.open and chain = $1 and contract_id = $2 and token_id = $6 and token_id_to is null
        and block <= k.at
    order by block, log_index, batch_index
    limit 1)
    union all
    (select block, log_index, batch_index, tx_hash, from_addr from chain.transfers
    where o.open and (select has_ranges from chain.contracts where id = $2)
        and chain = $1 and contract_id = $2 and token_id_to is not null
        and token_id <= $6 and token_id_to >= $6 and block <= k.at
    order by block, log_index, batch_index
    limit 1)
    order by block, log_index, batch_index
    limit 1
) f on true
left join lateral (
    (select block, log_index, batch_index, tx_hash from chain.transfers
    where o.open and chain = $1 and contract_id = $2 and token_id = $6 and token_id_to is null
        and block <= k.at
    order by block desc, log_index desc, batch_index desc
    limit 1)
    union all
    (select block, log_index, batch_index, tx_hash from chain.transfers
    where o.open and (select has_ranges from chain.contracts where id = $2)
        and chain = $1 and contract_id = $2 and token_id_to is not null
        and token_id <= $6 and token_id_to >= $6 and block <= k.at
    order by block desc, log_index desc, batch_index desc
    limit 1)
    order by block desc, log_index desc, batch_index desc
    limit 1
) l on true
left join lateral (
    select (array_agg(v.owner) filter (where v.balance is null))[1] as owner, sum(coalesce(v.balance, 1)) as supply
    from (
        select owner, balance from chain.holdings
        where chain = $1 and contract_id = $2 and token_id = $6 and since <= k.at
            and (balance is null or balance > 0)
        union all
        select owner, balance from chain.holdings_past
        where k.at < 9223372036854775807 and chain = $1 and contract_id = $2 and token_id = $6
            and since <= k.at and until > k.at and (balance is null or balance > 0)
        union all
        select r.owner, null from (
            (select owner, last from chain.token_ranges
            where (select has_ranges from chain.contracts where id = $2)
                and until = 9223372036854775807 and chain = $1 and contract_id = $2
                and first <= $6 and since <= k.at
            order by first desc
            limit 1)
            union all
            (select owner, last from chain.token_ranges
            where (select has_ranges from chain.contracts where id = $2)
                and k.at < 9223372036854775807 and until < 9223372036854775807
                and chain = $1 and contract_id = $2
                and first <= $6 and since <= k.at and until > k.at
            order by first desc
            limit 1)
        ) r
        where r.last >= $6
    ) v
) h on true
left join chain.blocks fb on fb.chain = $1 and fb.number = f.block
left join chain.blocks lb on lb.chain = $1 and lb.number = l.block"
);

/// The token at the end of block `at`, or now; no row where it has never been seen by then. Ranges
/// (ERC-2309) that cover it count as its own, where the contract has any.
pub async fn token(
    pool: &Pool,
    (chain, contract): (ChainKey, ContractKey),
    token_id: U256,
    at: At,
) -> Result<Read<TokenRow>, StoreError> {
    let rows = sqlx::query(ONE)
        .bind(chain.0)
        .bind(contract.0)
        .bind(at.word())
        .bind(at.block())
        .bind(at.time())
        .bind(Uint256(token_id))
        .fetch_all(pool)
        .await?;
    Read::take(rows)
}
