//! A stand-in for the daemon's API: the routes that the comparison reads, answered from what the
//! chains' logs say, with a lie where a test wants one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, U256};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use herald::devnet::chains::DevChain;
use herald::devnet::node::Node;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the API gets wrong about every contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tamper {
    Nothing,
    LosesOwner,
    InventsOwner,
    ForgetsTransfer,
}

/// What the handlers know: how to ask the chains, and which contracts were announced.
struct Told {
    nodes: BTreeMap<String, Node>,
    tamper: Tamper,
    tracked: Mutex<BTreeSet<Address>>,
}

type Shared = State<Arc<Told>>;

pub(super) struct Api {
    listener: TcpListener,
    told: Arc<Told>,
}

impl Api {
    /// An API that follows the configured contracts, and the others once they are announced.
    pub(super) async fn new(chains: &[DevChain], tamper: Tamper) -> Self {
        let nodes = chains.iter().map(|chain| {
            (chain.name.to_owned(), Node::new(&chain.url).expect("the URL of a running node"))
        });
        let tracked = chains.iter().map(|chain| chain.configured.address).collect();
        let told = Told { nodes: nodes.collect(), tamper, tracked: Mutex::new(tracked) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, told: Arc::new(told) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(super) async fn serve(self) {
        let routes = Router::new()
            .route("/v1/chains/{chain}", get(chain_route))
            .route("/v1/chains/{chain}/reorgs", get(|| async { Json(json!({"data": []})) }))
            .route("/v1/contracts", post(track_route))
            .route("/v1/contracts/{chain}/{contract}", get(contract_route))
            .route("/v1/contracts/{chain}/{contract}/snapshot", get(snapshot_route))
            .route("/v1/tokens/{chain}/{contract}/{id}", get(token_route))
            .with_state(self.told);
        axum::serve(self.listener, routes).await.unwrap();
    }
}

async fn chain_route(State(told): Shared, Path(chain): Path<String>) -> Json<Value> {
    let head = told.nodes[&chain].head().await.unwrap();
    let as_of = json!({"head": head.number(), "indexed": head.number(), "block_hash": head.hash});
    Json(json!({"meta": {"as_of": [as_of]}}))
}

async fn track_route(State(told): Shared, headers: HeaderMap, body: Json<Value>) -> StatusCode {
    if headers.get("authorization").is_none_or(|key| key != "Bearer hk_test") {
        return StatusCode::UNAUTHORIZED;
    }
    let contract = body["contract"].as_str().unwrap().parse().unwrap();
    told.tracked.lock().unwrap().insert(contract);
    StatusCode::ACCEPTED
}

async fn contract_route(
    State(told): Shared,
    Path((chain, contract)): Path<(String, Address)>,
) -> Response {
    if !told.tracked.lock().unwrap().contains(&contract) {
        return (StatusCode::NOT_FOUND, Json(json!({"code": "contract_not_tracked"})))
            .into_response();
    }
    let logs = told.nodes[&chain].transfer_logs(contract).await.unwrap().len();
    let forgotten = usize::from(told.tamper == Tamper::ForgetsTransfer);
    Json(json!({"status": "ready", "transfers": logs - forgotten})).into_response()
}

async fn snapshot_route(
    State(told): Shared,
    Path((chain, contract)): Path<(String, Address)>,
) -> String {
    let owners = super::replayed(&told.nodes[&chain], contract).await;
    let mut holders: BTreeMap<U256, Address> =
        owners.into_iter().filter_map(|(id, owner)| owner.map(|owner| (id, owner))).collect();
    match told.tamper {
        Tamper::Nothing | Tamper::ForgetsTransfer => {}
        Tamper::LosesOwner => {
            holders.pop_last();
        }
        Tamper::InventsOwner => {
            holders.insert(U256::from(1_000_000), Address::ZERO);
        }
    }
    let lines = holders.into_iter().map(|(id, owner)| {
        json!({"token_id": id.to_string(), "owner": owner, "balance": "1"}).to_string() + "\n"
    });
    lines.collect()
}

async fn token_route(
    State(told): Shared,
    Path((chain, contract, id)): Path<(String, Address, String)>,
) -> Response {
    let id = U256::from_str_radix(&id, 10).unwrap();
    match super::replayed(&told.nodes[&chain], contract).await.get(&id) {
        Some(owner) => Json(json!({"owner": owner})).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"code": "token_unknown"}))).into_response(),
    }
}
