//! Stands between Herald and a real node: counts what contracts are asked, and bends the answers.

use std::sync::{Arc, Mutex, MutexGuard};

use alloy::primitives::{Address, Bytes};
use axum::extract::State;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Selector of `supportsInterface(bytes4)` (EIP-165).
const SUPPORTS_INTERFACE: &str = "0x01ffc9a7";

/// What was asked, and how answers are bent.
#[derive(Default)]
pub(super) struct Book {
    /// Contract and selector of every `eth_call`.
    pub(super) asked: Vec<(Address, Bytes)>,
    /// The node offers no `eth_call`.
    pub(super) cannot_call: bool,
    /// These say that they support every interface.
    pub(super) claims: Vec<Address>,
}

impl Book {
    /// How often a contract was asked for its decimals, with which every decision begins.
    pub(super) fn decisions(&self, contract: Address) -> usize {
        let decimals = Bytes::from_static(&[0x31, 0x3c, 0xe5, 0x67]);
        self.asked.iter().filter(|asked| **asked == (contract, decimals.clone())).count()
    }
}

/// A relay that ends with the test.
pub(super) struct Relay {
    /// Where it answers JSON-RPC over HTTP.
    pub(super) url: String,
    book: Arc<Mutex<Book>>,
    _server: JoinSet<()>,
}

#[derive(Clone)]
struct Way {
    node: String,
    http: reqwest::Client,
    book: Arc<Mutex<Book>>,
}

impl Relay {
    /// A relay to the node at this URL.
    pub(super) async fn to(node: &str) -> Self {
        herald::chain::install_tls();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let book = Arc::<Mutex<Book>>::default();
        let way = Way { node: node.to_owned(), http, book: book.clone() };
        let app = axum::Router::new().fallback(pass_on).with_state(way);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, book, _server: server }
    }

    /// What was asked, and how answers are bent. Not to be held across an await.
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }
}

async fn pass_on(State(way): State<Way>, body: String) -> String {
    let request: Value = serde_json::from_str(&body).unwrap();
    let answer = match request.as_array() {
        None => one(&way, &request).await,
        Some(all) => {
            let mut answers = Vec::new();
            for request in all {
                answers.push(one(&way, request).await);
            }
            Value::Array(answers)
        }
    };
    answer.to_string()
}

async fn one(way: &Way, request: &Value) -> Value {
    if request["method"] == "eth_call"
        && let Some(answer) = bent(&mut way.book.lock().unwrap(), &request["params"][0])
    {
        let mut answer = answer;
        answer["jsonrpc"] = json!("2.0");
        answer["id"] = request["id"].clone();
        return answer;
    }
    let sent = way.http.post(&way.node).header("content-type", "application/json");
    let answer = sent.body(request.to_string()).send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// Notes a call, and answers it where the node is not to.
fn bent(book: &mut Book, call: &Value) -> Option<Value> {
    let to: Address = call["to"].as_str().unwrap().parse().unwrap();
    let data = call["data"].as_str().unwrap();
    book.asked.push((to, data[..10].parse().unwrap()));
    if book.cannot_call {
        return Some(json!({"error": {"code": -32_601, "message": "Method not found"}}));
    }
    let claims = book.claims.contains(&to) && data.starts_with(SUPPORTS_INTERFACE);
    claims.then(|| json!({"result": format!("0x{:064x}", 1)}))
}
