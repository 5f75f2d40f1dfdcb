//! Lists of who holds what in one contract: its tokens, its owners, the owners of a token.

use alloy::primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::answer::{self, Meta, instant};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::{self, Cursor};
use crate::api::found::Found;
use crate::api::moment::When;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::scope::ContractScope;
use crate::api::{ApiState, params, scope, shapes};
use crate::store::read::contract_owners::contract_owners;
use crate::store::read::contract_tokens::{HoldingRow, HoldingsAsked, contract_tokens};

/// Parameters of every list of ownership.
const OF_A_LIST: &[&str] = &["at_block", "at_time", "min_finality", "cursor", "limit"];
/// Problems of every list of ownership.
const UNANSWERED: &[Code] =
    &[Code::ContractNotTracked, Code::ContractNotReady, Code::NotIndexed, Code::SnapshotGone];

/// Since when a holding lasts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Acquired {
    /// Block of the newest arrival that began it.
    pub block: i64,
    /// Time of that block, once known.
    #[schemars(with = "Option<shapes::Time>")]
    pub time: Option<String>,
    /// Transaction of that arrival.
    #[schemars(with = "Option<shapes::Hash>")]
    pub tx_hash: Option<String>,
}

/// A token and one owner of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Holding")]
struct HoldingView {
    #[schemars(with = "shapes::AssetId")]
    id: String,
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    #[schemars(with = "shapes::TokenId")]
    token_id: String,
    #[schemars(with = "shapes::Standard")]
    standard: &'static str,
    #[schemars(with = "shapes::Address")]
    owner: String,
    #[schemars(with = "shapes::Units")]
    balance: String,
    acquired: Acquired,
}

/// An owner of tokens of a contract.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Owner")]
struct OwnerView {
    #[schemars(with = "shapes::Address")]
    owner: String,
    /// All units of all tokens.
    #[schemars(with = "shapes::Units")]
    balance: String,
    /// Different tokens.
    tokens: i64,
}

fn holding(found: Found<'_>, row: &HoldingRow) -> HoldingView {
    let contract = answer::address(found.contract.address);
    let chain = found.chain.caip2.clone();
    let standard = answer::standard(row.balance.is_some());
    HoldingView {
        id: answer::asset(&chain, standard, &contract, row.token_id.0),
        chain,
        contract,
        token_id: row.token_id.0.to_string(),
        standard,
        owner: answer::address(row.owner),
        balance: answer::units(row.balance),
        acquired: Acquired {
            block: row.acquired,
            time: row.acquired_at.map(instant),
            tx_hash: row.tx_hash.map(answer::hash),
        },
    }
}

/// Key of a holding in a cursor: token and owner.
type HoldingKey = (String, String);

fn key(cursor: &Cursor<HoldingKey>) -> Result<(U256, Address), Problem> {
    let token_id = params::token_id(&cursor.k.0).map_err(|_| cursor::invalid("cursor"))?;
    let owner = params::address(&cursor.k.1).map_err(|_| cursor::invalid("cursor"))?;
    Ok((token_id, owner))
}

async fn holdings(
    state: &ApiState,
    asked: &Asked,
    scope: ContractScope,
    token_id: Option<U256>,
) -> Result<Response, Problem> {
    let limit = params::limit(asked)?;
    let sent = Cursor::<HoldingKey>::read(asked, "cursor")?;
    let after = sent.as_ref().map(key).transpose()?;
    let when = When::read(asked, sent.map(|cursor| cursor.p))?;
    let (chain, contract) = scope.keys();
    let question =
        HoldingsAsked { chain, contract, at: when.at, token_id, after, limit: limit + 1 };
    let mut read = contract_tokens(&state.pool, &question).await?;
    Found::of(&read)?.owned(&when)?;
    let pins = when.check(&state.pool, &read.as_of).await?;
    Found::of(&read)?.begun()?;
    let more = answer::page(&mut read.rows, limit);
    let key = |row: &HoldingRow| (row.token_id.0.to_string(), answer::address(row.owner));
    let last = read.rows.last().filter(|_| more).map(key);
    let next = last.map(|last| Cursor::write(asked, last, pins));
    let found = Found::of(&read)?;
    let data = read.rows.iter().map(|row| holding(found, row)).collect();
    // Of one token, ranges of any length are answered.
    let left = if token_id.is_none() { read.incomplete.as_slice() } else { &[] };
    let meta = Meta::of(&read.as_of).showing(&read.as_of).without(&read.as_of, left)?;
    answer::list::<HoldingView>(data, limit, next, meta)
}

