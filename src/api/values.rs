//! Values of a body: JSON read as addresses, token ids, blocks, words. Every fault says what would have
//! been right.

use alloy::primitives::{Address, U256};
use serde_json::Value;
use time::OffsetDateTime;

use super::asked::shown;
use super::params;
use crate::types::Finality;

/// Largest number that every JSON reader keeps exactly (RFC 8259, section 6).
const EXACT_MAX: u64 = (1 << 53) - 1;

/// Text of this form.
fn text<T>(value: &Value, read: fn(&str) -> Result<T, String>) -> Result<T, String> {
    match value {
        Value::String(text) => read(text),
        _ => Err(format!("{} is no text", shown(&value.to_string()))),
    }
}

/// A chain by its CAIP-2 id, number or alias.
pub(super) fn chain(value: &Value) -> Result<String, String> {
    let word = match value {
        Value::Number(number) if number.is_u64() => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err("chain is eip155:<number>, a number or an alias".into()),
    };
    params::chain(&word).map(str::to_owned)
}

/// An address as text.
pub(super) fn address(value: &Value) -> Result<Address, String> {
    text(value, params::address)
}

/// An address that can hold tokens.
pub(super) fn wallet(value: &Value) -> Result<Address, String> {
    text(value, params::wallet)
}

/// A token by its CAIP-19 id.
#[derive(Debug)]
pub(super) struct Asset {
    /// CAIP-2 id of the chain.
    pub chain: String,
    /// What the id says of its standard.
    pub standard: &'static str,
    /// Its contract.
    pub contract: Address,
    /// The token.
    pub token_id: U256,
}

/// A CAIP-19 id.
pub(super) fn asset(value: &Value) -> Result<Asset, String> {
    text(value, |text| {
        let parts: Vec<&str> = text.split('/').collect();
        let wrong =
            || format!("{} is no id: expected chain/standard:contract/token_id", shown(text));
        let [chain, contract, token_id] = parts[..] else { return Err(wrong()) };
        let (standard, contract) = contract.split_once(':').ok_or_else(wrong)?;
        Ok(Asset {
            chain: params::chain(chain)?.to_owned(),
            standard: params::standard(standard)?,
            contract: params::address(contract)?,
            token_id: params::token_id(token_id)?,
        })
    })
}

/// A token id as text, or as a number that no JSON reader rounds.
pub(super) fn token_id(value: &Value) -> Result<U256, String> {
    match value {
        Value::Number(number) => {
            let exact = number.as_u64().filter(|number| *number <= EXACT_MAX);
            exact.map(U256::from).ok_or_else(|| {
                format!(
                    "{number} is no token id: send it as text, numbers above 2^53-1 are rounded"
                )
            })
        }
        _ => text(value, params::token_id),
    }
}

/// A block as a number.
pub(super) fn block(value: &Value) -> Result<i64, String> {
    let wrong = || format!("{} is no block number", shown(&value.to_string()));
    params::block(&value.as_u64().ok_or_else(wrong)?.to_string())
}

/// An RFC 3339 time.
pub(super) fn instant(value: &Value) -> Result<OffsetDateTime, String> {
    text(value, params::instant)
}

/// `latest`, `safe` or `finalized`.
pub(super) fn finality(value: &Value) -> Result<Finality, String> {
    text(value, params::finality)
}

/// `erc721` or `erc1155`.
pub(super) fn standard(value: &Value) -> Result<&'static str, String> {
    text(value, params::standard)
}
