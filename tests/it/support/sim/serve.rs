//! A simulated node on loopback: JSON-RPC over HTTP, with batches, and over WebSocket, with
//! `newHeads`.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::json;
use super::node::SimNode;
use super::rpc::answer;

/// The subscription id of every connection, which can have one.
const SUBSCRIPTION: &str = "0x1";

/// A node that is being served; it stops when this is dropped.
pub(crate) struct Served {
    /// Where it answers HTTP.
    pub(crate) http: String,
    /// Where it answers WebSocket.
    pub(crate) ws: String,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves the node on a free port of loopback.
pub(crate) async fn serve(node: SimNode) -> Served {
    serve_at(node, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
}

/// Serves the node at this address, whatever the path: providers put the key of an account there.
pub(crate) async fn serve_at(node: SimNode, address: SocketAddr) -> Served {
    let listener = TcpListener::bind(address).await.expect("the address is free");
    let address = listener.local_addr().expect("a bound listener has an address");
    let router = Router::new().fallback(post(http).get(upgrade)).with_state(node);
    #[expect(clippy::disallowed_methods, reason = "the node is no part of Herald's supervision")]
    let task = tokio::spawn(async move {
        axum::serve(listener, router).await.expect("axum serves until it is dropped");
    });
    Served { http: format!("http://{address}/"), ws: format!("ws://{address}/"), address, task }
}

/// A failure takes the whole batch, as a proxy's does.
async fn http(State(node): State<SimNode>, body: Bytes) -> Response {
    if node.strike() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Array(batch)) => {
            let answers: Value = batch.iter().map(|request| answer(&node, request)).collect();
            axum::Json(answers).into_response()
        }
        Ok(request) => axum::Json(answer(&node, &request)).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn upgrade(State(node): State<SimNode>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| talk(node, socket))
}

/// Answers requests and, once subscribed, tells every announced head. Ends with the connection.
async fn talk(node: SimNode, mut socket: WebSocket) {
    let mut heads = node.heads();
    let mut subscribed = false;
    loop {
        let reply = tokio::select! {
            request = socket.recv() => match request {
                Some(Ok(Message::Text(text))) => reply(&node, &text, &mut subscribed),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            Ok(()) = heads.changed(), if subscribed => announcement(&node),
        };
        if socket.send(Message::text(reply.to_string())).await.is_err() {
            return;
        }
    }
}

fn reply(node: &SimNode, text: &str, subscribed: &mut bool) -> Value {
    let request: Value = serde_json::from_str(text).unwrap_or_default();
    if node.strike() {
        let error = json!({"code": -32_603, "message": "internal error"});
        return json!({"jsonrpc": "2.0", "id": request["id"], "error": error});
    }
    if request["method"] == "eth_subscribe" && request["params"][0] == "newHeads" {
        *subscribed = true;
        return json!({"jsonrpc": "2.0", "id": request["id"], "result": SUBSCRIPTION});
    }
    match &request {
        Value::Array(batch) => batch.iter().map(|request| answer(node, request)).collect(),
        single => answer(node, single),
    }
}

fn announcement(node: &SimNode) -> Value {
    let head = node.look(|view| json::header(view.head()));
    let params = json!({"subscription": SUBSCRIPTION, "result": head});
    json!({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})
}
