//! DELETE `/v1/contracts/{chain}/{address}`: stops following a contract, and with `purge` has its facts
//! removed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::delete;

use super::contracts::{ContractView, view};
use crate::account::key::Scope;
use crate::api::answer::{self, Meta};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::found::Found;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope};
use crate::index::depart;
use crate::store::{StoreError, read};
use crate::types::Caip2;

fn flag(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "purge is true or false".into())
}

/// DELETE `/v1/contracts/{chain}/{address}`
pub(crate) const REMOVE: Route =
    Route::delete("/v1/contracts/{chain}/{address}", || delete(remove))
        .named("untrackContract", "Stops tracking a contract")
        .needs(Scope::Admin)
        .query(&[&["purge"]])
        .statuses(&[(200, "It is stopped"), (202, "Its facts are being removed")])
        .problems(&[Code::ContractNotTracked])
        .one::<ContractView>();

/// DELETE `/v1/contracts/{chain}/{address}`
pub(crate) async fn remove(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let purge = params::query(&asked, "purge", flag)?.unwrap_or(false);
    let scope = scope::contract_of_path(&state, &asked, "address").await?;
    let (key, contract) = scope.keys();
    let before = read::contracts::contract(&state.pool, scope.keys()).await?;
    // A second request to remove what is removed already is as good as the first.
    if !before.contract.as_ref().is_some_and(|row| row.purged) {
        Found::of(&before).map_err(|problem| problem.at("path", "address"))?;
    }
    let id: Caip2 =
        scope.chain.caip2.parse().map_err(|_| StoreError::Corrupt { column: "chains.caip2" })?;
    if depart::stop(&state.pool, (key, id), contract, purge).await? {
        let address = params::path(&asked, "address", params::address)?;
        tracing::info!(chain.id = %id, contract = %address, "{address} is no longer followed");
    }
    let after = read::contracts::contract(&state.pool, scope.keys()).await?;
    let row = after.contract.as_ref().ok_or(StoreError::Fenced { what: "contract" })?;
    let mut response = answer::one(&view(row, after.as_of.first()), Meta::of(&after.as_of))?;
    if row.purging {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(response)
}
