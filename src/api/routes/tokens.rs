//! GET `/v1/tokens/{chain}/{contract}/{token_id}`: one token.

use alloy::primitives::U256;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use super::ownership::Acquired;
use crate::api::answer::{self, Meta, instant};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::found::Found;
use crate::api::moment::When;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope, shapes};
use crate::store::read::token::{TokenRow, token};
use crate::types::Standard;

/// A token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub(super) struct TokenView {
    #[schemars(with = "shapes::AssetId")]
    id: String,
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    #[schemars(with = "shapes::TokenId")]
    token_id: String,
    #[schemars(with = "shapes::Standard")]
    standard: String,
    /// `null` once it is burned. Absent for ERC-1155, whose tokens have any number of owners.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::Address>")]
    owner: Option<Option<String>>,
    /// Units that somebody holds.
    #[schemars(with = "shapes::Units")]
    supply: String,
    /// `null` where its first known transfer was no mint.
    minted: Option<Acquired>,
    /// Its newest transfer.
    last_transfer: Acquired,
    /// Not collected yet: always `null`.
    #[schemars(with = "()")]
    metadata: Option<()>,
}

/// A token as it is told.
pub(super) fn view(found: Found<'_>, token_id: U256, row: &TokenRow) -> TokenView {
    let contract = answer::address(found.contract.address);
    let chain = found.chain.caip2.clone();
    let many = found.standard() == Standard::Erc1155.as_str();
    let first = Acquired {
        block: row.first_block,
        time: row.first_at.map(instant),
        tx_hash: Some(answer::hash(row.first_tx)),
    };
    TokenView {
        id: answer::asset(&chain, found.standard(), &contract, token_id),
        chain,
        contract,
        token_id: token_id.to_string(),
        standard: found.standard().to_owned(),
        owner: (!many).then(|| row.owner.map(answer::address)),
        supply: row.supply.to_string(),
        minted: answer::party(row.first_from).is_none().then_some(first),
        last_transfer: Acquired {
            block: row.last_block,
            time: row.last_at.map(instant),
            tx_hash: Some(answer::hash(row.last_tx)),
        },
        metadata: None,
    }
}

/// The problem of a token that no transfer has named.
pub(super) fn unseen(found: Found<'_>, token_id: U256) -> Problem {
    let contract = answer::address(found.contract.address);
    let detail = format!("token {token_id} of {contract} has not been seen");
    Problem::new(Code::TokenUnknown, detail)
}

/// GET `/v1/tokens/{chain}/{contract}/{token_id}`
pub(crate) const ONE: Route = Route::get("/v1/tokens/{chain}/{contract}/{token_id}", || get(one))
    .named("getToken", "One token")
    .query(&[&["at_block", "at_time", "min_finality"]])
    .problems(&[Code::TokenUnknown, Code::ContractNotReady])
    .one::<TokenView>();

/// GET `/v1/tokens/{chain}/{contract}/{token_id}`
pub(crate) async fn one(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    let token_id = params::path(&asked, "token_id", params::token_id)?;
    let scope = scope::contract_of_path(&state, &asked, "contract").await?;
    let when = When::read(&asked, None)?;
    let read = token(&state.pool, &state.names.ranged, scope.keys(), token_id, when.at).await?;
    let found = Found::of(&read)?.owned(&when)?;
    when.check(&state.pool, &read.as_of).await?;
    let found = found.begun()?;
    let row = read.rows.first();
    let row = row.ok_or_else(|| unseen(found, token_id).at("path", "token_id"))?;
    answer::one(&view(found, token_id, row), Meta::of(&read.as_of).showing(&read.as_of))
}
