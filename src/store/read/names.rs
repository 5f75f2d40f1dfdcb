//! What a request's words name: the chains there are, and the number of a contract.
//!
//! Numbers are given once and kept for ever, so that whoever has found one need not ask again.

use alloy::primitives::Address;
use sqlx::FromRow;

use crate::store::{Pool, StoreError};
use crate::types::{ChainKey, ContractKey};

/// A chain by its names.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub struct ChainName {
    /// Surrogate number.
    pub chain: i16,
    /// CAIP-2 id.
    pub caip2: String,
    /// Name in configuration and API.
    pub alias: String,
}

/// Every chain by its number.
pub async fn chains(pool: &Pool) -> Result<Vec<ChainName>, StoreError> {
    let rows = sqlx::query_as(
        "select c.id as chain, c.caip2, c.name as alias from chain.chains c order by c.id",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}

/// The contract at this address, whatever became of it; `None` where nobody has ever named it.
pub async fn contract(
    pool: &Pool,
    chain: ChainKey,
    address: Address,
) -> Result<Option<ContractKey>, StoreError> {
    let id: Option<i32> =
        sqlx::query_scalar("select id from chain.contracts where chain = $1 and address = $2")
            .bind(chain.0)
            .bind(address.as_slice())
            .fetch_optional(pool)
            .await?;
    Ok(id.map(ContractKey))
}

/// Those of these contracts that somebody has named, in any order.
pub async fn contracts(
    pool: &Pool,
    wanted: &[(ChainKey, Address)],
) -> Result<Vec<((ChainKey, Address), ContractKey)>, StoreError> {
    let (chains, addresses): (Vec<i16>, Vec<&[u8]>) =
        wanted.iter().map(|(chain, address)| (chain.0, address.as_slice())).unzip();
    let rows: Vec<(i16, [u8; 20], i32)> = sqlx::query_as(
        r"select c.chain, c.address, c.id
        from unnest($1::int2[], $2::bytea[]) as n (chain, address)
        join chain.contracts c on c.chain = n.chain and c.address = n.address",
    )
    .bind(chains)
    .bind(addresses)
    .fetch_all(pool)
    .await?;
    let row = |(chain, address, id): (i16, [u8; 20], i32)| {
        ((ChainKey(chain), Address::from(address)), ContractKey(id))
    };
    Ok(rows.into_iter().map(row).collect())
}