/// GET `/v1/contracts/{chain}/{address}/tokens`
pub(crate) const CONTRACT_TOKENS: Route =
    Route::get("/v1/contracts/{chain}/{address}/tokens", || get(contract_tokens_list))
        .named("listContractTokens", "Its tokens with their owners")
        .query(&[OF_A_LIST])
        .problems(UNANSWERED)
        .list::<HoldingView>();

/// GET `/v1/contracts/{chain}/{address}/tokens`
pub(crate) async fn contract_tokens_list(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let found = scope::contract_of_path(&state, &asked, "address").await?;
    holdings(&state, &asked, found, None).await
}

/// GET `/v1/tokens/{chain}/{contract}/{token_id}/owners`
pub(crate) const TOKEN_OWNERS: Route =
    Route::get("/v1/tokens/{chain}/{contract}/{token_id}/owners", || get(token_owners))
        .named("listTokenOwners", "Who holds it")
        .query(&[OF_A_LIST])
        .problems(UNANSWERED)
        .list::<HoldingView>();

/// GET `/v1/tokens/{chain}/{contract}/{token_id}/owners`
pub(crate) async fn token_owners(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let token_id = params::path(&asked, "token_id", params::token_id)?;
    let found = scope::contract_of_path(&state, &asked, "contract").await?;
    holdings(&state, &asked, found, Some(token_id)).await
}

/// GET `/v1/contracts/{chain}/{address}/owners`
pub(crate) const CONTRACT_OWNERS: Route =
    Route::get("/v1/contracts/{chain}/{address}/owners", || get(contract_owners_list))
        .named("listContractOwners", "Its owners with their balances")
        .query(&[OF_A_LIST])
        .problems(UNANSWERED)
        .list::<OwnerView>();

/// GET `/v1/contracts/{chain}/{address}/owners`
pub(crate) async fn contract_owners_list(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let limit = params::limit(&asked)?;
    let sent = Cursor::<String>::read(&asked, "cursor")?;
    let after = match &sent {
        None => Vec::new(),
        Some(cursor) => params::address(&cursor.k).map_err(|_| cursor::invalid("cursor"))?.to_vec(),
    };
    let found = scope::contract_of_path(&state, &asked, "address").await?;
    let when = When::read(&asked, sent.map(|cursor| cursor.p))?;
    let mut read = contract_owners(&state.pool, found.keys(), when.at, &after, limit + 1).await?;
    Found::of(&read)?.owned(&when)?;
    let pins = when.check(&state.pool, &read.as_of).await?;
    Found::of(&read)?.begun()?;
    let more = answer::page(&mut read.rows, limit);
    let last = read.rows.last().filter(|_| more).map(|row| answer::address(row.owner));
    let next = last.map(|last| Cursor::write(&asked, last, pins));
    let owner = |row: &crate::store::read::contract_owners::OwnerRow| OwnerView {
        owner: answer::address(row.owner),
        balance: row.balance.to_string(),
        tokens: row.tokens,
    };
    let data = read.rows.iter().map(owner).collect();
    let meta = Meta::of(&read.as_of).showing(&read.as_of).without(&read.as_of, &read.incomplete)?;
    answer::list::<OwnerView>(data, limit, next, meta)
}
