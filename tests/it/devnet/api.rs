//! A stand-in for the daemon's API: the routes that the comparison reads, answered from what the
//! chains' logs say, with a lie where a test wants one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::{Address, U256};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use herald::devnet::chains::DevChain;
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

struct Contract {
    owners: BTreeMap<U256, Option<Address>>,
    snapshot: BTreeMap<U256, Address>,
    transfers: u64,
}

struct Told {
    contracts: BTreeMap<(String, Address), Contract>,
    heads: BTreeMap<String, Value>,
}

pub(super) struct Api {
    listener: TcpListener,
    told: Arc<Told>,
}

impl Api {
    pub(super) async fn new(chains: &[DevChain], tamper: Tamper) -> Self {
        let mut told = Told { contracts: BTreeMap::new(), heads: BTreeMap::new() };
        for chain in chains {
            let head = chain.node.head().await.unwrap();
            let as_of = json!({"head": head.number(), "indexed": head.number(),
                "block_hash": head.hash});
            told.heads.insert(chain.name.to_owned(), json!({"meta": {"as_of": [as_of]}}));
            for deployed in [&chain.configured, &chain.announced] {
                let contract = contract(chain, deployed.address, tamper).await;
                told.contracts.insert((chain.name.to_owned(), deployed.address), contract);
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, told: Arc::new(told) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(super) async fn serve(self) {
        let routes = Router::new()
            .route("/v1/chains/{chain}", get(chain_route))
            .route("/v1/contracts/{chain}/{contract}", get(contract_route))
            .route("/v1/contracts/{chain}/{contract}/snapshot", get(snapshot_route))
            .route("/v1/tokens/{chain}/{contract}/{id}", get(token_route))
            .with_state(self.told);
        axum::serve(self.listener, routes).await.unwrap();
    }
}

async fn contract(chain: &DevChain, address: Address, tamper: Tamper) -> Contract {
    let owners = super::replayed(&chain.node, address).await;
    let mut transfers = chain.node.transfer_logs(address).await.unwrap().len() as u64;
    let mut snapshot: BTreeMap<U256, Address> =
        owners.iter().filter_map(|(id, owner)| owner.map(|owner| (*id, owner))).collect();
    match tamper {
        Tamper::Nothing => {}
        Tamper::LosesOwner => {
            snapshot.pop_last();
        }
        Tamper::InventsOwner => {
            snapshot.insert(U256::from(1_000_000), Address::ZERO);
        }
        Tamper::ForgetsTransfer => transfers -= 1,
    }
    Contract { owners, snapshot, transfers }
}

async fn chain_route(State(told): State<Arc<Told>>, Path(chain): Path<String>) -> Json<Value> {
    Json(told.heads[&chain].clone())
}

async fn contract_route(
    State(told): State<Arc<Told>>,
    Path(key): Path<(String, Address)>,
) -> Json<Value> {
    Json(json!({"status": "ready", "transfers": told.contracts[&key].transfers}))
}

async fn snapshot_route(
    State(told): State<Arc<Told>>,
    Path(key): Path<(String, Address)>,
) -> String {
    let lines = told.contracts[&key].snapshot.iter().map(|(id, owner)| {
        json!({"token_id": id.to_string(), "owner": owner, "balance": "1"}).to_string() + "\n"
    });
    lines.collect()
}

async fn token_route(
    State(told): State<Arc<Told>>,
    Path((chain, contract, id)): Path<(String, Address, String)>,
) -> Response {
    let id = U256::from_str_radix(&id, 10).unwrap();
    match told.contracts[&(chain, contract)].owners.get(&id) {
        Some(owner) => Json(json!({"owner": owner})).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"code": "token_unknown"}))).into_response(),
    }
}
