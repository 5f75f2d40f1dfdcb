//! What the chain itself says about a contract's tokens: `ownerOf` of every token that was ever
//! minted, or `balanceOf` of every token and account. Takes nothing from Herald.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use anyhow::{Result, bail, ensure};

use super::contracts::{Deployed, HeraldCollectible as Collectible, HeraldItems as Items, Kind};
use super::items;
use super::node::{Answer, Node};
use super::seen::Seen;

/// Tokens, or balances, in one request; a node answers so many in some milliseconds.
const CALLS_AT_ONCE: usize = 250;

/// Selector of `ERC721NonexistentToken(uint256)` (ERC-6093), which `ownerOf` answers for a token
/// that was burnt or never minted.
const NONEXISTENT: &str = "0x7e273289";

/// Who has how much of a token; nothing where the token was burnt. In ERC-721 one account has one.
pub type Holders = BTreeMap<Address, U256>;

/// Tokens that went to one owner by a single log: the first, the last and that owner.
pub type Range = (U256, U256, Address);

/// What a node knows about a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Every token that was ever minted, with all that anybody has of it.
    pub tokens: BTreeMap<U256, Holders>,
    /// The ranges in which tokens were minted.
    pub ranges: BTreeSet<Range>,
    /// How many transfers the contract has logged on this chain as it is now: each element of a
    /// batch is one, and so is each range.
    pub transfers: u64,
    /// How many of them burnt something.
    pub burns: u64,
}

impl Truth {
    /// How many tokens somebody has.
    pub fn owned(&self) -> usize {
        self.tokens.values().filter(|holders| !holders.is_empty()).count()
    }

    /// How many tokens nobody has any more.
    pub fn gone(&self) -> usize {
        self.tokens.len() - self.owned()
    }

    /// How many balances above zero there are.
    pub fn balances(&self) -> usize {
        self.tokens.values().map(BTreeMap::len).sum()
    }
}

/// What the contract says after the block `at`. Tokens, ranges and transfers are those of the whole
/// chain, so that a token that is minted later belongs to nobody yet.
pub async fn ask(node: &Node, contract: &Deployed, at: B256) -> Result<Truth> {
    let seen = Seen::of(&node.logs(contract.address).await?)?;
    let (ranges, transfers, burns) = (seen.ranges.clone(), seen.transfers, seen.burns);
    let tokens = match contract.plan.kind {
        Kind::Items => balances(node, contract.address, seen, at).await?,
        kind => owners(node, (contract.address, kind), seen, at).await?,
    };
    Ok(Truth { tokens, ranges, transfers, burns })
}

async fn owners(
    node: &Node,
    (contract, kind): (Address, Kind),
    seen: Seen,
    at: B256,
) -> Result<BTreeMap<U256, Holders>> {
    let mut tokens = seen.tokens;
    let next = match node.call(contract, &Collectible::nextIdCall {}, at).await? {
        Answer::Returned(next) => u64::try_from(next)?,
        Answer::Reverted(words) => bail!("{contract} is not the contract of the demo: {words}"),
    };
    // Whatever the node's logs leave out, the contract still counts.
    let first = u64::from(kind != Kind::Consecutive);
    tokens.extend((first..next).map(U256::from));
    let tokens: Vec<U256> = tokens.into_iter().collect();
    let mut owners = BTreeMap::new();
    for some in tokens.chunks(CALLS_AT_ONCE) {
        let calls: Vec<_> =
            some.iter().map(|id| Collectible::ownerOfCall { tokenId: *id }).collect();
        let answers = node.call_all(contract, &calls, at).await?;
        ensure!(answers.len() == some.len(), "a node left out an ownerOf");
        for (id, answer) in some.iter().zip(answers) {
            let holders = match answer {
                Answer::Returned(owner) => Holders::from([(owner, U256::ONE)]),
                Answer::Reverted(words) if words.contains(NONEXISTENT) => Holders::new(),
                Answer::Reverted(words) => bail!("ownerOf({id}) of {contract}: {words}"),
            };
            owners.insert(*id, holders);
        }
    }
    Ok(owners)
}

async fn balances(
    node: &Node,
    contract: Address,
    seen: Seen,
    at: B256,
) -> Result<BTreeMap<U256, Holders>> {
    // Whatever the node's logs leave out, these are the tokens and the accounts of the traffic.
    let accounts: BTreeSet<Address> =
        seen.holders.into_iter().chain(node.accounts().await?).collect();
    let ids: BTreeSet<U256> = seen.tokens.iter().copied().chain(items::ids()).collect();
    let pairs: Vec<(U256, Address)> =
        ids.iter().flat_map(|id| accounts.iter().map(|account| (*id, *account))).collect();
    let mut tokens: BTreeMap<U256, Holders> =
        seen.tokens.into_iter().map(|id| (id, Holders::new())).collect();
    for some in pairs.chunks(CALLS_AT_ONCE) {
        let (ids, accounts) = some.iter().copied().unzip();
        let question = Items::balanceOfBatchCall { accounts, ids };
        let balances = match node.call(contract, &question, at).await? {
            Answer::Returned(balances) => balances,
            Answer::Reverted(words) => bail!("balanceOfBatch of {contract}: {words}"),
        };
        ensure!(balances.len() == some.len(), "a contract left out a balance");
        let held = some.iter().zip(balances).filter(|(_, balance)| !balance.is_zero());
        for ((id, account), balance) in held {
            tokens.entry(*id).or_default().insert(*account, balance);
        }
    }
    Ok(tokens)
}
