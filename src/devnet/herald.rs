//! Herald as its users see it: the few requests over HTTP that the demo makes of the daemon.
//!
//! The demo shows and verifies what these answer, never what the tables hold.

use std::net::SocketAddr;
use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use anyhow::{Context as _, Result, anyhow, ensure};
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::contracts::Deployed;

/// Longest one answer may take; a snapshot of the demo is read in a fraction of a second.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Largest answer that is read: a snapshot of half a million tokens, which no demo reaches.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The daemon's HTTP API.
#[derive(Clone, Debug)]
pub struct Herald {
    client: reqwest::Client,
    base: String,
}

/// How far Herald is on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Newest block that Herald has seen of the node.
    pub head: Option<u64>,
    /// Last block it has committed: number and hash.
    pub checkpoint: Option<(u64, B256)>,
}

/// What Herald says about one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// It has an owner, or was burnt.
    Known(Option<Address>),
    /// It was never seen.
    Unknown,
}

/// What Herald says about a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractAnswer {
    /// The state of its history, such as `ready`.
    pub status: String,
    /// Its standard, once that is known.
    pub standard: Option<String>,
    /// How many transfers are stored, once its history is whole.
    pub transfers: Option<u64>,
}

impl Herald {
    /// The daemon that answers at `address`.
    pub fn new(address: SocketAddr) -> Result<Self> {
        // Fails where a provider is installed already, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .build()?;
        Ok(Self { client, base: format!("http://{address}") })
    }

    /// Where it answers, without a path.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// How far it is on a chain.
    pub async fn progress(&self, chain: &str) -> Result<Progress> {
        let answer = self.found(&format!("/v1/chains/{chain}")).await?;
        let as_of = &answer["meta"]["as_of"][0];
        let number = as_of["indexed"].as_u64();
        let hash = as_of["block_hash"].as_str().and_then(|text| text.parse().ok());
        Ok(Progress { head: as_of["head"].as_u64(), checkpoint: number.zip(hash) })
    }

    /// What is known of a contract.
    pub async fn contract(&self, chain: &str, contract: Address) -> Result<ContractAnswer> {
        let answer = self.found(&format!("/v1/contracts/{chain}/{contract}")).await?;
        let status = answer["status"].as_str().context("a contract without a status")?;
        Ok(ContractAnswer {
            status: status.to_owned(),
            standard: answer["standard"].as_str().map(str::to_owned),
            transfers: answer["transfers"].as_u64(),
        })
    }

    /// How many reorgs Herald has followed, as far as one page tells.
    pub async fn reorgs(&self, chain: &str) -> Result<usize> {
        let answer = self.found(&format!("/v1/chains/{chain}/reorgs?limit=1000")).await?;
        Ok(answer["data"].as_array().context("a list without data")?.len())
    }

    /// Asks Herald to follow a contract; its standard is left out where the plan says so.
    pub async fn track(&self, chain: &str, contract: &Deployed, key: &SecretString) -> Result<()> {
        let mut body = json!({"chain": chain, "contract": contract.address,
            "start_block": contract.block});
        if let Some(standard) = contract.plan.stated() {
            body["standard"] = json!(standard.as_str());
        }
        let sent = self.client.post(format!("{}/v1/contracts", self.base));
        let sent = sent.bearer_auth(key.expose_secret()).header("content-type", "application/json");
        let (status, text) = read(sent.body(body.to_string()).send().await?).await?;
        ensure!(status.is_success(), "POST /v1/contracts: {status}: {text}");
        Ok(())
    }

    /// The owner of one token of an ERC-721 contract.
    pub async fn token(&self, chain: &str, contract: Address, id: U256) -> Result<TokenAnswer> {
        let path = format!("/v1/tokens/{chain}/{contract}/{id}");
        let (status, text) = self.get(&path).await?;
        let answer: Value =
            serde_json::from_str(&text).with_context(|| format!("GET {path}: {status}"))?;
        match status {
            StatusCode::OK => match &answer["owner"] {
                Value::Null => Ok(TokenAnswer::Known(None)),
                Value::String(owner) => Ok(TokenAnswer::Known(Some(owner.parse()?))),
                other => Err(anyhow!("GET {path}: an owner that is {other}")),
            },
            StatusCode::NOT_FOUND if answer["code"] == "token_unknown" => Ok(TokenAnswer::Unknown),
            _ => Err(anyhow!("GET {path}: {status}: {text}")),
        }
    }

    pub(super) async fn found(&self, path: &str) -> Result<Value> {
        let (status, text) = self.get(path).await?;
        ensure!(status == StatusCode::OK, "GET {path}: {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("GET {path}"))
    }

    pub(super) async fn get(&self, path: &str) -> Result<(StatusCode, String)> {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await?;
        read(answer).await.with_context(|| format!("GET {path}"))
    }
}

async fn read(mut answer: reqwest::Response) -> Result<(StatusCode, String)> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        ensure!(body.len() + part.len() <= ANSWER_BYTES_MAX, "an answer above 64 MiB");
        body.extend_from_slice(&part);
    }
    Ok((answer.status(), String::from_utf8(body)?))
}

/// A 256-bit number as the API writes it: decimal digits and nothing else.
pub(super) fn decimal(text: &str) -> Result<U256> {
    ensure!(text.bytes().all(|byte| byte.is_ascii_digit()), "not a decimal number: {text}");
    Ok(U256::from_str_radix(text, 10)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimal_numbers_are_ids() {
        assert_eq!(decimal("17").unwrap(), U256::from(17));
        assert_eq!(decimal(&U256::MAX.to_string()).unwrap(), U256::MAX);
        for wrong in ["0x11", "-1", "1e3", " 1", "1_000"] {
            assert!(decimal(wrong).is_err(), "{wrong}");
        }
        assert!(decimal(&format!("{}0", U256::MAX)).is_err());
    }
}
