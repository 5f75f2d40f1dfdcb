//! Contracts of a running daemon, over its API.

use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::place::{Added, Filter, Named, Place, Refusal, Seen, Wish};
use crate::cli::http;

/// Longest that one answer may take: above what a daemon gives a request unless configured higher.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Most bytes of an answer: a page of contracts is a tenth of it.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Longest that the verdict about a new contract is waited for, and the pause before it is asked for
/// again: the daemon waits for it too, but for less.
const VERDICT_WAIT: Duration = Duration::from_secs(15);
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Contracts of one page.
const PAGE_ROWS: &str = "500";

/// A daemon.
pub(super) struct Remote {
    client: reqwest::Client,
    base: Url,
    key: Option<SecretString>,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Seen>,
    page: Page,
}

#[derive(Deserialize)]
struct Page {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
}

impl Remote {
    /// A client of the daemon at `base`; opens no connection.
    pub(super) fn new(base: Url, key: Option<SecretString>) -> anyhow::Result<Self> {
        let client = http::client(&base).timeout(ANSWER_TIMEOUT).build()?;
        Ok(Self { client, base, key })
    }

    fn route(&self, parts: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.base.clone();
        let Ok(mut path) = url.path_segments_mut() else { bail!("--url: it has no path") };
        path.pop_if_empty().extend(["v1", "contracts"]).extend(parts);
        drop(path);
        Ok(url)
    }

    fn contract(&self, named: &Named) -> anyhow::Result<Url> {
        self.route(&[&named.chain, &named.contract.to_string()])
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url);
        match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        }
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> anyhow::Result<(StatusCode, T)> {
        let silent = || format!("{} does not answer", self.base);
        let mut answer = request.send().await.with_context(silent)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.with_context(silent)? {
            body.extend_from_slice(&part);
            if body.len() > ANSWER_BYTES_MAX {
                bail!("{} answers more than {ANSWER_BYTES_MAX} bytes", self.base);
            }
        }
        let stranger = || format!("{} answers {status}, not as Herald does", self.base);
        if status.is_success() {
            return Ok((status, serde_json::from_slice(&body).with_context(stranger)?));
        }
        let Problem { code, detail } = serde_json::from_slice(&body).with_context(stranger)?;
        Err(Refusal { code, detail }.into())
    }
}

#[async_trait]
impl Place for Remote {
    async fn add(&self, named: &Named, wish: &Wish) -> anyhow::Result<Added> {
        let end = Instant::now() + VERDICT_WAIT;
        let mut body = json!({"chain": named.chain, "contract": named.contract});
        if let Some(block) = wish.start_block {
            body["start_block"] = json!(block);
        }
        if let Some(standard) = wish.standard {
            body["standard"] = json!(standard.as_str());
        }
        let mut changed = false;
        loop {
            let request = self.request(Method::POST, self.route(&[])?);
            let request = request.header(header::CONTENT_TYPE, "application/json");
            let (status, seen) = self.answer::<Seen>(request.body(body.to_string())).await?;
            changed |= status == StatusCode::ACCEPTED;
            // The same wish again changes nothing, and answers the verdict.
            let undecided = seen.status == "probing";
            if !undecided || Instant::now() > end {
                return Ok(Added { seen, changed, undecided });
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn one(&self, named: &Named) -> anyhow::Result<Option<Seen>> {
        let request = self.request(Method::GET, self.contract(named)?);
        match self.answer(request).await {
            Ok((_, seen)) => Ok(Some(seen)),
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) if refusal.code == "contract_not_tracked" => Ok(None),
                _ => Err(error),
            },
        }
    }

    async fn page(
        &self,
        filter: &Filter,
        after: Option<String>,
    ) -> anyhow::Result<(Vec<Seen>, Option<String>)> {
        let mut url = self.route(&[])?;
        url.query_pairs_mut().append_pair("limit", PAGE_ROWS);
        let sent = [("chain", &filter.chain), ("status", &filter.status), ("cursor", &after)];
        for (name, value) in sent.into_iter().filter_map(|(name, it)| Some((name, it.as_ref()?))) {
            url.query_pairs_mut().append_pair(name, value);
        }
        let (_, list) = self.answer::<List>(self.request(Method::GET, url)).await?;
        Ok((list.data, list.page.next))
    }

    async fn remove(&self, named: &Named, purge: bool) -> anyhow::Result<Seen> {
        let mut url = self.contract(named)?;
        if purge {
            url.query_pairs_mut().append_pair("purge", "true");
        }
        Ok(self.answer(self.request(Method::DELETE, url)).await?.1)
    }

    async fn close(self: Box<Self>) -> anyhow::Result<()> {
        Ok(())
    }
}
