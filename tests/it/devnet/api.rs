//! A stand-in for the daemon's API: the routes that the comparison reads, answered from what the
//! chains' logs say, with a lie where a test wants one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256, U256};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use herald::devnet::chains::DevChain;
use herald::devnet::contracts::Kind;
use herald::devnet::node::Node;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::replay::{Move, Replay, moves};

/// What the API gets wrong about every contract that has such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tamper {
    Nothing,
    LosesOwner,
    InventsOwner,
    ForgetsTransfer,
    /// Only in the state of an earlier block.
    LosesPastOwner,
    /// Only in the list of tokens, on its last page.
    ShortensList,
    /// The last token of a range belongs to the range no more.
    ShortensRange,
    /// One too many in a balance, in the list of a token's owners.
    AddsToBalance,
    /// It never finds out what a contract is.
    KnowsNoStandard,
}

/// What the handlers know: how to ask the chains, and which contracts were announced.
struct Told {
    nodes: BTreeMap<String, Node>,
    kinds: BTreeMap<(String, Address), Kind>,
    tamper: Tamper,
    tracked: Mutex<BTreeSet<(String, Address)>>,
    replays: Mutex<HashMap<Moment, Arc<Replay>>>,
}

/// A contract, the newest block, and an earlier one where that is asked for.
type Moment = ((String, Address), B256, Option<u64>);

type Shared = State<Arc<Told>>;
type Of = Path<(String, Address)>;
type Asked = Query<BTreeMap<String, String>>;

/// Rows of a page, few, so that there are several.
const PAGE: usize = 700;

pub(super) struct Api {
    listener: TcpListener,
    told: Arc<Told>,
}

impl Api {
    /// An API that follows the configured contracts, and the others once they are announced.
    pub(super) async fn new(chains: &[DevChain], tamper: Tamper) -> Self {
        let nodes = chains
            .iter()
            .map(|chain| (chain.name.to_owned(), Node::new(&chain.url).expect("a running node")));
        let all = chains.iter().flat_map(|chain| chain.contracts.iter().map(move |of| (chain, of)));
        let kinds = all.clone().map(|(chain, contract)| {
            ((chain.name.to_owned(), contract.address), contract.plan.kind)
        });
        let tracked = all
            .filter(|(_, contract)| contract.plan.configured)
            .map(|(chain, contract)| (chain.name.to_owned(), contract.address));
        let tracked = Mutex::new(tracked.collect());
        let (nodes, kinds) = (nodes.collect(), kinds.collect());
        let told = Told { nodes, kinds, tamper, tracked, replays: Mutex::default() };
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
            .route("/v1/contracts/{chain}/{contract}/tokens", get(tokens_route))
            .route("/v1/contracts/{chain}/{contract}/transfers", get(transfers_route))
            .route("/v1/tokens/{chain}/{contract}/{id}", get(token_route))
            .route("/v1/tokens/{chain}/{contract}/{id}/owners", get(owners_route))
            .with_state(self.told);
        axum::serve(self.listener, routes).await.unwrap();
    }
}

