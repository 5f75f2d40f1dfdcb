//! GET `/v1/contracts/{chain}/{address}/snapshot`: every holding at one block, streamed.

use axum::extract::State;
use axum::response::Response;

use crate::api::asked::Asked;
use crate::api::problem::Problem;
use crate::api::stream::{Format, Holdings, Noted, Walk, of_ownership, respond};
use crate::api::{ApiState, params, scope};

/// GET `/v1/contracts/{chain}/{address}/snapshot`
pub(crate) async fn snapshot(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&["at_block", "min_finality", "block_hash", "format"])?;
    let format = params::query(&asked, "format", Format::read)?.unwrap_or_default();
    let found = scope::contract_of_path(&state.pool, &asked, "address").await?;
    let fixed = of_ownership(&state.pool, &asked, &found).await?;
    let holdings = Holdings::of(&found, fixed.shown());
    let walk = Walk::begin(&state, fixed, holdings).await?;
    Ok(respond(walk, format, Noted::default()))
}
