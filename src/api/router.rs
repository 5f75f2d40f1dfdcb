//! One table of every route, and the router made of it.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;

use super::ApiState;
use super::admit::admit;
use super::codes::Code;
use super::conditional::conditional;
use super::finish::{Shared, finish, panicked, timed};
use super::problem::Problem;
use super::reads::Servers;
use super::route::Route;
use super::routes::{
    chains, checks, contracts, described, events, export, ownership, root, snapshot, system,
    token_batch, tokens, track, transfers, untrack, wallet_contracts, wallets, wallets_tokens,
};
use super::streaming::{gated, paced};
use super::{compression, cors};
use crate::store::read_replica::ReadReplica;

/// Every route.
pub const ROUTES: &[Route] = &[
    chains::LIST,
    chains::ONE,
    chains::REORGS,
    contracts::LIST,
    track::CREATE,
    contracts::ONE,
    untrack::REMOVE,
    ownership::CONTRACT_TOKENS,
    ownership::CONTRACT_OWNERS,
    transfers::OF_CONTRACT,
    snapshot::SNAPSHOT,
    root::ROOT,
    export::OF_CONTRACT,
    tokens::ONE,
    ownership::TOKEN_OWNERS,
    transfers::OF_TOKEN,
    token_batch::BATCH,
    checks::CHECK,
    wallets_tokens::LIST,
    wallet_contracts::CONTRACTS,
    wallet_contracts::SUMMARY,
    wallets::TOKENS,
    transfers::OF_WALLET,
    transfers::LIST,
    export::OF_CHAIN,
    events::LIST,
    events::ONE,
    system::LIVE,
    system::READY,
    system::VERSION,
    system::METRICS,
    described::OPENAPI,
];

/// What the paths of the API begin with; the others are about the process.
pub(super) const API: &str = "/v1/";

/// The API over this state.
pub fn router(state: ApiState) -> Router {
    router_beside(state, None)
}

/// The same with reads answered by a read replica while it is fit.
pub fn router_beside(state: ApiState, replica: Option<Arc<ReadReplica>>) -> Router {
    made_of(ROUTES.iter(), "no route has this path", (state, replica))
}

/// The routes about the process alone, for a replica that does not answer the API.
pub fn bare_router(state: ApiState) -> Router {
    let own = ROUTES.iter().filter(|route| !route.path.starts_with(API));
    made_of(own, "no route has this path: this replica runs without the role api", (state, None))
}

fn made_of(
    routes: impl Iterator<Item = &'static Route>,
    unknown: &'static str,
    (state, replica): (ApiState, Option<Arc<ReadReplica>>),
) -> Router {
    let cors = cors::layer(&state.cors_origins);
    let (limit, shared) = (state.request_timeout, Shared(cors.is_some()));
    let servers = Servers::new(state.clone(), replica);
    let mut router = Router::new();
    for route in routes {
        let admitted = || {
            let admitted = from_fn_with_state((state.clone(), route), admit);
            (route.handler)().route_layer(admitted)
        };
        router = router.route(route.path, servers.routed((route.method, route.path), admitted));
    }
    let router = router
        .fallback(move || async move { Problem::new(Code::RouteUnknown, unknown).into_response() })
        .method_not_allowed_fallback(|| async {
            let detail = "the path exists, but not for this method";
            Problem::new(Code::MethodNotAllowed, detail).into_response()
        })
        .with_state(state)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(limit, timed))
        .layer(from_fn(conditional))
        .layer(map_response(gated))
        .layer(compression::layer())
        .layer(map_response(paced));
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router.layer(from_fn_with_state(shared, finish))
}
