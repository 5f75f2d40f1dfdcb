//! GET `/v1/contracts/{chain}/{address}/snapshot`: every holding at one block, streamed.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::stream::{Format, Holdings, Noted, Walk, of_ownership, respond};
use crate::api::{ApiState, params, scope};

/// Parameters that name the block of a snapshot.
pub(super) const OF_A_SNAPSHOT: &[&str] = &["at_block", "at_time", "min_finality", "block_hash"];
/// Problems of a snapshot.
pub(super) const REFUSED: &[Code] = &[
    Code::ContractNotTracked,
    Code::ContractNotReady,
    Code::ContractIrregular,
    Code::NotIndexed,
    Code::SnapshotGone,
];

/// GET `/v1/contracts/{chain}/{address}/snapshot`
pub(crate) const SNAPSHOT: Route =
    Route::get("/v1/contracts/{chain}/{address}/snapshot", || get(snapshot))
        .named("getSnapshot", "All its holdings at a block, as CSV or NDJSON")
        .query(&[OF_A_SNAPSHOT, &["format"]])
        .problems(REFUSED)
        .text(&["text/csv", "application/x-ndjson"])
        .headers(&[
            ("x-herald-block", "Number of the block that is shown"),
            ("x-herald-block-hash", "Its hash"),
            ("x-herald-finalized", "Number of the newest final block"),
        ]);

/// GET `/v1/contracts/{chain}/{address}/snapshot`
pub(crate) async fn snapshot(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let format = params::query(&asked, "format", Format::read)?.unwrap_or_default();
    let scope = scope::contract_of_path(&state, &asked, "address").await?;
    let (fixed, contract) = of_ownership(&state.pool, &asked, &scope).await?;
    let holdings = Holdings::of(&scope, contract.address, fixed.shown());
    let walk = Walk::begin(&state, fixed, holdings).await?;
    Ok(respond(walk, format, Noted::default()))
}
