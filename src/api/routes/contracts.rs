//! `/v1/contracts`: what is tracked and how far it is.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::answer::{self, Meta};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::Cursor;
use crate::api::found::Found;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope, shapes};
use crate::store::contract_row::ContractRow;
use crate::store::read::Standing;
use crate::store::read::contracts::{contract, contracts};
use crate::types::ContractState;

/// A contract as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Contract")]
pub(crate) struct ContractView {
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    address: String,
    /// What it calls itself.
    name: Option<String>,
    /// Its short name.
    symbol: Option<String>,
    /// `null` until it was said or a log has shown it.
    #[schemars(with = "Option<shapes::Standard>")]
    standard: Option<String>,
    #[schemars(with = "shapes::Origin")]
    origin: String,
    /// First block that can hold its logs.
    start_block: Option<i64>,
    /// A lower one that was asked for and is not applied yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted_start_block: Option<i64>,
    #[schemars(with = "shapes::ContractStatus")]
    status: String,
    /// There while its facts are being removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    purging: Option<bool>,
    /// Share of its past that is loaded, while it is loaded.
    loaded_percent: Option<f64>,
    /// Blocks whose facts about it are whole.
    covered: Option<Covered>,
    trust: Trust,
    /// Of ERC-721 the tokens that somebody owns, of ERC-1155 the different tokens that somebody holds.
    supply: Option<i64>,
    /// Different owners.
    holders: Option<i64>,
    /// Transfers stored.
    transfers: Option<i64>,
    /// Transfers that break the rules of its standard.
    irregular: i32,
}

/// Blocks whose facts about the contract are whole.
#[derive(Serialize, JsonSchema)]
struct Covered {
    from: i64,
    to: i64,
}

/// What was checked of the contract's facts; null and empty say that nothing was.
#[derive(Serialize, JsonSchema)]
struct Trust {
    consistent: Option<bool>,
    audited_at: Option<i64>,
    proven: Vec<Covered>,
}

/// The contract on its chain. Counters of a contract whose ownership is not known are not known
/// either; those of one that is no longer followed are of its last block.
pub(crate) fn view(row: &ContractRow, chain: Option<&Standing>) -> ContractView {
    let ready = row.state == ContractState::Ready.as_str();
    let indexed = chain.and_then(|chain| chain.indexed).filter(|_| ready);
    let whole_to = indexed.or(row.frozen_at());
    let known = |count: i64| (ready || row.frozen_at().is_some()).then_some(count);
    ContractView {
        chain: chain.map(|chain| chain.caip2.clone()).unwrap_or_default(),
        address: answer::address(row.address),
        name: row.name.clone(),
        symbol: row.symbol.clone(),
        standard: row.standard.clone(),
        origin: row.origin.clone(),
        start_block: row.start_block,
        wanted_start_block: row.wanted_start,
        status: row.state.clone(),
        purging: row.purging.then_some(true),
        loaded_percent: row.loaded_percent.map(answer::percent),
        covered: row
            .start_block
            .zip(whole_to)
            .filter(|(from, to)| from <= to)
            .map(|(from, to)| Covered { from, to }),
        trust: Trust { consistent: None, audited_at: None, proven: Vec::new() },
        supply: known(row.supply),
        holders: known(row.holders),
        transfers: known(row.transfers),
        irregular: row.irregular,
    }
}

fn status(text: &str) -> Result<ContractState, String> {
    ContractState::parse(text)
        .ok_or_else(|| "status is probing, loading, folding, ready or stopped".into())
}

/// GET `/v1/contracts`
pub(crate) const LIST: Route = Route::get("/v1/contracts", || get(list))
    .named("listContracts", "The tracked contracts")
    .query(&[&["chain", "status", "cursor", "limit"]])
    .list::<ContractView>();

/// GET `/v1/contracts`
pub(crate) async fn list(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    let limit = params::limit(&asked)?;
    let status = params::query(&asked, "status", status)?;
    let after = Cursor::<i32>::read(&asked, "cursor")?.map_or(i32::MIN, |cursor| cursor.k);
    let chains = scope::chains_of_query(&state, &asked).await?;
    let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
    let mut read = contracts(&state.pool, &keys, status, after, limit + 1).await?;
    let more = answer::page(&mut read.rows, limit);
    let last = read.rows.last().map(|row| row.id).filter(|_| more);
    let next = last.map(|last| Cursor::write(&asked, last, Vec::new()));
    let of = |row: &ContractRow| read.as_of.iter().find(|chain| chain.chain == row.chain);
    let data = read.rows.iter().map(|row| view(row, of(row))).collect();
    answer::list::<ContractView>(data, limit, next, Meta::of(&read.as_of))
}

/// GET `/v1/contracts/{chain}/{address}`
pub(crate) const ONE: Route = Route::get("/v1/contracts/{chain}/{address}", || get(one))
    .named("getContract", "One contract")
    .problems(&[Code::ContractNotTracked])
    .one::<ContractView>();

/// GET `/v1/contracts/{chain}/{address}`
pub(crate) async fn one(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    let scope = scope::contract_of_path(&state, &asked, "address").await?;
    let read = contract(&state.pool, scope.keys()).await?;
    let found = Found::of(&read)?;
    answer::one(&view(found.contract, Some(found.chain)), Meta::of(&read.as_of))
}
