//! Who takes part in the traffic of a chain, and the transaction that a chosen action becomes:
//! which account sends it to which contract.

use alloy::primitives::{Address, B256, U256};
use anyhow::{Context as _, Result, bail, ensure};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;

use super::actions::{self, Action};
use super::contracts::HeraldCollectible as Collectible;
use super::node::{Answer, Node, Sending};

/// The contracts and the accounts of a chain.
#[derive(Debug)]
pub(super) struct Cast {
    contracts: Vec<Address>,
    wallets: Vec<Address>,
}

impl Cast {
    /// At least one of each.
    pub(super) fn new(contracts: Vec<Address>, wallets: Vec<Address>) -> Result<Self> {
        ensure!(
            !contracts.is_empty() && !wallets.is_empty(),
            "no traffic without a contract and an account"
        );
        Ok(Self { contracts, wallets })
    }

    /// The next transaction, given what the contracts say after the block `at`.
    pub(super) async fn transaction(
        &self,
        node: &Node,
        rng: &mut SmallRng,
        at: B256,
    ) -> Result<Sending> {
        let one_of = |all: &[Address], rng: &mut SmallRng| {
            *all.choose(rng).expect("a cast has at least one of each")
        };
        let contract = one_of(&self.contracts, rng);
        let from = one_of(&self.wallets, rng);
        let next = match node.call(contract, &Collectible::nextIdCall {}, at).await? {
            Answer::Returned(next) => next,
            Answer::Reverted(words) => bail!("{contract} is not the contract of the demo: {words}"),
        };
        let next = u64::try_from(next).context("the contract counts beyond 64 bits")?;
        let action = actions::action(rng, next, &self.wallets);
        let from = match action {
            Action::Transfer(id, _) => owner(node, contract, id, at).await?.unwrap_or(from),
            _ => from,
        };
        Ok(Sending { from, to: Some(contract), data: action.calldata(from) })
    }
}

async fn owner(node: &Node, contract: Address, id: U256, at: B256) -> Result<Option<Address>> {
    match node.call(contract, &Collectible::ownerOfCall { tokenId: id }, at).await? {
        Answer::Returned(owner) => Ok(Some(owner)),
        Answer::Reverted(_) => Ok(None),
    }
}
