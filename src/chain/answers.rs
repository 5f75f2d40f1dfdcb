//! What the pool answers to each question of [`Chain`].

use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use futures_util::future::{BoxFuture, pending, select_all};

use super::endpoint::Endpoint;
use super::pool::Pool;
use super::record::Identity;
use super::verdict::Verdict;
use super::{
    Chain, ChainError, Code, EndpointReport, Head, Header, LogFilter, LogScope, RawLog, budget,
    code, question,
};

#[async_trait]
impl Chain for Pool {
    async fn head(&self) -> Result<Head, ChainError> {
        self.any(true, |endpoint| Box::pin(question::head(endpoint))).await
    }

    async fn headers(&self, numbers: &[u64]) -> Result<Vec<Option<Header>>, ChainError> {
        self.any(true, |endpoint| Box::pin(question::headers(endpoint, numbers))).await
    }

    async fn logs(&self, scope: LogScope, filter: &LogFilter) -> Result<Vec<RawLog>, ChainError> {
        let is_whole = scope.blocks() == 1;
        if let Some(error) = self.refuses(scope.blocks()) {
            return Err(error);
        }
        // Taken before the deadline runs, which is for nodes to keep. Heads, headers and single
        // blocks never wait here.
        let _share = match is_whole {
            true => None,
            false => Some(budget::share(self.limits.range_bytes_max).await),
        };
        self.any(is_whole, |endpoint| Box::pin(question::logs(endpoint, scope, filter))).await
    }

    async fn genesis(&self) -> Result<B256, ChainError> {
        self.any(true, |endpoint| Box::pin(question::genesis(endpoint))).await
    }

    async fn call(&self, to: Address, data: Bytes) -> Result<Option<Bytes>, ChainError> {
        match self.any(true, |endpoint| Box::pin(question::call(endpoint, to, &data))).await {
            Err(_) if self.nobody_calls() => Ok(None),
            answer => answer,
        }
    }

    async fn code(&self, address: Address, block: Option<u64>) -> Result<Code, ChainError> {
        let cannot_tell = AtomicUsize::new(0);
        let ask = async |endpoint| {
            let found = code::code(endpoint, address, block).await;
            let verdict = found.as_ref().err().and_then(|failure| failure.verdict);
            if matches!(verdict, Some(Verdict::NoState | Verdict::NoMethod)) {
                cannot_tell.fetch_add(1, Ordering::Relaxed);
            }
            found
        };
        match self.any(true, |endpoint| Box::pin(ask(endpoint))).await {
            Err(_) if self.are_all(cannot_tell.load(Ordering::Relaxed)) => Ok(Code::Unknown),
            answer => answer,
        }
    }

    async fn announced(&self) {
        let mut waits: Vec<BoxFuture<'_, ()>> = Vec::new();
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.can_announce()) {
            waits.push(Box::pin(self.announced_by(endpoint)));
        }
        if waits.is_empty() {
            return pending().await;
        }
        select_all(waits).await;
    }

    fn widest(&self) -> Option<u64> {
        self.order().0.first().and_then(|first| first.record().width.max())
    }

    fn doubt(&self) {
        for endpoint in &self.endpoints {
            endpoint.record().identity = Identity::Unchecked;
        }
    }

    fn endpoints(&self) -> Vec<EndpointReport> {
        self.endpoints.iter().map(Endpoint::report).collect()
    }
}
