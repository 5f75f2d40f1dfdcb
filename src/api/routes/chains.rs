//! `/v1/chains`: the chains, and the journal of their reorgs.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use crate::api::answer::{self, Meta, instant};
use crate::api::asked::Asked;
use crate::api::cursor::Cursor;
use crate::api::problem::Problem;
use crate::api::{ApiState, params, scope};
use crate::store::read::chains::{ChainRow, EndpointRow, chains};
use crate::store::read::reorgs;
use crate::types::ChainKey;

#[derive(Serialize)]
struct ChainView {
    id: String,
    name: String,
    status: String,
    status_detail: Option<String>,
    head: Option<i64>,
    indexed: Option<i64>,
    safe: Option<i64>,
    finalized: Option<i64>,
    lag_blocks: Option<i64>,
    lag_ms: Option<i64>,
    indexes: String,
    load: LoadView,
    endpoints: Vec<EndpointView>,
}

/// How far the past is loaded; without a rate where nothing is loading or nothing moves.
#[derive(Serialize)]
struct LoadView {
    blocks_done: i64,
    blocks_total: i64,
    blocks_per_s: Option<f64>,
    eta_s: Option<f64>,
}

#[derive(Serialize)]
struct EndpointView {
    name: String,
    status: String,
    detail: Option<String>,
    head: Option<i64>,
    error_rate: Option<f64>,
    latency_ms: Option<f64>,
    /// Not counted yet.
    omissions: Option<i64>,
}

#[derive(Serialize)]
struct ReorgView {
    at: String,
    depth: i64,
    from: BlockView,
    to: BlockView,
    transfers_removed: i64,
    events_appended: i64,
    cause: String,
}

#[derive(Serialize)]
struct BlockView {
    number: i64,
    hash: String,
}

fn endpoint(row: EndpointRow) -> EndpointView {
    // Counts of requests stay far below 2^53, where `f64` is exact.
    let error_rate = (row.requests > 0).then(|| row.failures as f64 / row.requests as f64);
    EndpointView {
        name: row.name,
        status: row.status,
        detail: row.detail,
        head: row.head,
        error_rate,
        latency_ms: row.latency_ms,
        omissions: None,
    }
}

fn view(row: ChainRow) -> ChainView {
    let standing = row.standing;
    let behind = |(head, indexed): (i64, i64)| (head - indexed).max(0);
    ChainView {
        lag_blocks: standing.head.zip(standing.indexed).map(behind),
        id: standing.caip2,
        name: standing.alias,
        status: standing.status,
        status_detail: row.status_detail,
        head: standing.head,
        indexed: standing.indexed,
        safe: standing.safe,
        finalized: standing.finalized,
        lag_ms: standing.lag_ms,
        indexes: row.indexes,
        load: LoadView {
            blocks_done: row.load.blocks_done,
            blocks_total: row.load.blocks_total,
            blocks_per_s: row.load.blocks_per_s.map(|rate| (rate * 10.0).round() / 10.0),
            eta_s: row.load.eta_s().map(f64::ceil),
        },
        endpoints: row.endpoints.0.into_iter().map(endpoint).collect(),
    }
}

/// GET `/v1/chains`
pub(crate) async fn list(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    asked.only(&["cursor", "limit"])?;
    let limit = params::limit(&asked)?;
    let after = Cursor::<i16>::read(&asked, "cursor")?.map_or(i16::MIN, |cursor| cursor.k);
    let mut rows = chains(&state.pool, None).await?;
    rows.retain(|row| row.standing.chain > after);
    let more = answer::page(&mut rows, limit);
    let last = rows.last().map(|row| row.standing.chain).filter(|_| more);
    let standings: Vec<_> = rows.iter().map(|row| row.standing.clone()).collect();
    let next = last.map(|last| Cursor::write(&asked, last, Vec::new()));
    let data = rows.into_iter().map(view).collect();
    answer::list::<ChainView>(data, limit, next, Meta::of(&standings))
}

/// GET `/v1/chains/{chain}`
pub(crate) async fn one(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    asked.only(&[])?;
    let chain = scope::chain_of_path(&state, &asked).await?;
    let rows = chains(&state.pool, Some(ChainKey(chain.chain))).await?;
    let row = rows.into_iter().next();
    let row = row.ok_or(crate::store::StoreError::Fenced { what: "chain" })?;
    let meta = Meta::of(std::slice::from_ref(&row.standing));
    answer::one(&view(row), meta)
}

/// GET `/v1/chains/{chain}/reorgs`
pub(crate) async fn reorgs(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&["cursor", "limit"])?;
    let limit = params::limit(&asked)?;
    let before = Cursor::<i64>::read(&asked, "cursor")?.map_or(i64::MAX, |cursor| cursor.k);
    let chain = scope::chain_of_path(&state, &asked).await?;
    let mut read = reorgs::reorgs(&state.pool, ChainKey(chain.chain), before, limit + 1).await?;
    let more = answer::page(&mut read.rows, limit);
    let last = read.rows.last().map(|row| row.id).filter(|_| more);
    let next = last.map(|last| Cursor::write(&asked, last, Vec::new()));
    let hash = |bytes: &[u8]| alloy::primitives::hex::encode_prefixed(bytes);
    let reorg = |row: reorgs::ReorgRow| ReorgView {
        at: instant(row.at),
        depth: row.depth,
        from: BlockView { number: row.from_block, hash: hash(&row.from_hash) },
        to: BlockView { number: row.to_block, hash: hash(&row.to_hash) },
        transfers_removed: row.transfers_removed,
        events_appended: row.events_appended,
        cause: row.cause,
    };
    let data = read.rows.into_iter().map(reorg).collect();
    answer::list(data, limit, next, Meta::of(&read.as_of))
}
