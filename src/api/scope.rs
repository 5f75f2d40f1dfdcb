//! Which chain and which contract a request speaks of, by their numbers. What has become of them the
//! answer itself says (`found`).

use alloy::primitives::Address;

use super::ApiState;
use super::asked::{Asked, shown};
use super::codes::Code;
use super::params;
use super::problem::Problem;
use crate::store::read::names::ChainName;
use crate::types::{ChainKey, ContractKey};

/// A contract on its chain.
#[derive(Clone, Debug)]
pub(super) struct ContractScope {
    /// The chain.
    pub chain: ChainName,
    /// The contract.
    pub contract: ContractKey,
}

impl ContractScope {
    /// The surrogate numbers.
    pub(super) fn keys(&self) -> (ChainKey, ContractKey) {
        (ChainKey(self.chain.chain), self.contract)
    }
}

/// The chain that these words name: its CAIP-2 id, its number or its alias.
pub(super) async fn chain(
    state: &ApiState,
    text: &str,
    part: &'static str,
) -> Result<ChainName, Problem> {
    let invalid = |detail| Problem::new(Code::InvalidRequest, detail).at(part, "chain");
    params::chain(text).map_err(invalid)?;
    if let Some(found) = among(&state.names.chains(&state.pool).await?, text) {
        return Ok(found);
    }
    let chains = state.names.chains_anew(&state.pool).await?;
    among(&chains, text).ok_or_else(|| unknown(&chains, text).at(part, "chain"))
}

/// The one of these chains that the words name.
pub(super) fn among(chains: &[ChainName], text: &str) -> Option<ChainName> {
    chains.iter().find(|chain| is_named(chain, text)).cloned()
}

/// The problem of words that name none of these chains, which are all.
pub(super) fn unknown(chains: &[ChainName], text: &str) -> Problem {
    let names: Vec<String> =
        chains.iter().map(|chain| format!("{} ({})", chain.caip2, chain.alias)).collect();
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let detail = format!("{} is not followed; known chains: {there}", shown(text));
    Problem::new(Code::ChainUnknown, detail)
}

fn is_named(chain: &ChainName, text: &str) -> bool {
    let number = chain.caip2.strip_prefix("eip155:");
    let same_number = || {
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        plain && text.parse::<u64>().ok() == number.and_then(|number| number.parse().ok())
    };
    chain.caip2 == text || chain.alias == text || same_number()
}

/// The chain of the path.
pub(super) async fn chain_of_path(state: &ApiState, asked: &Asked) -> Result<ChainName, Problem> {
    chain(state, asked.path("chain"), "path").await
}

/// The chains that a query without more is about: the one of `chain=`, or all.
pub(super) async fn chains_of_query(
    state: &ApiState,
    asked: &Asked,
) -> Result<Vec<ChainName>, Problem> {
    match asked.query("chain") {
        Some(text) => Ok(vec![chain(state, text, "query").await?]),
        None => Ok(state.names.chains(&state.pool).await?.to_vec()),
    }
}

/// The contract of the path, whose address is the parameter `name`.
pub(super) async fn contract_of_path(
    state: &ApiState,
    asked: &Asked,
    name: &'static str,
) -> Result<ContractScope, Problem> {
    let address = params::path(asked, name, params::address)?;
    let chain = chain_of_path(state, asked).await?;
    contract(state, chain, address).await.map_err(|problem| problem.at("path", name))
}

/// The contract at this address of the chain, where anybody has ever named it.
pub(super) async fn contract(
    state: &ApiState,
    chain: ChainName,
    address: Address,
) -> Result<ContractScope, Problem> {
    let key = (ChainKey(chain.chain), address);
    match state.names.contract(&state.pool, key).await? {
        Some(contract) => Ok(ContractScope { chain, contract }),
        None => Err(untracked(address, &chain.caip2, "")),
    }
}

/// The chains of the query and, where `contract=` is given with its chain, that contract.
pub(super) async fn contract_of_query(
    state: &ApiState,
    asked: &Asked,
) -> Result<(Vec<ChainName>, Option<ContractScope>), Problem> {
    let Some(address) = params::query(asked, "contract", params::address)? else {
        return Ok((chains_of_query(state, asked).await?, None));
    };
    let Some(text) = asked.query("chain") else {
        let detail = "contract= needs chain=: the same address may be on several chains";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "chain"));
    };
    let chain = chain(state, text, "query").await?;
    let scope = contract(state, chain, address).await;
    let scope = scope.map_err(|problem| problem.at("query", "contract"))?;
    Ok((vec![scope.chain.clone()], Some(scope)))
}

/// The problem of a contract that is not followed; `why` is empty or begins with a space.
pub(super) fn untracked(address: Address, caip2: &str, why: &str) -> Problem {
    let detail = format!(
        "{} on {caip2} is not tracked{why}; POST /v1/contracts with chain and contract follows it",
        address.to_checksum(None),
    );
    Problem::new(Code::ContractNotTracked, detail)
}
