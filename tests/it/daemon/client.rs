//! Asks the daemon's API as a user would.

use std::net::SocketAddr;

use alloy::primitives::Address;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

/// The API of one daemon.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    address: SocketAddr,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: bool,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }
}

impl Client {
    pub(super) fn new(address: &str) -> Self {
        herald::chain::install_tls();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
        let address = address.parse().expect("an address and a port");
        Self { http: http.expect("a client without TLS"), address }
    }

    /// Where the daemon listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The answer to GET; none where the daemon does not answer.
    pub(super) async fn try_get(&self, path: &str) -> Option<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// The answer to GET.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap_or_else(|| panic!("no answer to GET {path}"))
    }

    /// The object that GET answers with 200; null for another answer.
    pub(super) async fn found(&self, path: &str) -> Value {
        match self.try_get(path).await {
            Some(answer) if answer.status == StatusCode::OK => answer.json(),
            _ => Value::Null,
        }
    }

    /// Asks for a contract to be followed.
    pub(super) async fn track(
        &self,
        key: &str,
        chain: &str,
        contract: Address,
        start_block: u64,
    ) -> Answer {
        let body = json!({"chain": chain, "contract": contract, "start_block": start_block,
            "standard": "erc721"});
        let sent = self.send(Method::POST, "/v1/contracts", Some((key, body.to_string()))).await;
        sent.expect("an answer to POST /v1/contracts")
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Option<Answer> {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address));
        if let Some((key, body)) = body {
            request = request.bearer_auth(key).header(header::CONTENT_TYPE, "application/json");
            request = request.body(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status();
        let retry_after = response.headers().contains_key(header::RETRY_AFTER);
        Some(Answer { status, retry_after, text: response.text().await.ok()? })
    }

    /// How a chain stands.
    pub(super) async fn chain(&self, name: &str) -> Value {
        self.found(&format!("/v1/chains/{name}")).await
    }

    /// Whether a chain has committed this block.
    pub(super) async fn is_at(&self, chain: &str, number: u64, hash: &str) -> bool {
        let as_of = &self.chain(chain).await["meta"]["as_of"][0];
        as_of["indexed"] == number && as_of["block_hash"] == hash
    }

    /// State of a contract; nothing where it is not tracked.
    pub(super) async fn state(&self, chain: &str, contract: Address) -> Option<String> {
        let answer = self.found(&format!("/v1/contracts/{chain}/{contract}")).await;
        answer["status"].as_str().map(str::to_owned)
    }
}
