//! One real node as the chain of Herald's workers.

use std::time::Duration;

use herald::chain::{Limits, Pool};
use herald::config::{ChainConfig, EndpointConfig, EndpointRole};
use herald::types::Caip2;

/// What Herald speaks through to one node.
pub(crate) fn one_node(id: Caip2, url: &str) -> Pool {
    herald::chain::connect_with(&one_endpoint(id, url), Limits::default()).expect("a url")
}

/// A chain with this endpoint and no contracts.
fn one_endpoint(id: Caip2, url: &str) -> ChainConfig {
    ChainConfig {
        name: "one".to_owned(),
        id,
        finalized_tag: true,
        finality_depth: Duration::from_secs(900),
        block_time: Duration::from_secs(12),
        trust_bloom: true,
        range_max: 1_000,
        load_workers: 1,
        endpoints: vec![EndpointConfig {
            name: "node".to_owned(),
            url: url.into(),
            role: EndpointRole::Main,
            rps: None,
        }],
        contracts: Vec::new(),
    }
}
