//! A simulated node that remembers which logs it was asked for.

use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use herald::chain::{Chain, ChainError, EndpointReport, Head, Header, LogFilter, LogScope, RawLog};
use herald::store::Pool;

use super::sim::SimNode;

/// A node that writes down what logs it is asked for.
pub(crate) struct Listening {
    node: SimNode,
    asked: Mutex<Vec<(LogScope, LogFilter)>>,
    meanwhile: Mutex<Option<(Pool, &'static str)>>,
}

impl Listening {
    /// Listens to what this node is asked.
    pub(crate) fn on(node: SimNode) -> Arc<Self> {
        Arc::new(Self { node, asked: Mutex::default(), meanwhile: Mutex::default() })
    }

    /// Has this statement run while the next question for logs is under way.
    pub(crate) fn meanwhile(&self, pool: &Pool, statement: &'static str) {
        *self.meanwhile.lock().expect("nobody panics with it") = Some((pool.clone(), statement));
    }

    /// What was asked since the last look.
    pub(crate) fn take(&self) -> Vec<(LogScope, LogFilter)> {
        std::mem::take(&mut *self.asked.lock().expect("nobody panics with it"))
    }
}

#[async_trait]
impl Chain for Listening {
    async fn head(&self) -> Result<Head, ChainError> {
        self.node.head().await
    }
    async fn headers(&self, numbers: &[u64]) -> Result<Vec<Option<Header>>, ChainError> {
        self.node.headers(numbers).await
    }
    async fn logs(&self, scope: LogScope, filter: &LogFilter) -> Result<Vec<RawLog>, ChainError> {
        self.asked.lock().expect("nobody panics with it").push((scope, filter.clone()));
        let meanwhile = self.meanwhile.lock().expect("nobody panics with it").take();
        if let Some((pool, statement)) = meanwhile {
            sqlx::query(statement).execute(&pool).await.expect("the statement runs");
        }
        self.node.logs(scope, filter).await
    }
    async fn genesis(&self) -> Result<B256, ChainError> {
        self.node.genesis().await
    }
    async fn call(&self, to: Address, data: Bytes) -> Result<Option<Bytes>, ChainError> {
        self.node.call(to, data).await
    }
    async fn announced(&self) {
        self.node.announced().await
    }
    fn endpoints(&self) -> Vec<EndpointReport> {
        self.node.endpoints()
    }
}
