//! The envelope of every answer, and how values are written.

use std::collections::HashMap;

use alloy::primitives::{Address, B256, U256};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use crate::store::read::{Incomplete, NOW, Standing};
use crate::store::{StoreError, Units};
use crate::types::Standard;

use super::problem::Problem;
use super::shapes;

/// The media type of what is no stream.
pub(super) const JSON: &str = "application/json";

/// A list.
#[derive(Serialize)]
pub(super) struct List<T> {
    data: Vec<T>,
    page: Page,
    meta: Meta,
}

/// Where a list goes on.
#[derive(Serialize, JsonSchema)]
pub(super) struct Page {
    /// The `cursor` of the next page; `null` on the last one.
    #[schemars(with = "Option<shapes::Cursor>")]
    next: Option<String>,
    /// Most rows of the page.
    limit: i64,
}

/// What an answer is true of.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(super) struct Meta {
    /// How far each chain is that was asked.
    as_of: Vec<AsOf>,
    /// The block that the answer shows, where one was asked for or a page goes on from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_block: Option<i64>,
    /// Contracts that are left out, or shown in part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    incomplete: Vec<Left>,
}

/// How far a chain is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct AsOf {
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    /// Newest block that a node has shown.
    head: Option<i64>,
    /// Last committed block.
    indexed: Option<i64>,
    /// Newest final block.
    finalized: Option<i64>,
    /// Hash of the block `indexed`.
    #[schemars(with = "Option<shapes::Hash>")]
    block_hash: Option<String>,
    /// 0 at the head, else since when the last commit was, in milliseconds.
    lag_ms: Option<i64>,
    /// The block that the answer shows of the chain, where it is not the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_block: Option<i64>,
}

/// A contract that is left out, or shown in part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Incomplete")]
struct Left {
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    #[schemars(with = "shapes::LeftStatus")]
    status: String,
    /// Share of its past that is loaded.
    loaded_percent: Option<f64>,
}

impl Meta {
    /// Of these chains.
    pub(super) fn of(standings: &[Standing]) -> Self {
        let as_of = |standing: &Standing| AsOf {
            chain: standing.caip2.clone(),
            head: standing.head,
            indexed: standing.indexed,
            finalized: standing.finalized,
            block_hash: standing.block_hash.clone(),
            lag_ms: standing.lag_ms,
            at_block: None,
        };
        Self {
            as_of: standings.iter().map(as_of).collect(),
            at_block: None,
            incomplete: Vec::new(),
        }
    }

    /// Names the blocks that the answer shows, where they are not the newest: that of its only chain, or
    /// that of each.
    pub(super) fn showing(mut self, standings: &[Standing]) -> Self {
        let shown = |standing: &Standing| standing.at.filter(|at| *at != NOW);
        match standings {
            [only] => self.at_block = shown(only),
            _ => {
                for (told, standing) in self.as_of.iter_mut().zip(standings) {
                    told.at_block = shown(standing);
                }
            }
        }
        self
    }

    /// Names the contracts that are left out or shown in part.
    pub(super) fn without(
        mut self,
        standings: &[Standing],
        left: &[Incomplete],
    ) -> Result<Self, StoreError> {
        for one in left {
            let address: Address = one
                .address
                .parse()
                .map_err(|_| StoreError::Corrupt { column: "contracts.address" })?;
            self.incomplete.push(Left {
                chain: caip2(standings, one.chain).to_owned(),
                contract: address.to_checksum(None),
                status: one.state.clone(),
                loaded_percent: one.loaded_percent.map(percent),
            });
        }
        Ok(self)
    }
}

/// The CAIP-2 id of a chain among those of the answer.
pub(super) fn caip2(standings: &[Standing], chain: i16) -> &str {
    standings.iter().find(|standing| standing.chain == chain).map_or("", |standing| &standing.caip2)
}

/// A list with its page: `rows` holds one more than `limit` where there is a next page.
pub(super) fn page<R>(rows: &mut Vec<R>, limit: i64) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    more
}

/// The answer of a list.
pub(super) fn list<T: Serialize>(
    data: Vec<T>,
    limit: i64,
    next: Option<String>,
    meta: Meta,
) -> Result<Response, Problem> {
    json(&List { data, page: Page { next, limit }, meta })
}

#[derive(Serialize)]
struct One<'a, T> {
    #[serde(flatten)]
    object: &'a T,
    meta: Meta,
}

/// The answer of one object.
pub(super) fn one<T: Serialize>(object: &T, meta: Meta) -> Result<Response, Problem> {
    json(&One { object, meta })
}

/// A JSON body.
pub(super) fn json<T: Serialize>(body: &T) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new(super::codes::Code::Internal, "the answer could not be written")
    })?;
    Ok(([(header::CONTENT_TYPE, JSON)], bytes).into_response())
}

/// An address in mixed case (EIP-55).
pub(super) fn address(bytes: [u8; 20]) -> String {
    Address::from(bytes).to_checksum(None)
}

/// An address of a transfer; the zero address is nobody.
pub(super) fn party(bytes: [u8; 20]) -> Option<String> {
    (bytes != [0; 20]).then(|| address(bytes))
}

/// Addresses as [`address`] writes them, each hashed once for an answer: pages name few of them often.
#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<[u8; 20], String>);

impl Addresses {
    /// The address in mixed case.
    pub(super) fn write(&mut self, bytes: [u8; 20]) -> String {
        self.0.entry(bytes).or_insert_with(|| address(bytes)).clone()
    }

    /// The same of a transfer's; the zero address is nobody.
    pub(super) fn party(&mut self, bytes: [u8; 20]) -> Option<String> {
        (bytes != [0; 20]).then(|| self.write(bytes))
    }
}

/// 32 bytes as 0x-hex.
pub(super) fn hash(bytes: [u8; 32]) -> String {
    B256::from(bytes).to_string()
}

/// A time in RFC 3339, UTC.
pub(super) fn instant(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}

/// The CAIP-19 id of a token.
pub(super) fn asset(chain: &str, standard: &str, contract: &str, token_id: U256) -> String {
    format!("{chain}/{standard}:{contract}/{token_id}")
}

/// Units held, in decimal; a token without a balance is one.
pub(super) fn units(balance: Option<Units>) -> String {
    balance.map_or("1".to_owned(), |balance| balance.to_string())
}

/// The standard of a holding, by whether it has a balance.
pub(super) fn standard(balance: bool) -> &'static str {
    if balance { Standard::Erc1155.as_str() } else { Standard::Erc721.as_str() }
}

/// A share with one decimal, rounded down so that 100 means all.
pub(super) fn percent(share: f64) -> f64 {
    (share * 10.0).floor() / 10.0
}
