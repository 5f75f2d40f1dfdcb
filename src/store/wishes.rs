//! The wish to follow a contract: written once by whoever names it, and read back for answers.

use alloy::primitives::Address;
use sqlx::FromRow;

use super::{Pool, StoreError};
use crate::types::{ChainKey, ContractState, Standard};

/// A tracked contract.
#[derive(Clone, Debug, FromRow, PartialEq)]
pub struct ContractRow {
    /// Surrogate number.
    pub id: i32,
    /// Its chain.
    pub chain: i16,
    /// Its address.
    pub address: [u8; 20],
    /// Its token standard.
    pub standard: String,
    /// How far it is; see [`ContractRow::state`].
    pub state: String,
    /// Who named it: `config`, `api` or `cli`.
    pub origin: String,
    /// First block that can hold its logs.
    pub start_block: i64,
    /// What the contract calls itself.
    pub name: Option<String>,
    /// Its ticker.
    pub symbol: Option<String>,
    /// Tokens that exist.
    pub supply: i64,
    /// Addresses that hold any.
    pub holders: i64,
    /// Transfers stored.
    pub transfers: i64,
    /// Confirmed breaks of the rules.
    pub irregular: i32,
    /// How much of its past is loaded; `None` once it is ready or before it is known.
    pub loaded_percent: Option<f64>,
}

impl ContractRow {
    /// The state as a type.
    pub fn state(&self) -> Result<ContractState, StoreError> {
        ContractState::parse(&self.state).ok_or(StoreError::Corrupt { column: "contracts.state" })
    }
}

/// What is asked to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Where the contract lives.
    pub chain: ChainKey,
    /// Its address.
    pub address: Address,
    /// Its token standard.
    pub standard: Standard,
    /// First block that can hold its logs.
    pub start_block: u64,
}

/// How often a row that another transaction holds back is looked for. The first look loses to an
/// insert that commits between the statement's snapshot and its conflict check; the second sees it.
const LOOKS: usize = 3;

/// Inserts the contract in state `probing`, or leaves the row that is there as it is. Answers the
/// stored row and whether it is new.
pub async fn track(
    pool: &Pool,
    wanted: &Tracked,
    origin: &'static str,
) -> Result<(ContractRow, bool), StoreError> {
    let start_block = i64::try_from(wanted.start_block)
        .map_err(|_| StoreError::Corrupt { column: "contracts.start_block" })?;
    for _ in 0..LOOKS {
        let added: Option<ContractRow> = sqlx::query_as(
            r"insert into chain.contracts (chain, address, standard, origin, start_block)
            values ($1, $2, $3, $4, $5)
            on conflict on constraint contracts_chain_address_key do nothing
            returning id, chain, address, standard, state, origin, start_block, name, symbol,
                supply, holders, transfers, irregular, null::float8 as loaded_percent",
        )
        .bind(wanted.chain.0)
        .bind(wanted.address.as_slice())
        .bind(wanted.standard.as_str())
        .bind(origin)
        .bind(start_block)
        .fetch_optional(pool)
        .await?;
        if let Some(row) = added {
            return Ok((row, true));
        }
        if let Some(row) = find(pool, wanted.chain, wanted.address).await? {
            return Ok((row, false));
        }
    }
    Err(StoreError::Fenced { what: "contract" })
}

/// The contract at this address.
pub async fn find(
    pool: &Pool,
    chain: ChainKey,
    address: Address,
) -> Result<Option<ContractRow>, StoreError> {
    let row = sqlx::query_as(
        r"select id, chain, address, standard, state, origin, start_block, name, symbol,
            supply, holders, transfers, irregular,
            case when state <> 'ready' then chain.loaded_percent(id, chain) end as loaded_percent
        from chain.contracts
        where chain = $1 and address = $2",
    )
    .bind(chain.0)
    .bind(address.as_slice())
    .fetch_optional(pool)
    .await?;
    Ok(row)
}
