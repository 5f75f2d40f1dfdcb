//! The chains of the demo: an anvil each, contracts on it, and what Herald is told about them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::future::{join_all, select_all, try_join_all};
use secrecy::SecretString;

use super::anvil::Anvil;
use super::contracts::{Deployed, Kind, Plan, deploy};
use super::node::Node;
use super::traffic::Traffic;
use crate::config::{ChainConfig, ContractConfig, EndpointConfig, EndpointRole};
use crate::types::Caip2;

/// Time between two turns of the traffic.
pub const BLOCK_TIME: Duration = Duration::from_secs(1);

/// Blocks that exist before Herald starts, so that it has a past to load from the first second.
const HISTORY: u64 = 12;

/// Where a node has no tag, which no anvil lacks.
const FINALITY_DEPTH: Duration = Duration::from_secs(60);

/// Blocks in one request for logs; small, so that even a demo's past takes several.
const RANGE_MAX: u64 = 500;

/// Workers that load a past: several, so that a demo shares it out as production does.
const LOAD_WORKERS: usize = 2;

/// How a chain begins.
#[derive(Clone, Copy)]
struct Outline {
    name: &'static str,
    id: u64,
    /// Whether Herald reaches the node by WebSocket.
    by_websocket: bool,
    contracts: [Plan; 4],
}

const KNIGHTS: Plan =
    Plan { name: "Herald Knights", kind: Kind::Collectible, configured: true, stated: true };
const POTIONS: Plan = Plan { name: "Herald Potions", configured: false, ..KNIGHTS };
const LAND: Plan = Plan { name: "Herald Land", kind: Kind::Consecutive, ..KNIGHTS };
const SUPPLIES: Plan = Plan { name: "Herald Supplies", kind: Kind::Items, ..KNIGHTS };

/// One chain for each way to reach a node. Between them the ERC-1155 and the ERC-2309 contracts
/// come with the configuration and by request, with and without their standard.
const CHAINS: [Outline; 2] = [
    Outline {
        name: "dev-one",
        id: 31_337,
        by_websocket: false,
        contracts: [KNIGHTS, SUPPLIES, POTIONS, Plan { configured: false, stated: false, ..LAND }],
    },
    Outline {
        name: "dev-two",
        id: 31_338,
        by_websocket: true,
        contracts: [
            KNIGHTS,
            Plan { stated: false, ..LAND },
            POTIONS,
            Plan { configured: false, stated: false, ..SUPPLIES },
        ],
    },
];

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
    /// Its contracts, in the order of their creation; the first is a collectible that Herald is
    /// configured with.
    pub contracts: Vec<Deployed>,
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
        let started = (0_u64..).zip(CHAINS).map(|(index, outline)| async move {
            let anvil = Anvil::start(program, dir, outline.name, outline.id).await?;
            let chain = DevChain::furnish(&anvil, &outline, seed.wrapping_add(index));
            let chain = chain.await.with_context(|| outline.name.to_owned())?;
            Ok::<_, anyhow::Error>((chain, anvil))
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
    async fn furnish(anvil: &Anvil, outline: &Outline, seed: u64) -> Result<Self> {
        let url = if outline.by_websocket { anvil.ws_url() } else { anvil.http_url() };
        let node = Node::new(&anvil.http_url())?;
        let accounts = node.accounts().await?;
        let mut contracts = Vec::new();
        for plan in outline.contracts {
            contracts.push(deploy(&node, &accounts, plan).await?);
        }
        Traffic::new(&node, &contracts, !seed).await?.advance(HISTORY).await?;
        Ok(Self { name: outline.name, id: Caip2(outline.id), node, url, contracts, seed })
    }

    /// The contracts that Herald is configured with.
    pub fn configured(&self) -> impl Iterator<Item = &Deployed> {
        self.contracts.iter().filter(|contract| contract.plan.configured)
    }

    /// The contracts that are announced while Herald runs.
    pub fn announced(&self) -> impl Iterator<Item = &Deployed> {
        self.contracts.iter().filter(|contract| !contract.plan.configured)
    }

    /// The traffic of this chain, from its newest block on.
    pub async fn traffic(&self) -> Result<Traffic<'_>> {
        Traffic::new(&self.node, &self.contracts, self.seed).await
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
            load_workers: LOAD_WORKERS,
            endpoints: vec![EndpointConfig {
                name: "anvil".to_owned(),
                url: SecretString::from(self.url.clone()),
                role: EndpointRole::Main,
                rps: None,
            }],
            contracts: self.configured().map(configuration).collect(),
        }
    }
}

fn configuration(contract: &Deployed) -> ContractConfig {
    let standard = contract.plan.stated();
    ContractConfig { address: contract.address, start_block: Some(contract.block), standard }
}
