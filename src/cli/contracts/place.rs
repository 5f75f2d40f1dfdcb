//! Where contracts are followed, whichever way it is reached, and what is seen of them there.

use alloy::primitives::Address;
use async_trait::async_trait;
use serde::Deserialize;

use super::Which;
use crate::cli::Exit;
use crate::types::Standard;

/// A database or a daemon.
#[async_trait]
pub(super) trait Place: Send + Sync {
    /// Asks for a contract to be followed and waits some time for the verdict. A [`Refusal`] where it
    /// cannot be followed.
    async fn add(&self, named: &Named, wish: &Wish) -> anyhow::Result<Added>;

    /// What is known of a contract; none of one that is not tracked.
    async fn one(&self, named: &Named) -> anyhow::Result<Option<Seen>>;

    /// The contracts behind `after`, and where the next page begins.
    async fn page(
        &self,
        filter: &Filter,
        after: Option<String>,
    ) -> anyhow::Result<(Vec<Seen>, Option<String>)>;

    /// Stops following a contract. A [`Refusal`] where it is not tracked.
    async fn remove(&self, named: &Named, purge: bool) -> anyhow::Result<Seen>;

    /// Lets go of it.
    async fn close(self: Box<Self>) -> anyhow::Result<()>;
}

/// A contract by its words.
pub(super) struct Named {
    /// Alias, number or CAIP-2 id of its chain.
    pub(super) chain: String,
    /// Its address.
    pub(super) contract: Address,
}

impl Named {
    pub(super) fn of(which: &Which) -> Self {
        Self { chain: which.chain.clone(), contract: which.contract }
    }
}

/// How a contract is to be followed.
pub(super) struct Wish {
    /// First block; none to find it.
    pub(super) start_block: Option<u64>,
    /// Standard; none to find it.
    pub(super) standard: Option<Standard>,
}

/// Which contracts are listed.
pub(super) struct Filter {
    /// Only of this chain.
    pub(super) chain: Option<String>,
    /// Only with this status.
    pub(super) status: Option<String>,
}

/// What a wish came to.
pub(super) struct Added {
    /// The contract.
    pub(super) seen: Seen,
    /// Whether it is followed otherwise than before.
    pub(super) changed: bool,
    /// Whether nobody has said yet that it can be followed.
    pub(super) undecided: bool,
}

/// A contract as it is shown.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct Seen {
    /// CAIP-2 id.
    pub(super) chain: String,
    /// EIP-55.
    pub(super) address: String,
    /// How far it is.
    pub(super) status: String,
    /// Its standard, once known.
    pub(super) standard: Option<String>,
    /// Its first block, once known.
    pub(super) start_block: Option<i64>,
    /// How much of its past is loaded, while that is known.
    pub(super) loaded_percent: Option<f64>,
    /// Whether its facts are being removed.
    #[serde(default)]
    pub(super) purging: bool,
}

/// Why a command is not done, in the words of the API.
#[derive(Debug, thiserror::Error)]
#[error("{detail} ({code})")]
pub(in crate::cli) struct Refusal {
    /// A code of `docs/API.md`.
    pub(in crate::cli) code: String,
    /// What about this contract.
    pub(in crate::cli) detail: String,
}

impl Refusal {
    /// What cannot be right, whatever the state of things, is wrong usage.
    pub(in crate::cli) fn exit(&self) -> Exit {
        match self.code.as_str() {
            "chain_unknown" | "invalid_request" => Exit::Wrong,
            _ => Exit::Failed,
        }
    }
}
