//! The contracts of the demo as Rust: their calls, and how they come onto a chain.

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolConstructor as _;
use anyhow::{Context as _, Result, ensure};

use super::node::{Node, Sending};
use super::traffic::next_time;
use crate::types::Standard;

pub use abi::{HeraldCollectible, HeraldConsecutive, HeraldItems};

mod abi {
    alloy::sol!(HeraldCollectible, "contracts/artifacts/HeraldCollectible.json");
    alloy::sol!(HeraldConsecutive, "contracts/artifacts/HeraldConsecutive.json");
    alloy::sol!(HeraldItems, "contracts/artifacts/HeraldItems.json");
}

/// Tokens that a consecutive contract is created with: ranges that follow one another from id 0,
/// each of one owner.
pub const RANGES: [u32; 2] = [5_000, 1_000];

/// The tokens at both sides of each end of [`RANGES`].
pub const RANGE_ENDS: [u64; 7] = [0, 2, 4_998, 4_999, 5_000, 5_001, 5_999];

/// What a contract of the demo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ERC-721, each token minted by a log of its own.
    Collectible,
    /// ERC-721 with its first tokens in ranges (ERC-2309); its calls are those of a collectible.
    Consecutive,
    /// ERC-1155.
    Items,
}

impl Kind {
    /// The standard that Herald should find in its logs.
    pub fn standard(self) -> Standard {
        match self {
            Self::Collectible | Self::Consecutive => Standard::Erc721,
            Self::Items => Standard::Erc1155,
        }
    }

    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collectible => "ERC-721",
            Self::Consecutive => "ERC-2309",
            Self::Items => "ERC-1155",
        }
    }
}

/// A contract before it is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it calls itself.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether Herald is configured with it; else it is announced to the running daemon.
    pub configured: bool,
    /// Whether Herald is told its standard; else it has to find it in the logs.
    pub stated: bool,
}

impl Plan {
    /// The standard that Herald is told.
    pub fn stated(&self) -> Option<Standard> {
        self.stated.then(|| self.kind.standard())
    }
}

/// A contract of the demo on its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Where it is.
    pub address: Address,
    /// The block that created it.
    pub block: u64,
    /// What it is.
    pub plan: Plan,
}

/// Creates a contract from the first of `accounts`, in a block of its own; the first ones also get
/// the [`RANGES`] of a consecutive one.
pub async fn deploy(node: &Node, accounts: &[Address], plan: Plan) -> Result<Deployed> {
    let from = *accounts.first().context("a node without accounts")?;
    let created = create(node, from, creation(accounts, plan)).await;
    let (address, block) = created.with_context(|| format!("create {}", plan.name))?;
    Ok(Deployed { address, block, plan })
}

/// Creates any contract by its code and arguments, in a block of its own; answers where it is, and
/// in which block.
pub async fn create(node: &Node, from: Address, code: Bytes) -> Result<(Address, u64)> {
    let sent = node.send(&Sending { from, to: None, data: code }).await?;
    node.mine(next_time(node.head().await?.time())).await?;
    let receipt = node.receipt(sent).await?;
    ensure!(receipt.succeeded(), "the node refused the contract");
    Ok((receipt.contract_address.context("a creation without an address")?, receipt.block()))
}

/// The code of a contract with its constructor's arguments.
fn creation(accounts: &[Address], plan: Plan) -> Bytes {
    let name_ = plan.name.to_owned();
    let symbol_ = "HERALD".to_owned();
    let (code, arguments) = match plan.kind {
        Kind::Collectible => (
            &HeraldCollectible::BYTECODE,
            HeraldCollectible::constructorCall { name_, symbol_ }.abi_encode(),
        ),
        Kind::Consecutive => {
            let owners = accounts.iter().copied().take(RANGES.len()).collect();
            let counts = RANGES.into_iter().map(alloy::primitives::aliases::U96::from).collect();
            (
                &HeraldConsecutive::BYTECODE,
                HeraldConsecutive::constructorCall { name_, symbol_, owners, counts }.abi_encode(),
            )
        }
        Kind::Items => {
            (&HeraldItems::BYTECODE, HeraldItems::constructorCall { name_ }.abi_encode())
        }
    };
    Bytes::from([code.as_ref(), &arguments].concat())
}
