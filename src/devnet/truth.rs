//! What the chain itself says about a contract's tokens: `ownerOf`, asked for every token that was
//! ever minted. Takes nothing from Herald.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use anyhow::{Result, bail};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::contracts::HeraldCollectible as Collectible;
use super::node::{Answer, Node, token_of};

/// Calls on their way at once: a node on this machine answers one after the other anyway.
const CALLS_AT_ONCE: usize = 8;

/// Selector of `ERC721NonexistentToken(uint256)` (ERC-6093), which `ownerOf` answers for a token
/// that was burnt or never minted.
const NONEXISTENT: &str = "0x7e273289";

/// What a node knows about a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Every token that was ever minted with its owner; `None` where it was burnt.
    pub owners: BTreeMap<U256, Option<Address>>,
    /// How many transfer logs the contract has emitted on this chain as it is now.
    pub transfers: u64,
}

/// The owners of a contract after the block `at`, which has to be the newest.
pub async fn ask(node: &Node, contract: Address, at: B256) -> Result<Truth> {
    let logs = node.transfer_logs(contract).await?;
    let mut tokens: BTreeSet<U256> = logs.iter().filter_map(token_of).collect();
    let next = match node.call(contract, &Collectible::nextIdCall {}, at).await? {
        Answer::Returned(next) => next,
        Answer::Reverted(words) => bail!("{contract} is not the contract of the demo: {words}"),
    };
    // Whatever the node's logs leave out, the contract still counts.
    tokens.extend((1..u64::try_from(next)?).map(U256::from));
    let owners = stream::iter(tokens)
        .map(|id| async move { Ok::<_, anyhow::Error>((id, owner(node, contract, id, at).await?)) })
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(Truth { owners, transfers: logs.len() as u64 })
}

async fn owner(node: &Node, contract: Address, id: U256, at: B256) -> Result<Option<Address>> {
    match node.call(contract, &Collectible::ownerOfCall { tokenId: id }, at).await? {
        Answer::Returned(owner) => Ok(Some(owner)),
        Answer::Reverted(words) if words.contains(NONEXISTENT) => Ok(None),
        Answer::Reverted(words) => bail!("ownerOf({id}) of {contract}: {words}"),
    }
}
