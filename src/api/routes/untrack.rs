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
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope};
use crate::index::depart;
use crate::store::{StoreError, contract_row};
use crate::types::{Caip2, ChainKey, ContractKey};

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
    let (found, address) = scope::known_of_path(&state.pool, &asked, "address").await?;
    let chain = found.standing.clone();
    // A second request to remove what is removed already is as good as the first.
    let purged = found.contract.as_ref().filter(|row| row.purged).map(|row| ContractKey(row.id));
    let contract = match purged {
        Some(contract) => contract,
        None => {
            let tracked = scope::tracked(found, address);
            tracked.map_err(|problem| problem.at("path", "address"))?.keys().1
        }
    };
    let key = ChainKey(chain.chain);
    let id: Caip2 =
        chain.caip2.parse().map_err(|_| StoreError::Corrupt { column: "chains.caip2" })?;
    if depart::stop(&state.pool, (key, id), contract, purge).await? {
        tracing::info!(chain.id = %id, contract = %address, "{address} is no longer followed");
    }
    let row = contract_row::find(&state.pool, key, address).await?;
    let row = row.ok_or(StoreError::Fenced { what: "contract" })?;
    let meta = Meta::of(std::slice::from_ref(&chain));
    let mut response = answer::one(&view(&row, Some(&chain)), meta)?;
    if row.purging {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(response)
}
