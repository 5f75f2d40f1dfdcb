//! What a request's words name: the chains there are, and the contract of an address on each.

use alloy::primitives::Address;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::Standing;
use crate::store::contract_row::{ContractRow, contract_columns};
use crate::store::{Pool, StoreError};

/// A chain, with the contract that was asked for where somebody has ever named it there.
#[derive(Clone, Debug)]
pub struct Known {
    /// The chain.
    pub standing: Standing,
    /// The contract on it.
    pub contract: Option<ContractRow>,
}

impl FromRow<'_, PgRow> for Known {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let tracked: Option<i32> = row.try_get("id")?;
        let contract = tracked.map(|_| ContractRow::from_row(row)).transpose()?;
        Ok(Self { standing: Standing::from_row(row)?, contract })
    }
}

/// Every chain by its number, each with the contract at `address`.
pub async fn known(pool: &Pool, address: Option<Address>) -> Result<Vec<Known>, StoreError> {
    let rows = sqlx::query_as(concat!(
        r"select s.caip2, s.alias, s.status, s.epoch, s.head, s.safe, s.finalized, s.indexed,
            s.block_hash, s.lag_ms, s.chain,
            h.indexes <> 'ready' and exists (select from chain.contracts j
                where j.chain = s.chain and j.live_from is not null) as indexing, ",
        contract_columns!(),
        r"from chain.standing s
        join chain.chains h on h.id = s.chain
        left join chain.contracts c on c.chain = s.chain and c.address = $1
        order by s.chain",
    ))
    .bind(address.as_ref().map(|address| address.as_slice()))
    .fetch_all(pool)
    .await?;
    Ok(rows)
}
