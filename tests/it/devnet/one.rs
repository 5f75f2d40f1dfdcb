//! One real node as the chain of Herald's workers.

use std::time::Duration;

use herald::chain::Pool;
use herald::config::{ChainConfig, EndpointConfig, EndpointRole};
use herald::types::Caip2;

/// What Herald speaks through to one node.
pub(super) fn one_node(id: Caip2, url: &str) -> Pool {
    let config = ChainConfig {
        name: "one".to_owned(),
        id,
        finalized_tag: true,
        finality_depth: Duration::from_secs(900),
        block_time: Duration::from_secs(12),
        trust_bloom: true,
        range_max: 1_000,
        endpoints: vec![EndpointConfig {
            name: "one".to_owned(),
            url: url.into(),
            role: EndpointRole::Main,
            rps: None,
        }],
        contracts: Vec::new(),
    };
    herald::chain::connect(&config).unwrap()
}
