//! The chains and contracts that the items of a body name: all found at once, each item with its own
//! problem where there is no such thing.

use std::collections::HashSet;

use alloy::primitives::Address;

use super::ApiState;
use super::problem::Problem;
use super::scope::{self, ContractScope};
use crate::store::read::names::ChainName;
use crate::types::ChainKey;

/// A contract as an item names it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// CAIP-2 id, number or alias of the chain.
    pub chain: String,
    /// The contract's address.
    pub contract: Address,
}

/// What was found of each place: the same number, in the same order.
#[derive(Debug)]
pub(super) struct Found {
    /// Each place, or why there is no such.
    pub scopes: Vec<Result<ContractScope, Problem>>,
    /// The chains that were named and are followed, by their numbers, each once.
    pub chains: Vec<ChainName>,
}

/// Finds all of them, with one statement for those that are not remembered.
pub(super) async fn find(state: &ApiState, places: &[Place]) -> Result<Found, Problem> {
    let all = |known: &[ChainName]| -> Vec<Option<ChainName>> {
        places.iter().map(|place| scope::among(known, &place.chain)).collect()
    };
    let mut known = state.names.chains(&state.pool).await?;
    let mut chains = all(&known);
    if chains.iter().any(Option::is_none) {
        known = state.names.chains_anew(&state.pool).await?;
        chains = all(&known);
    }
    let key = |(place, chain): (&Place, &Option<ChainName>)| {
        Some((ChainKey(chain.as_ref()?.chain), place.contract))
    };
    let wanted: HashSet<_> = places.iter().zip(&chains).filter_map(key).collect();
    let found = state.names.contracts(&state.pool, &wanted).await?;
    let scope = |(place, chain): (&Place, Option<ChainName>)| {
        let chain = chain.ok_or_else(|| scope::unknown(&known, &place.chain))?;
        match found.get(&(ChainKey(chain.chain), place.contract)) {
            Some(contract) => Ok(ContractScope { chain, contract: *contract }),
            None => Err(scope::untracked(place.contract, &chain.caip2, "")),
        }
    };
    let named: HashSet<i16> = chains.iter().flatten().map(|chain| chain.chain).collect();
    let scopes = places.iter().zip(chains).map(scope).collect();
    let chains = known.iter().filter(|chain| named.contains(&chain.chain)).cloned().collect();
    Ok(Found { scopes, chains })
}
