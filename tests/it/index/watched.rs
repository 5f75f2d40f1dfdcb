//! A node of which a test sees, delays or bends each question before it is answered.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use herald::chain::{Chain, ChainError, EndpointReport, Head, Header, LogFilter, LogScope, RawLog};
use herald::store::Pool;

use crate::support::indexer::{CHAIN, Indexer, rules};
use crate::support::sim::SimNode;

/// What a node is asked, with the lowest height that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Headers(u64),
    Logs(u64),
}

/// What happens before a question is answered.
pub(super) type Before = Box<dyn Fn(Question) -> BoxFuture<'static, ()> + Send + Sync>;

/// The node.
pub(super) struct Watched {
    pub(super) node: SimNode,
    pub(super) before: Before,
    /// Headers from this height on are those of another node, as behind a proxy.
    pub(super) upper: Option<(u64, SimNode)>,
}

impl Watched {
    /// The replica "one" on this node.
    pub(super) async fn indexer(self, pool: &Pool) -> Indexer {
        Indexer::over(pool, (CHAIN, Arc::new(self)), "one", rules()).await
    }
}

/// Nothing happens.
pub(super) fn nothing() -> Before {
    Box::new(|_| Box::pin(std::future::ready(())))
}

#[async_trait]
impl Chain for Watched {
    async fn head(&self) -> Result<Head, ChainError> {
        self.node.head().await
    }

    async fn headers(&self, numbers: &[u64]) -> Result<Vec<Option<Header>>, ChainError> {
        (self.before)(Question::Headers(numbers[0])).await;
        let mut headers = self.node.headers(numbers).await?;
        if let Some((from, other)) = &self.upper {
            let others = other.headers(numbers).await?;
            let above = numbers.partition_point(|number| number < from);
            headers.splice(above.., others.into_iter().skip(above));
        }
        Ok(headers)
    }

    async fn logs(&self, scope: LogScope, filter: &LogFilter) -> Result<Vec<RawLog>, ChainError> {
        let lowest = match scope {
            LogScope::Range(from, _) => Some(from),
            LogScope::Hash(hash) => {
                self.node.chain().by_hash(hash).map(|block| block.header.number)
            }
        };
        (self.before)(Question::Logs(lowest.expect("the block was shown"))).await;
        self.node.logs(scope, filter).await
    }

    async fn genesis(&self) -> Result<B256, ChainError> {
        self.node.genesis().await
    }

    async fn call(&self, to: Address, data: Bytes) -> Result<Option<Bytes>, ChainError> {
        self.node.call(to, data).await
    }

    async fn announced(&self) {
        self.node.announced().await;
    }

    fn endpoints(&self) -> Vec<EndpointReport> {
        self.node.endpoints()
    }
}
