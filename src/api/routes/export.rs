//! Transfers in the order of their positions, streamed: of a contract, and of a chain.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::found::Found;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::stream::{Format, Noted, Transfers, Walk, of_transfers, respond, start};
use crate::api::{ApiState, params, scope};
use crate::store::read::at::At;
use crate::store::read::contracts::contract_at;
use crate::store::read::export::{standing, whole};
use crate::store::read::{NOW, Standing};
use crate::types::ChainKey;

/// Parameters of both.
const OF_BOTH: &[&str] =
    &["format", "from_block", "after_position", "to_block", "block_hash", "min_finality"];

/// Headers of the export of a contract.
const HEADERS: &[(&str, &str)] = &[BLOCK, HASH, FINALIZED];
/// Headers of the export of a chain.
const HEADERS_OF_CHAIN: &[(&str, &str)] = &[
    BLOCK,
    HASH,
    FINALIZED,
    ("x-herald-incomplete", "How many contracts are left out: their history is not whole"),
];
const BLOCK: (&str, &str) = ("x-herald-block", "Number of the last block");
const HASH: (&str, &str) = ("x-herald-block-hash", "Its hash");
const FINALIZED: (&str, &str) = ("x-herald-finalized", "Number of the newest final block");

/// GET `/v1/contracts/{chain}/{address}/transfers/export`
pub(crate) const OF_CONTRACT: Route =
    Route::get("/v1/contracts/{chain}/{address}/transfers/export", || get(of_contract))
        .named("exportContractTransfers", "All its transfers, as CSV or NDJSON")
        .query(&[OF_BOTH])
        .problems(&[
            Code::ContractNotTracked,
            Code::ContractNotReady,
            Code::ChainIndexing,
            Code::NotIndexed,
            Code::SnapshotGone,
        ])
        .text(&["text/csv", "application/x-ndjson"])
        .headers(HEADERS);

/// GET `/v1/transfers/export`
pub(crate) const OF_CHAIN: Route = Route::get("/v1/transfers/export", || get(of_chain))
    .named("exportTransfers", "All transfers of a chain, as CSV or NDJSON")
    .query(&[&["chain"], OF_BOTH])
    .problems(&[Code::ContractNotReady, Code::ChainIndexing, Code::NotIndexed, Code::SnapshotGone])
    .text(&["text/csv", "application/x-ndjson"])
    .headers(HEADERS_OF_CHAIN);

/// What is asked for, beside which contracts.
fn taken(asked: &Asked, chain: &Standing) -> Result<Format, Problem> {
    if chain.indexing {
        let detail =
            format!("the indexes of {} are built once its first load is done", chain.caip2);
        return Err(Problem::new(Code::ChainIndexing, detail));
    }
    Ok(params::query(asked, "format", Format::read)?.unwrap_or_default())
}

/// GET `/v1/contracts/{chain}/{address}/transfers/export`
pub(crate) async fn of_contract(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let after = start(&asked)?;
    let scope = scope::contract_of_path(&state, &asked, "address").await?;
    let read = contract_at(&state.pool, scope.keys(), At::Now).await?;
    let found = Found::of(&read)?;
    let format = taken(&asked, found.chain)?;
    let fixed = of_transfers(&state.pool, &asked, found.chain, found.whole_to()?).await?;
    let transfers = Transfers::of(vec![scope.contract.0], false, fixed.shown(), after);
    let walk = Walk::begin(&state, fixed, transfers).await?;
    Ok(respond(walk, format, Noted::default()))
}

/// GET `/v1/transfers/export`
pub(crate) async fn of_chain(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let after = start(&asked)?;
    if asked.query("chain").is_none() {
        let detail = "chain= is needed: positions order the transfers of one chain";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "chain"));
    }
    let chains = scope::chains_of_query(&state, &asked).await?;
    let unknown = || Problem::new(Code::ChainUnknown, "no such chain");
    let key = ChainKey(chains.first().ok_or_else(unknown)?.chain);
    let chain = standing(&state.pool, key, NOW).await?.ok_or_else(unknown)?;
    let format = taken(&asked, &chain)?;
    let fixed = of_transfers(&state.pool, &asked, &chain, i64::MAX).await?;
    let (contracts, incomplete) = whole(&state.pool, key).await?;
    let transfers = Transfers::of(contracts, true, fixed.shown(), after);
    let walk = Walk::begin(&state, fixed, transfers).await?;
    Ok(respond(walk, format, Noted { incomplete: Some(incomplete) }))
}
