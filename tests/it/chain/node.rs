//! A node of a few lines on loopback: a straight chain in which each block holds one log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{Address, B256, U256};
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// First topic of every log.
pub(super) const TOPIC: B256 = B256::repeat_byte(0xdd);

/// What a method answers: a result or an error object.
pub(super) type Said = Result<Value, Value>;

/// A server that ends with the test.
pub(super) struct Node {
    pub(super) url: String,
    hits: Arc<AtomicUsize>,
    server: JoinSet<()>,
}

impl Node {
    /// A node that answers requests with whole HTTP answers.
    pub(super) async fn http(
        answer: impl Fn(Value) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::slow(move |request| std::future::ready(answer(request))).await
    }

    /// The same, with answers that may take their time.
    pub(super) async fn slow<F: Future<Output = Response> + Send>(
        answer: impl Fn(Value) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        let hits = Arc::new(AtomicUsize::new(0));
        let counter = hits.clone();
        let app = axum::Router::new().fallback(move |body: Bytes| {
            counter.fetch_add(1, Ordering::Relaxed);
            answer(serde_json::from_slice(&body).expect("JSON from the client"))
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serving never ends") });
        Self { url, hits, server }
    }

    /// A well-behaved node whose methods answer as `script` says.
    pub(super) async fn script(
        script: impl Fn(&str, &Value) -> Said + Send + Sync + 'static,
    ) -> Self {
        let script = Arc::new(script);
        Self::http(move |request| json_rpc(&request, script.as_ref())).await
    }

    /// HTTP requests so far.
    pub(super) fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }

    /// Nobody listens any more when this returns.
    pub(super) async fn stop(mut self) {
        self.server.shutdown().await;
    }
}

/// The JSON-RPC answer to a request or a list of them.
pub(super) fn json_rpc(request: &Value, script: &dyn Fn(&str, &Value) -> Said) -> Response {
    let one =
        |call: &Value| match script(call["method"].as_str().expect("a method"), &call["params"]) {
            Ok(result) => json!({"jsonrpc": "2.0", "id": call["id"], "result": result}),
            Err(error) => json!({"jsonrpc": "2.0", "id": call["id"], "error": error}),
        };
    let answer = match request.as_array() {
        Some(list) => list.iter().map(one).collect(),
        None => one(request),
    };
    status(200, &[], &answer.to_string())
}

/// A plain HTTP answer.
pub(super) fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).expect("a valid answer")
}

/// A body that breaks off.
pub(super) fn half_body() -> Response {
    let parts = [Ok(r#"[{"jsonrpc":"2.0","#), Err(std::io::Error::other("cut"))];
    Response::new(Body::from_stream(stream::iter(parts)))
}

/// A body that never ends.
pub(super) fn endless_body() -> Response {
    let parts = stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(4_096)));
    Response::new(Body::from_stream(parts))
}

/// A body of which nothing comes.
pub(super) fn silent_body() -> Response {
    Response::new(Body::from_stream(stream::pending::<std::io::Result<String>>()))
}

/// Chain 1 with blocks 0 to 10, of which 8 is safe and 6 finalized.
pub(super) fn good(method: &str, params: &Value) -> Said {
    up_to(10)(method, params)
}

/// The same chain with another head.
pub(super) fn up_to(head: u64) -> impl Fn(&str, &Value) -> Said {
    move |method, params| {
        let known = 0..=head;
        Ok(match method {
            "eth_chainId" => json!("0x1"),
            "eth_getBlockByNumber" => {
                let number = match params[0].as_str().expect("a height or tag") {
                    "latest" => head,
                    "safe" => head - 2,
                    "finalized" => head - 4,
                    number => quantity(number),
                };
                if known.contains(&number) { block(number) } else { Value::Null }
            }
            "eth_getBlockByHash" => known
                .clone()
                .find(|number| params[0] == json!(hash(*number)))
                .map_or(Value::Null, block),
            "eth_getLogs" => match params[0]["blockHash"].as_str() {
                Some(asked) => known
                    .filter(|number| asked == hash(*number).to_string())
                    .map(|number| log(number, 0))
                    .collect(),
                None => {
                    let bound = |key: &str| quantity(params[0][key].as_str().expect("a bound"));
                    let asked = bound("fromBlock")..=bound("toBlock").min(head);
                    asked.map(|number| log(number, 0)).collect()
                }
            },
            _ => return Err(json!({"code": -32601, "message": "no such method"})),
        })
    }
}

/// The good chain under another id.
pub(super) fn chain_id(id: &'static str) -> impl Fn(&str, &Value) -> Said {
    move |method, params| match method {
        "eth_chainId" => Ok(json!(id)),
        _ => good(method, params),
    }
}

/// Hash of a block.
pub(super) fn hash(number: u64) -> B256 {
    B256::from(U256::from(number + 1_000))
}

/// A log of contract 1.
pub(super) fn log(number: u64, index: u64) -> Value {
    json!({
        "address": Address::repeat_byte(1), "topics": [TOPIC], "data": "0x",
        "blockNumber": format!("{number:#x}"), "blockHash": hash(number),
        "transactionHash": B256::ZERO, "logIndex": format!("{index:#x}"), "removed": false,
    })
}

fn block(number: u64) -> Value {
    json!({
        "number": format!("{number:#x}"), "hash": hash(number),
        "parentHash": if number == 0 { B256::ZERO } else { hash(number - 1) },
        "timestamp": "0x64", "transactions": [],
    })
}

fn quantity(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a quantity")
}
