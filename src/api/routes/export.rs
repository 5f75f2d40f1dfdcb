//! Transfers in the order of their positions, streamed: of a contract, and of a chain.

use axum::extract::State;
use axum::response::Response;

use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::api::stream::{Format, Noted, Transfers, Walk, of_transfers, respond, start};
use crate::api::{ApiState, params, scope};
use crate::store::read::Standing;
use crate::store::read::export::whole;
use crate::types::ChainKey;

/// Parameters of both.
const OF_BOTH: &[&str] =
    &["format", "from_block", "after", "to_block", "block_hash", "min_finality"];

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
    asked.only(OF_BOTH)?;
    let after = start(&asked)?;
    let found = scope::contract_of_path(&state.pool, &asked, "address").await?;
    let format = taken(&asked, &found.chain)?;
    let fixed = of_transfers(&state.pool, &asked, &found.chain, found.whole_to()?).await?;
    let transfers = Transfers::of(vec![found.contract.id], false, fixed.shown(), after);
    let walk = Walk::begin(&state, fixed, transfers).await?;
    Ok(respond(walk, format, Noted::default()))
}

/// GET `/v1/transfers/export`
pub(crate) async fn of_chain(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&[OF_BOTH, &["chain"]].concat())?;
    let after = start(&asked)?;
    if asked.query("chain").is_none() {
        let detail = "chain= is needed: positions order the transfers of one chain";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "chain"));
    }
    let chains = scope::chains_of_query(&state.pool, &asked).await?;
    let chain = chains.first().ok_or_else(|| Problem::new(Code::ChainUnknown, "no such chain"))?;
    let format = taken(&asked, chain)?;
    let fixed = of_transfers(&state.pool, &asked, chain, i64::MAX).await?;
    let (contracts, incomplete) = whole(&state.pool, ChainKey(chain.chain)).await?;
    let transfers = Transfers::of(contracts, true, fixed.shown(), after);
    let walk = Walk::begin(&state, fixed, transfers).await?;
    Ok(respond(walk, format, Noted { incomplete: Some(incomplete) }))
}
