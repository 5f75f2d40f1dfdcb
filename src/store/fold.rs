//! Building a contract's ownership from its stored transfers, by set.

use sqlx::PgConnection;

use super::{StoreError, height};
use crate::types::{ChainKey, ContractKey};

/// Replaces the ownership of an ERC-721 contract by what its transfers say: one version for each
/// block at whose end the owner is another than before, so that hops inside a block vanish.
///
/// The caller holds the chain's lock, so that no live commit or rewind changes the transfers
/// meanwhile. Counters and state of the contract are set too.
pub async fn rebuild(
    connection: &mut PgConnection,
    chain: ChainKey,
    contract: ContractKey,
    folded_to: u64,
) -> Result<(), StoreError> {
    for clear in [
        "delete from chain.holdings where chain = $1 and contract_id = $2",
        "delete from chain.holdings_past where chain = $1 and contract_id = $2",
    ] {
        sqlx::query(clear).bind(chain.0).bind(contract.0).execute(&mut *connection).await?;
    }
    sqlx::query(
        r"
        with ends as (
            select distinct on (token_id, block) token_id, block, log_index, to_addr
            from chain.transfers where chain = $1 and contract_id = $2
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
        select $1, $2, token_id, to_addr, block, log_index, block from held where until is null
        ",
    )
    .bind(chain.0)
    .bind(contract.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        r"
        update chain.contracts set state = 'ready', folded_to = $3,
            (supply, holders) = (
                select count(*), count(distinct owner) from chain.holdings
                where chain = $1 and contract_id = $2),
            transfers = (
                select count(*) from chain.transfers where chain = $1 and contract_id = $2)
        where id = $2
        ",
    )
    .bind(chain.0)
    .bind(contract.0)
    .bind(height(folded_to))
    .execute(connection)
    .await?;
    Ok(())
}
