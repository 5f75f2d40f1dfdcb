//! The contract of the demo as Rust: its calls, and how it comes onto a chain.

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolConstructor as _;
use anyhow::{Context as _, Result, ensure};

use super::node::{Node, Sending};
use super::traffic::next_time;

pub use abi::HeraldCollectible;

mod abi {
    alloy::sol!(HeraldCollectible, "contracts/artifacts/HeraldCollectible.json");
}

/// A contract of the demo on its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Where it is.
    pub address: Address,
    /// The block that created it.
    pub block: u64,
    /// What it calls itself.
    pub name: &'static str,
}

/// Creates a collectible from the account `from`, in a block of its own.
pub async fn deploy(
    node: &Node,
    from: Address,
    name: &'static str,
    symbol: &'static str,
) -> Result<Deployed> {
    let arguments =
        HeraldCollectible::constructorCall { name_: name.to_owned(), symbol_: symbol.to_owned() };
    let mut code = HeraldCollectible::BYTECODE.to_vec();
    code.extend_from_slice(&arguments.abi_encode());
    let sent = node.send(&Sending { from, to: None, data: Bytes::from(code) }).await?;
    node.mine(next_time(node.head().await?.time())).await?;
    let receipt = node.receipt(sent).await?;
    ensure!(receipt.succeeded(), "the node refused to create {name}");
    let address = receipt.contract_address.context("a creation without an address")?;
    Ok(Deployed { address, block: receipt.block(), name })
}
