//! One table of every route, and the router made of it.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::ApiState;
use super::codes::Code;
use super::finish::{finish, panicked};
use super::problem::Problem;
use super::routes::{
    chains, checks, contracts, events, ownership, snapshot, system, token_batch, tokens, track,
    transfers, untrack, wallet_contracts, wallets, wallets_tokens,
};

/// A route.
pub struct Route {
    /// HTTP method; GET answers HEAD too.
    pub method: &'static str,
    /// Pattern of the path.
    pub path: &'static str,
    /// What it answers, in one line.
    pub summary: &'static str,
    handler: fn() -> MethodRouter<ApiState>,
}

const fn route(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    handler: fn() -> MethodRouter<ApiState>,
) -> Route {
    Route { method, path, summary, handler }
}

/// Every route.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route("GET", "/v1/chains", "The chains with their marks, load and endpoints", || get(chains::list)),
    route("GET", "/v1/chains/{chain}", "One chain", || get(chains::one)),
    route("GET", "/v1/chains/{chain}/reorgs", "The journal of reorgs, newest first", || get(chains::reorgs)),
    route("GET", "/v1/contracts", "The tracked contracts", || get(contracts::list)),
    route("POST", "/v1/contracts", "Tracks a contract", || post(track::create)),
    route("GET", "/v1/contracts/{chain}/{address}", "One contract", || get(contracts::one)),
    route("DELETE", "/v1/contracts/{chain}/{address}", "Stops tracking a contract", || delete(untrack::remove)),
    route("GET", "/v1/contracts/{chain}/{address}/tokens", "Its tokens with their owners", || get(ownership::contract_tokens_list)),
    route("GET", "/v1/contracts/{chain}/{address}/owners", "Its owners with their balances", || get(ownership::contract_owners_list)),
    route("GET", "/v1/contracts/{chain}/{address}/transfers", "Its transfers", || get(transfers::of_contract)),
    route("GET", "/v1/contracts/{chain}/{address}/snapshot", "All its holdings at a block, as CSV or NDJSON", || get(snapshot::snapshot)),
    route("GET", "/v1/tokens/{chain}/{contract}/{token_id}", "One token", || get(tokens::one)),
    route("GET", "/v1/tokens/{chain}/{contract}/{token_id}/owners", "Who holds it", || get(ownership::token_owners)),
    route("GET", "/v1/tokens/{chain}/{contract}/{token_id}/transfers", "Its transfers", || get(transfers::of_token)),
    route("POST", "/v1/tokens/batch", "Many tokens at once", || post(token_batch::batch)),
    route("POST", "/v1/ownership/checks", "Whether wallets hold tokens", || post(checks::check)),
    route("POST", "/v1/wallets/tokens", "What several wallets hold", || post(wallets_tokens::list)),
    route("GET", "/v1/wallets/{address}/contracts", "The contracts that a wallet holds anything of", || get(wallet_contracts::contracts)),
    route("GET", "/v1/wallets/{address}/summary", "How much a wallet holds", || get(wallet_contracts::summary)),
    route("GET", "/v1/wallets/{address}/tokens", "What a wallet holds", || get(wallets::tokens)),
    route("GET", "/v1/wallets/{address}/transfers", "What a wallet gave and received", || get(transfers::of_wallet)),
    route("GET", "/v1/transfers", "Transfers by filters", || get(transfers::list)),
    route("GET", "/v1/events", "The feed from a position on", || get(events::list)),
    route("GET", "/v1/events/{id}", "One event", || get(events::one)),
    route("GET", "/health/live", "The process answers", || get(system::live)),
    route("GET", "/health/ready", "The database is reachable and its schema fits", || get(system::ready)),
    route("GET", "/version", "Name and version of this release", || get(system::version)),
    route("GET", "/metrics", "Metrics in Prometheus' text format", || get(system::metrics)),
];

/// What the paths of the API begin with; the others are about the process.
const API: &str = "/v1/";

/// The API over this state.
pub fn router(state: ApiState) -> Router {
    made_of(ROUTES.iter(), "no route has this path", state)
}

/// The routes about the process alone, for a replica that does not answer the API.
pub fn bare_router(state: ApiState) -> Router {
    let own = ROUTES.iter().filter(|route| !route.path.starts_with(API));
    made_of(own, "no route has this path: this replica runs without the role api", state)
}

fn made_of(
    routes: impl Iterator<Item = &'static Route>,
    unknown: &'static str,
    state: ApiState,
) -> Router {
    let limit = state.request_timeout;
    let mut router = Router::new();
    for route in routes {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(move || async move { Problem::new(Code::RouteUnknown, unknown).into_response() })
        .method_not_allowed_fallback(|| async {
            let detail = "the path exists, but not for this method";
            Problem::new(Code::MethodNotAllowed, detail).into_response()
        })
        .with_state(state)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(limit, finish))
}
