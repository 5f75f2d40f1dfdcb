//! `chain.contracts`, a row as people see it: what is followed, what was refused, what is left.

use alloy::primitives::Address;
use serde::{Deserialize, Deserializer};
use sqlx::FromRow;

use super::{Pool, StoreError};
use crate::types::{ChainKey, ContractState};

/// A contract that somebody has named.
#[derive(Clone, Debug, Deserialize, FromRow, PartialEq)]
pub struct ContractRow {
    /// Surrogate number.
    pub id: i32,
    /// Its chain.
    pub chain: i16,
    /// Its address.
    #[serde(deserialize_with = "hexadecimal")]
    pub address: [u8; 20],
    /// Its token standard; `None` until it is said or a log has shown it.
    pub standard: Option<String>,
    /// How far it is; see [`ContractRow::state`].
    pub state: String,
    /// Who named it: `config`, `api` or `cli`.
    pub origin: String,
    /// First block that can hold its logs; `None` until it is said or found.
    pub start_block: Option<i64>,
    /// A lower one that was asked for and is not applied yet.
    pub wanted_start: Option<i64>,
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
    /// Last block of a contract that is no longer followed; `None` where it never was.
    pub live_to: Option<i64>,
    /// Whether its ownership was ever whole.
    pub folded: bool,
    /// Why it is not followed, in a word: `no_contract`, `not_nft`, `start_block_needed` or
    /// `start_block_ahead`.
    pub refused: Option<String>,
    /// The same in a sentence.
    pub refused_detail: Option<String>,
    /// Whether its facts are being removed.
    pub purging: bool,
    /// Whether they are gone.
    pub purged: bool,
    /// Whether nobody has decided yet if it can be followed.
    pub undecided: bool,
    /// How much of its past is loaded; `None` once it is ready or before it is known.
    pub loaded_percent: Option<f64>,
}

impl ContractRow {
    /// The state as a type.
    pub fn state(&self) -> Result<ContractState, StoreError> {
        ContractState::parse(&self.state).ok_or(StoreError::Corrupt { column: "contracts.state" })
    }

    /// Whether anything about the contract is kept or on its way: not of one that was refused, nor
    /// of one whose facts were removed.
    pub fn is_tracked(&self) -> bool {
        self.refused.is_none() && !self.purged
    }

    /// The newest block at which the ownership of a contract that is no longer followed is known.
    pub fn frozen_at(&self) -> Option<i64> {
        let frozen = self.state == ContractState::Stopped.as_str() && self.folded && !self.purging;
        self.live_to.filter(|_| frozen)
    }
}

/// An address as `chain.contract` writes it.
fn hexadecimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 20], D::Error> {
    Address::deserialize(deserializer).map(Into::into)
}

/// The columns of a [`ContractRow`] but for `chain`, of `chain.contracts` as `c`.
macro_rules! contract_columns {
    () => {
        r"
        c.id, c.address, c.standard, c.state, c.origin, c.start_block, c.wanted_start, c.name,
        c.symbol, c.supply, c.holders, c.transfers, c.irregular, c.live_to,
        c.folded_to is not null as folded, c.refused, c.refused_detail, c.purging, c.purged,
        c.state = 'probing' and c.refused is null
            and (c.probe_at is not null or c.start_block is null) as undecided,
        case when c.state in ('probing', 'loading', 'folding')
            then chain.loaded_percent(c.id, c.chain) end as loaded_percent
        "
    };
}
pub(super) use contract_columns;

/// The row of this address, whatever became of it.
pub async fn find(
    pool: &Pool,
    chain: ChainKey,
    address: Address,
) -> Result<Option<ContractRow>, StoreError> {
    let row = sqlx::query_as(concat!(
        "select c.chain, ",
        contract_columns!(),
        "from chain.contracts c where c.chain = $1 and c.address = $2",
    ))
    .bind(chain.0)
    .bind(address.as_slice())
    .fetch_optional(pool)
    .await?;
    Ok(row)
}
