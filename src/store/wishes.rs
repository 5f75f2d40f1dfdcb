//! The wish to follow a contract: written once by whoever names it, and read back for answers.

use std::collections::HashMap;

use alloy::primitives::Address;
use sqlx::FromRow;

use super::contracts::standard;
use super::{Pool, StoreError, height, number};
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
    /// Its token standard; `None` until it is said or a log has shown it.
    pub standard: Option<String>,
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
    /// Transfers that break the rules of its standard.
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
    /// Its token standard; `None` to find it in its logs.
    pub standard: Option<Standard>,
    /// First block that can hold its logs.
    pub start_block: u64,
}

/// How often a row that another transaction holds back is looked for. The first look loses to an
/// insert that commits between the statement's snapshot and its conflict check; the second sees it.
const LOOKS: usize = 3;

/// Inserts the contract in state `probing`. Of a row that is there only a standard that nobody has
/// said yet is written, where the wish agrees with the rest of it. Answers the stored row and
/// whether it is new.
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
        .bind(wanted.standard.map(Standard::as_str))
        .bind(origin)
        .bind(start_block)
        .fetch_optional(pool)
        .await?;
        if let Some(row) = added {
            return Ok((row, true));
        }
        say_standard(pool, wanted, start_block).await?;
        if let Some(row) = find(pool, wanted.chain, wanted.address).await? {
            return Ok((row, false));
        }
    }
    Err(StoreError::Fenced { what: "contract" })
}

async fn say_standard(pool: &Pool, wanted: &Tracked, start_block: i64) -> Result<(), StoreError> {
    let Some(standard) = wanted.standard else { return Ok(()) };
    sqlx::query(
        r"update chain.contracts set standard = $3
        where chain = $1 and address = $2 and standard is null and start_block = $4",
    )
    .bind(wanted.chain.0)
    .bind(wanted.address.as_slice())
    .bind(standard.as_str())
    .bind(start_block)
    .execute(pool)
    .await?;
    Ok(())
}

/// Inserts those of the contracts of one chain that are not there yet, in state `probing`, writes
/// the standard of those that have none, and answers the start block and the standard that are
/// stored for each.
pub async fn track_all(
    pool: &Pool,
    chain: ChainKey,
    wanted: &[Tracked],
    origin: &'static str,
) -> Result<HashMap<Address, (u64, Option<Standard>)>, StoreError> {
    let addresses: Vec<[u8; 20]> = wanted.iter().map(|one| one.address.into_array()).collect();
    sqlx::query(
        r"insert into chain.contracts (chain, address, standard, origin, start_block)
        select distinct on (w.address) $1, w.address, w.standard, $2, w.start_block
        from unnest($3::bytea[], $4::text[], $5::int8[])
            as w (address, standard, start_block)
        order by w.address
        on conflict on constraint contracts_chain_address_key do update
            set standard = excluded.standard
            where contracts.standard is null and excluded.standard is not null",
    )
    .bind(chain.0)
    .bind(origin)
    .bind(&addresses)
    .bind(wanted.iter().map(|one| one.standard.map(Standard::as_str)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|one| height(one.start_block)).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    let rows: Vec<([u8; 20], i64, Option<String>)> = sqlx::query_as(
        r"select address, start_block, standard from chain.contracts
        where chain = $1 and address = any ($2)",
    )
    .bind(chain.0)
    .bind(&addresses)
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(address, start, word)| {
            Ok((address.into(), (number(start), standard(word.as_deref())?)))
        })
        .collect()
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
