//! Serves a node of one real block on loopback, over HTTP, with batches.

use std::sync::Arc;

use axum::body::Bytes;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::rpc::Node;

/// A node that is being served until this is dropped.
pub(super) struct Served {
    /// Where it answers.
    pub(super) url: String,
    _server: JoinSet<()>,
}

/// Serves `node` on a free port.
pub(super) async fn serve(node: Node) -> Served {
    let node = Arc::new(node);
    let answer = move |body: Bytes| {
        let answer = match serde_json::from_slice(&body).expect("JSON from the client") {
            Value::Array(list) => list.iter().map(|one| node.answer(one)).collect(),
            one => node.answer(&one),
        };
        async move { Json(answer) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let app = Router::new().fallback(answer);
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, app).await.expect("serving never ends") });
    Served { url, _server: server }
}
