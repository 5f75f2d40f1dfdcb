//! `/v1/chains`: the chains, and the journal of their reorgs.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::answer::{self, Meta, instant};
use crate::api::asked::Asked;
use crate::api::cursor::Cursor;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope, shapes};
use crate::store::read::chains::{ChainRow, EndpointRow, chains};
use crate::store::read::reorgs;
use crate::types::ChainKey;

/// A chain.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Chain")]
struct ChainView {
    #[schemars(with = "shapes::ChainId")]
    id: String,
    /// Its alias in the configuration.
    name: String,
    #[schemars(with = "shapes::ChainStatus")]
    status: String,
    /// Why it is so.
    status_detail: Option<String>,
    /// Newest block that a node has shown.
    head: Option<i64>,
    /// Last committed block.
    indexed: Option<i64>,
    /// Newest safe block.
    safe: Option<i64>,
    /// Newest final block.
    finalized: Option<i64>,
    /// Blocks between `head` and `indexed`.
    lag_blocks: Option<i64>,
    /// 0 at the head, else since when the last commit was, in milliseconds.
    lag_ms: Option<i64>,
    #[schemars(with = "shapes::Indexes")]
    indexes: String,
    load: LoadView,
    endpoints: Vec<EndpointView>,
}

/// How far the past is loaded; without a rate where nothing is loading or nothing moves.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Load")]
struct LoadView {
    /// Blocks that are loaded.
    blocks_done: i64,
    /// Blocks of the load.
    blocks_total: i64,
    /// Smoothed over half a minute.
    blocks_per_s: Option<f64>,
    /// Seconds left at that rate.
    eta_s: Option<f64>,
}

/// A node that is asked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Endpoint")]
struct EndpointView {
    /// Its name in the configuration; its URL is a secret.
    name: String,
    #[schemars(with = "shapes::EndpointStatus")]
    status: String,
    /// Why it is so.
    detail: Option<String>,
    /// Newest block that it has shown.
    head: Option<i64>,
    /// Failed requests by requests since the process started.
    error_rate: Option<f64>,
    /// Smoothed.
    latency_ms: Option<f64>,
    /// Not counted yet: always `null`.
    omissions: Option<i64>,
}

/// Blocks that were taken back.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reorg")]
struct ReorgView {
    #[schemars(with = "shapes::Time")]
    at: String,
    /// Blocks that were taken back.
    depth: i64,
    /// The old checkpoint.
    from: BlockView,
    /// The last common block.
    to: BlockView,
    transfers_removed: i64,
    events_appended: i64,
    #[schemars(with = "shapes::Cause")]
    cause: String,
}

/// A block by number and hash.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockHash")]
struct BlockView {
    number: i64,
    #[schemars(with = "shapes::Hash")]
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
pub(crate) const LIST: Route = Route::get("/v1/chains", || get(list))
    .named("listChains", "The chains with their marks, load and endpoints")
    .query(&[&["cursor", "limit"]])
    .list::<ChainView>();

/// GET `/v1/chains`
pub(crate) async fn list(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
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
pub(crate) const ONE: Route =
    Route::get("/v1/chains/{chain}", || get(one)).named("getChain", "One chain").one::<ChainView>();

/// GET `/v1/chains/{chain}`
pub(crate) async fn one(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    let chain = scope::chain_of_path(&state, &asked).await?;
    let rows = chains(&state.pool, Some(ChainKey(chain.chain))).await?;
    let row = rows.into_iter().next();
    let row = row.ok_or(crate::store::StoreError::Fenced { what: "chain" })?;
    let meta = Meta::of(std::slice::from_ref(&row.standing));
    answer::one(&view(row), meta)
}

/// GET `/v1/chains/{chain}/reorgs`
pub(crate) const REORGS: Route = Route::get("/v1/chains/{chain}/reorgs", || get(reorgs))
    .named("listReorgs", "The journal of reorgs, newest first")
    .query(&[&["cursor", "limit"]])
    .list::<ReorgView>();

/// GET `/v1/chains/{chain}/reorgs`
pub(crate) async fn reorgs(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
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
