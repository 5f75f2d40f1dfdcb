//! The chains of the demo: an anvil each, two contracts on it, and what Herald is told about them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::future::{join_all, select_all, try_join_all};
use secrecy::SecretString;

use super::anvil::Anvil;
use super::contracts::{Deployed, deploy};
use super::node::Node;
use super::traffic::Traffic;
use crate::config::{ChainConfig, ContractConfig, EndpointConfig, EndpointRole};
use crate::types::{Caip2, Standard};

/// Time between two turns of the traffic.
pub const BLOCK_TIME: Duration = Duration::from_secs(1);

/// Blocks that exist before Herald starts, so that it has a past to load from the first second.
const HISTORY: u64 = 12;

/// Where a node has no tag, which no anvil lacks.
const FINALITY_DEPTH: Duration = Duration::from_secs(60);

/// Blocks in one request for logs; small, so that even a demo's past takes several.
const RANGE_MAX: u64 = 500;

/// Name, id, and whether Herald reaches the node by WebSocket: one chain of each kind.
const CHAINS: [(&str, u64, bool); 2] = [("dev-one", 31_337, false), ("dev-two", 31_338, true)];

/// Name and symbol of the contracts: the first is in Herald's configuration, the second is
/// announced to the running daemon.
const CONTRACTS: [(&str, &str); 2] = [("Herald Knights", "KNIGHT"), ("Herald Potions", "POTION")];

/// A chain of the demo.
pub struct DevChain {
    /// Alias in Herald.
    pub name: &'static str,
    /// Its id.
    pub id: Caip2,
    /// How the demo asks its node.
    pub node: Node,
    /// Where Herald reaches the node.
    pub url: String,
    /// The contract that Herald is configured with.
    pub configured: Deployed,
    /// The contract that is announced while Herald runs.
    pub announced: Deployed,
    /// Seed of its traffic.
    pub seed: u64,
}

/// All chains of the demo.
pub struct Devnet {
    /// The chains.
    pub chains: Vec<DevChain>,
    anvils: Vec<Anvil>,
}

impl Devnet {
    /// Starts every chain with `program` on files in `dir`, creates the contracts and gives them a
    /// short history. Nothing is left running when it fails.
    pub async fn start(program: &Path, dir: &Path, seed: u64) -> Result<Self> {
        let started = (0_u64..).zip(CHAINS).map(|(index, (name, id, by_websocket))| async move {
            let anvil = Anvil::start(program, dir, name, id).await?;
            let url = if by_websocket { anvil.ws_url() } else { anvil.http_url() };
            let node = Node::new(&anvil.http_url())?;
            let chain = DevChain::furnish(name, Caip2(id), node, url, seed.wrapping_add(index));
            Ok::<_, anyhow::Error>((chain.await.with_context(|| name.to_owned())?, anvil))
        });
        let (chains, anvils) = try_join_all(started).await?.into_iter().unzip();
        Ok(Self { chains, anvils })
    }

    /// What Herald is configured with.
    pub fn configuration(&self) -> Vec<ChainConfig> {
        self.chains.iter().map(DevChain::configuration).collect()
    }

    /// The chains, and a future that returns when one of their nodes ends by itself, saying how.
    pub fn watched(&mut self) -> (&[DevChain], impl Future<Output = String> + '_) {
        let ends = self.anvils.iter_mut().map(|anvil| Box::pin(anvil.ended()));
        let first = select_all(ends);
        (&self.chains, async { first.await.0 })
    }

    /// Ends every node.
    pub async fn stop(self) -> Result<()> {
        let ended = join_all(self.anvils.into_iter().map(Anvil::stop)).await;
        ended.into_iter().collect()
    }
}

impl DevChain {
    async fn furnish(
        name: &'static str,
        id: Caip2,
        node: Node,
        url: String,
        seed: u64,
    ) -> Result<Self> {
        let [first, second] = CONTRACTS;
        let from = *node.accounts().await?.first().context("a node without accounts")?;
        let configured = deploy(&node, from, first.0, first.1).await?;
        let announced = deploy(&node, from, second.0, second.1).await?;
        let contracts = vec![configured.address, announced.address];
        Traffic::new(&node, contracts, !seed).await?.advance(HISTORY).await?;
        Ok(Self { name, id, node, url, configured, announced, seed })
    }

    /// The traffic of this chain, from its newest block on.
    pub async fn traffic(&self) -> Result<Traffic<'_>> {
        let contracts = vec![self.configured.address, self.announced.address];
        Traffic::new(&self.node, contracts, self.seed).await
    }

    fn configuration(&self) -> ChainConfig {
        ChainConfig {
            name: self.name.to_owned(),
            id: self.id,
            finalized_tag: true,
            finality_depth: FINALITY_DEPTH,
            block_time: BLOCK_TIME,
            trust_bloom: true,
            range_max: RANGE_MAX,
            endpoints: vec![EndpointConfig {
                name: "anvil".to_owned(),
                url: SecretString::from(self.url.clone()),
                role: EndpointRole::Main,
                rps: None,
            }],
            contracts: vec![ContractConfig {
                address: self.configured.address,
                start_block: self.configured.block,
                standard: Some(Standard::Erc721),
            }],
        }
    }
}
