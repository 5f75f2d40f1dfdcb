//! Building a contract's ownership from its stored transfers, by set and in parts.

use alloy::primitives::U256;
use sqlx::PgConnection;

use super::{StoreError, Uint256, height};
use crate::types::{ChainKey, ContractKey, Standard};

/// Removes at most `most` rows of each kind of what was ever built of a contract's ownership; whether
/// there were any.
pub async fn clear(
    connection: &mut PgConnection,
    (chain, contract): (ChainKey, ContractKey),
    most: i64,
) -> Result<bool, StoreError> {
    let mut removed = 0;
    // A contract's rows lie in the partition of its chain, where `ctid` names each.
    for statement in [
        r"delete from chain.holdings where chain = $1 and ctid = any (array(
            select ctid from chain.holdings where chain = $1 and contract_id = $2 limit $3))",
        r"delete from chain.holdings_past where chain = $1 and ctid = any (array(
            select ctid from chain.holdings_past where chain = $1 and contract_id = $2 limit $3))",
        r"delete from chain.token_ranges where chain = $1 and ctid = any (array(
            select ctid from chain.token_ranges where chain = $1 and contract_id = $2 limit $3))",
        r"delete from chain.irregularities where chain = $1 and ctid = any (array(
            select ctid from chain.irregularities where chain = $1 and contract_id = $2 limit $3))",
    ] {
        let done = sqlx::query(statement).bind(chain.0).bind(contract.0).bind(most);
        removed += done.execute(&mut *connection).await?.rows_affected();
    }
    Ok(removed > 0)
}

/// A part of a contract's transfers: tokens above `after`, up to `last`, in blocks up to `to_block`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The token before the first; `None` from the first on.
    pub after: Option<U256>,
    /// The last token.
    pub last: U256,
    /// The last block.
    pub to_block: u64,
}

/// The last token of the part after the token `after` that has about `most` transfers; the largest
/// number there is where no more follow.
pub async fn bound(
    connection: &mut PgConnection,
    (chain, contract): (ChainKey, ContractKey),
    after: Option<U256>,
    most: i64,
) -> Result<U256, StoreError> {
    let token: Option<Uint256> = sqlx::query_scalar(
        r"
        select token_id from chain.transfers
        where chain = $1 and contract_id = $2 and token_id > coalesce($3, -1)
        order by token_id, block, log_index, batch_index offset $4 limit 1
        ",
    )
    .bind(chain.0)
    .bind(contract.0)
    .bind(after.map(Uint256))
    .bind(most)
    .fetch_optional(connection)
    .await?;
    Ok(token.map_or(U256::MAX, |token| token.0))
}

/// Builds the ownership of a part of a contract without ranges from its transfers, into cleared
/// tables: one version for each block at whose end a token's owner (ERC-721) or a holder's balance
/// (ERC-1155) is another than before, so that hops inside a block vanish.
///
/// The transfers must not change meanwhile: the past is whole and `to_block` final.
pub async fn build(
    connection: &mut PgConnection,
    (chain, contract): (ChainKey, ContractKey),
    standard: Standard,
    part: Part,
) -> Result<(), StoreError> {
    sqlx::query(match standard {
        Standard::Erc721 => OF_TOKENS,
        Standard::Erc1155 => OF_BALANCES,
    })
    .bind(chain.0)
    .bind(contract.0)
    .bind(height(part.to_block))
    .bind(part.after.map(Uint256))
    .bind(Uint256(part.last))
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a contract without ranges once all of its parts are built.
pub async fn count(
    connection: &mut PgConnection,
    (chain, contract): (ChainKey, ContractKey),
    to_block: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.contracts set
            (supply, holders) = (
                select count(distinct token_id), count(distinct owner) from chain.holdings
                where chain = $1 and contract_id = $2 and (balance is null or balance > 0)),
            transfers = (
                select count(*) from chain.transfers
                where chain = $1 and contract_id = $2 and block <= $3),
            irregular = 0
        where id = $2
        ",
    )
    .bind(chain.0)
    .bind(contract.0)
    .bind(height(to_block))
    .execute(connection)
    .await?;
    Ok(())
}

/// Says that the ownership of a contract is whole up to a block.
pub async fn finish(
    connection: &mut PgConnection,
    contract: ContractKey,
    folded_to: u64,
) -> Result<(), StoreError> {
    sqlx::query("update chain.contracts set state = 'ready', folded_to = $2 where id = $1")
        .bind(contract.0)
        .bind(height(folded_to))
        .execute(connection)
        .await?;
    Ok(())
}

const OF_TOKENS: &str = r"
with ends as (
    select distinct on (token_id, block) token_id, block, log_index, to_addr
    from chain.transfers
    where chain = $1 and contract_id = $2 and block <= $3
        and token_id > coalesce($4, -1) and token_id <= $5
    order by token_id, block, log_index desc, batch_index desc
), compared as (
    select *, lag(to_addr) over (partition by token_id order by block) as before from ends
), versions as (
    select *, lead(block) over (partition by token_id order by block) as until
    from compared where to_addr is distinct from before
), held as (
    select * from versions where to_addr <> '\x0000000000000000000000000000000000000000'
), past as (
    insert into chain.holdings_past
        (chain, contract_id, token_id, owner, since, since_log, acquired, until)
    select $1, $2, token_id, to_addr, block, log_index, block, until
    from held where until is not null
)
insert into chain.holdings (chain, contract_id, token_id, owner, since, since_log, acquired)
select $1, $2, token_id, to_addr, block, log_index, block from held where until is null";

/// `run`: which of the times it is that the holder came to have any; its first block is `acquired`.
const OF_BALANCES: &str = r"
with moves as (
    select token_id, to_addr as owner, block, log_index, amount as units
    from chain.transfers
    where chain = $1 and contract_id = $2 and block <= $3
        and token_id > coalesce($4, -1) and token_id <= $5
        and amount > 0 and from_addr <> to_addr
        and to_addr <> '\x0000000000000000000000000000000000000000'
    union all
    select token_id, from_addr, block, log_index, -amount
    from chain.transfers
    where chain = $1 and contract_id = $2 and block <= $3
        and token_id > coalesce($4, -1) and token_id <= $5
        and amount > 0 and from_addr <> to_addr
        and from_addr <> '\x0000000000000000000000000000000000000000'
), nets as (
    select token_id, owner, block, max(log_index) as log_index, sum(units) as net
    from moves group by token_id, owner, block having sum(units) <> 0
), sums as (
    select *, sum(net) over (partition by token_id, owner order by block) as balance from nets
), versions as (
    select *, lead(block) over (partition by token_id, owner order by block) as until,
        sum((balance - net <= 0)::int) over (partition by token_id, owner order by block) as run
    from sums
), held as (
    select *, min(block) over (partition by token_id, owner, run) as acquired from versions
), past as (
    insert into chain.holdings_past
        (chain, contract_id, token_id, owner, balance, since, since_log, acquired, until)
    select $1, $2, token_id, owner, balance, block, log_index, acquired, until
    from held where until is not null and balance <> 0
)
insert into chain.holdings
    (chain, contract_id, token_id, owner, balance, since, since_log, acquired)
select $1, $2, token_id, owner, balance, block, log_index, acquired
from held where until is null and balance <> 0";
