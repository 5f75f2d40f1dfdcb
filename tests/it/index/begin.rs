//! The first checkpoint on a chain whose nodes keep only their newest blocks.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;
use herald::chain::{Chain, ChainError, EndpointReport, Head, Header, LogFilter, LogScope, RawLog};
use herald::index::Rules;
use herald::store::chains;

use crate::support::database::fresh;
use crate::support::indexer::{CHAIN, Indexer, rules};
use crate::support::sim::{SimChain, SimNode, SimTx, erc721_transfer};

/// A node that shows no block below `from`, and no finality tags.
struct Short {
    node: SimNode,
    from: u64,
}

#[async_trait]
impl Chain for Short {
    async fn head(&self) -> Result<Head, ChainError> {
        let head = self.node.head().await?;
        Ok(Head { safe: None, finalized: None, ..head })
    }

    async fn headers(&self, numbers: &[u64]) -> Result<Vec<Option<Header>>, ChainError> {
        let headers = self.node.headers(numbers).await?;
        let kept = |header: &Header| header.block.number >= self.from;
        Ok(headers.into_iter().map(|header| header.filter(kept)).collect())
    }

    async fn logs(&self, scope: LogScope, filter: &LogFilter) -> Result<Vec<RawLog>, ChainError> {
        self.node.logs(scope, filter).await
    }

    async fn genesis(&self) -> Result<B256, ChainError> {
        match self.from {
            0 => self.node.genesis().await,
            _ => Err(ChainError::Behind { text: "block 0".to_owned() }),
        }
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

const HEAD: u64 = 60;

fn node() -> SimNode {
    let mut chain = SimChain::new(9, CHAIN.0);
    for number in 1..=HEAD {
        let (art, ann) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let mint = erc721_transfer(art, Address::ZERO, ann, U256::from(number));
        chain.mine(vec![SimTx::new(number, vec![mint])]);
    }
    SimNode::new(chain)
}

/// Where a chain begins whose final blocks are those of this age and whose node shows no block
/// below `from`.
async fn beginning(node: &SimNode, from: u64, finality_depth: Duration) -> (u64, bool) {
    let database = fresh().await;
    let short = Arc::new(Short { node: node.clone(), from });
    let rules = Rules { finality_depth, ..rules() };
    let indexer = Indexer::over(&database.pool, (CHAIN, short), "one", rules).await;
    indexer.live().await.unwrap();
    let row = chains::load(&database.pool, indexer.context.key).await.unwrap();
    let (number, hash) = row.checkpoint.expect("a checkpoint");
    assert_eq!(hash, node.chain().canonical()[number as usize].hash);
    assert_eq!(row.finalized, Some(number));
    (number, row.genesis.is_some())
}

#[tokio::test]
async fn heights_that_are_not_shown_are_too_old() {
    let node = node();
    let times: Vec<u64> =
        node.chain().canonical().iter().map(|block| block.block_ref().time).collect();
    let latest = times[HEAD as usize];
    for final_at in [7u64, 30, 59] {
        let depth = Duration::from_secs(latest - times[final_at as usize]);
        let newest =
            times.iter().rposition(|time| *time <= times[final_at as usize]).unwrap() as u64;
        for from in [0, 1, 5, 29, 58, HEAD] {
            let expected = newest.max(from);
            let (number, known) = beginning(&node, from, depth).await;
            assert_eq!(number, expected, "from {from}, final at {newest}");
            assert_eq!(known, from == 0, "block 0 is stored only where it is shown");
        }
    }
    let young = Duration::from_secs(latest + 1);
    assert_eq!(beginning(&node, 0, young).await, (0, true));
    assert_eq!(beginning(&node, 12, young).await, (12, false));
}

#[tokio::test]
async fn a_node_that_does_not_show_its_own_head_is_waited_for() {
    let database = fresh().await;
    let short = Arc::new(Short { node: node(), from: HEAD + 1 });
    let indexer = Indexer::over(&database.pool, (CHAIN, short), "one", rules()).await;
    indexer.live().await.unwrap();
    let row = chains::load(&database.pool, indexer.context.key).await.unwrap();
    assert_eq!(row.checkpoint, None);
}
