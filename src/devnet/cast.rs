//! Who takes part in the traffic of a chain, and the transaction that a chosen action becomes:
//! which account sends it to which contract.

use alloy::primitives::{Address, B256, U256};
use anyhow::{Context as _, Result, bail, ensure};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;

use super::actions::{self, Action, Ids};
use super::contracts::{
    Deployed, HeraldCollectible as Collectible, HeraldItems as Items, Kind, RANGE_ENDS,
};
use super::items::{self, Held};
use super::node::{Answer, Node, Sending};

/// The contracts and the accounts of a chain.
#[derive(Debug)]
pub(super) struct Cast {
    contracts: Vec<(Address, Kind)>,
    wallets: Vec<Address>,
}

impl Cast {
    /// At least one of each.
    pub(super) fn new(contracts: &[Deployed], wallets: Vec<Address>) -> Result<Self> {
        ensure!(
            !contracts.is_empty() && !wallets.is_empty(),
            "no traffic without a contract and an account"
        );
        let contracts = contracts.iter().map(|contract| (contract.address, contract.plan.kind));
        Ok(Self { contracts: contracts.collect(), wallets })
    }

    /// The next transaction, given what the contracts say after the block `at`.
    pub(super) async fn transaction(
        &self,
        node: &Node,
        rng: &mut SmallRng,
        at: B256,
    ) -> Result<Sending> {
        let (contract, kind) =
            *self.contracts.choose(rng).expect("a cast has at least one contract");
        let from = *self.wallets.choose(rng).expect("a cast has at least one account");
        if kind == Kind::Items {
            let held = self.held(node, contract, at).await?;
            let action = items::action(rng, &held, &self.wallets);
            let from = action.signer().unwrap_or(from);
            return Ok(Sending { from, to: Some(contract), data: action.calldata() });
        }
        let next = answered(contract, node.call(contract, &Collectible::nextIdCall {}, at).await?)?;
        let next = u64::try_from(next).context("the contract counts beyond 64 bits")?;
        let often: &[u64] = if kind == Kind::Consecutive { &RANGE_ENDS } else { &[] };
        let action = actions::action(rng, Ids { next, often }, &self.wallets);
        let from = match action {
            Action::Transfer(id, _) => owner(node, contract, id, at).await?.unwrap_or(from),
            _ => from,
        };
        Ok(Sending { from, to: Some(contract), data: action.calldata(from) })
    }

    /// All that the accounts have of an ERC-1155 contract.
    async fn held(&self, node: &Node, contract: Address, at: B256) -> Result<Vec<Held>> {
        let pairs =
            items::ids().flat_map(|id| self.wallets.iter().map(move |holder| (id, *holder)));
        let (ids, accounts): (Vec<U256>, Vec<Address>) = pairs.unzip();
        let question = Items::balanceOfBatchCall { accounts, ids };
        let balances = answered(contract, node.call(contract, &question, at).await?)?;
        let Items::balanceOfBatchCall { accounts, ids } = question;
        let all = ids.into_iter().zip(accounts).zip(balances);
        let held = all.map(|((id, holder), balance)| Held { holder, id, balance });
        Ok(held.filter(|held| !held.balance.is_zero()).collect())
    }
}

/// What a contract of the demo always answers.
fn answered<T>(contract: Address, answer: Answer<T>) -> Result<T> {
    match answer {
        Answer::Returned(value) => Ok(value),
        Answer::Reverted(words) => bail!("{contract} is not the contract of the demo: {words}"),
    }
}

async fn owner(node: &Node, contract: Address, id: U256, at: B256) -> Result<Option<Address>> {
    match node.call(contract, &Collectible::ownerOfCall { tokenId: id }, at).await? {
        Answer::Returned(owner) => Ok(Some(owner)),
        Answer::Reverted(_) => Ok(None),
    }
}