impl Told {
    async fn replay(&self, of: &(String, Address), at: Option<u64>) -> Arc<Replay> {
        let node = &self.nodes[&of.0];
        let moment = (of.clone(), node.head().await.unwrap().hash, at);
        if let Some(known) = self.replays.lock().unwrap().get(&moment) {
            return Arc::clone(known);
        }
        let replay = Arc::new(Replay::of(node, of.1, at).await);
        self.replays.lock().unwrap().insert(moment, Arc::clone(&replay));
        replay
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
    let chain = body["chain"].as_str().unwrap().to_owned();
    let of = (chain, body["contract"].as_str().unwrap().parse().unwrap());
    let right = match told.kinds[&of] {
        Kind::Collectible => Some("erc721"),
        Kind::Consecutive | Kind::Items => None,
    };
    assert_eq!(body.get("standard").and_then(Value::as_str), right, "of {of:?}");
    told.tracked.lock().unwrap().insert(of);
    StatusCode::ACCEPTED
}

async fn contract_route(State(told): Shared, Path(of): Of) -> Response {
    if !told.tracked.lock().unwrap().contains(&of) {
        return (StatusCode::NOT_FOUND, Json(json!({"code": "contract_not_tracked"})))
            .into_response();
    }
    let transfers = told.replay(&of, None).await.transfers;
    let forgotten = u64::from(told.tamper == Tamper::ForgetsTransfer);
    let standard = match told.kinds[&of] {
        _ if told.tamper == Tamper::KnowsNoStandard => None,
        Kind::Collectible | Kind::Consecutive => Some("erc721"),
        Kind::Items => Some("erc1155"),
    };
    Json(json!({"status": "ready", "transfers": transfers - forgotten, "standard": standard}))
        .into_response()
}

/// Token, holder and balance, in order.
type Row = (U256, Address, U256);

fn rows(replay: &Replay) -> Vec<Row> {
    let tokens = replay.tokens.iter();
    tokens.flat_map(|(id, all)| all.iter().map(move |(who, much)| (*id, *who, *much))).collect()
}

fn row((id, owner, balance): Row) -> Value {
    json!({"token_id": id.to_string(), "owner": owner, "balance": balance.to_string()})
}

async fn snapshot_route(State(told): Shared, Path(of): Of, Query(asked): Asked) -> String {
    let at = asked.get("at_block").map(|block| block.parse().unwrap());
    let mut rows = rows(&*told.replay(&of, at).await);
    match told.tamper {
        Tamper::LosesOwner if at.is_none() => drop(rows.pop()),
        Tamper::LosesPastOwner if at.is_some() => drop(rows.pop()),
        Tamper::InventsOwner if at.is_none() => {
            rows.push((U256::from(1_000_000), Address::ZERO, U256::ONE));
        }
        _ => {}
    }
    rows.into_iter().map(|of| row(of).to_string() + "\n").collect()
}

async fn tokens_route(State(told): Shared, Path(of): Of, Query(asked): Asked) -> Json<Value> {
    let mut rows = rows(&*told.replay(&of, None).await);
    if told.tamper == Tamper::ShortensList {
        rows.pop();
    }
    page(&rows, &asked, |of| row(*of))
}

async fn transfers_route(State(told): Shared, Path(of): Of, Query(asked): Asked) -> Json<Value> {
    let logs = told.nodes[&of.0].logs(of.1).await.unwrap();
    let steps: Vec<Move> = logs.iter().flat_map(moves).collect();
    page(&steps, &asked, |step| match step {
        Move::Amount(id, _, to, _) => json!({"token_id": id.to_string(), "to": to}),
        Move::Owned(first, last, to) if first == last => {
            json!({"token_id": first.to_string(), "to": to})
        }
        Move::Owned(first, last, to) => {
            let last = last - U256::from(u8::from(told.tamper == Tamper::ShortensRange));
            json!({"token_id": first.to_string(), "token_id_to": last.to_string(), "to": to})
        }
    })
}

/// A page of these rows; its cursor says how many came before.
fn page<T>(
    rows: &[T],
    asked: &BTreeMap<String, String>,
    show: impl Fn(&T) -> Value,
) -> Json<Value> {
    let before = asked.get("cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let end = (before + PAGE).min(rows.len());
    let next = (end < rows.len()).then(|| end.to_string());
    let data: Vec<Value> = rows[before..end].iter().map(show).collect();
    Json(json!({"data": data, "page": {"next": next}}))
}

async fn token_route(
    State(told): Shared,
    Path((chain, contract, id)): Path<(String, Address, U256)>,
) -> Response {
    match told.replay(&(chain, contract), None).await.tokens.get(&id) {
        Some(holders) => Json(json!({"owner": holders.keys().next()})).into_response(),
        None => unknown(),
    }
}

async fn owners_route(
    State(told): Shared,
    Path((chain, contract, id)): Path<(String, Address, U256)>,
) -> Response {
    let Some(mut holders) = told.replay(&(chain, contract), None).await.tokens.get(&id).cloned()
    else {
        return unknown();
    };
    if told.tamper == Tamper::AddsToBalance
        && let Some(mut first) = holders.first_entry()
    {
        *first.get_mut() ^= U256::ONE;
    }
    let rows: Vec<Value> = holders.into_iter().map(|(who, much)| row((id, who, much))).collect();
    Json(json!({"data": rows, "page": {"next": null}})).into_response()
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"code": "token_unknown"}))).into_response()
}
