//! Which chain and which contract a request speaks of.

use alloy::primitives::Address;

use super::answer;
use super::asked::{Asked, shown};
use super::codes::Code;
use super::params;
use super::problem::Problem;
use crate::store::Pool;
use crate::store::read::Standing;
use crate::store::read::resolve::{Known, known};
use crate::store::wishes::ContractRow;
use crate::types::{Caip2, ChainKey, ContractKey, ContractState};

/// Longest alias of a chain that is looked up.
const ALIAS_BYTES_MAX: usize = 64;

/// A contract on its chain.
#[derive(Clone, Debug)]
pub(super) struct ContractScope {
    /// The chain.
    pub chain: Standing,
    /// The contract.
    pub contract: ContractRow,
}

impl ContractScope {
    /// The surrogate numbers.
    pub(super) fn keys(&self) -> (ChainKey, ContractKey) {
        (ChainKey(self.chain.chain), ContractKey(self.contract.id))
    }

    /// The word of the contract's standard. A contract of which anything is stored has one.
    pub(super) fn standard(&self) -> &str {
        self.contract.standard.as_deref().unwrap_or_default()
    }

    /// Refuses a contract whose ownership cannot be answered yet.
    pub(super) fn ready(&self) -> Result<(), Problem> {
        if self.contract.state()? == ContractState::Ready {
            return Ok(());
        }
        let mut problem = Problem::new(
            Code::ContractNotReady,
            format!(
                "{} on {} is {}: its ownership is answered once its history is whole",
                answer::address(self.contract.address),
                self.chain.caip2,
                self.contract.state
            ),
        );
        problem.loaded_percent = self.contract.loaded_percent.map(answer::percent);
        Err(problem)
    }
}

/// The chain that these words name: its CAIP-2 id, its number or its alias.
pub(super) fn chain(chains: Vec<Known>, text: &str, part: &'static str) -> Result<Known, Problem> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    if text.is_empty() || text.len() > ALIAS_BYTES_MAX || !text.bytes().all(plain) {
        let detail =
            format!("{} is no chain: expected eip155:<number>, a number or an alias", shown(text));
        return Err(Problem::new(Code::InvalidRequest, detail).at(part, "chain"));
    }
    let number = text.parse().ok().or_else(|| text.parse::<u64>().ok().map(Caip2));
    let caip2 = number.map(|id: Caip2| id.to_string());
    let names: Vec<String> = chains
        .iter()
        .map(|known| format!("{} ({})", known.standing.caip2, known.standing.alias))
        .collect();
    let same = |known: &Known| {
        Some(&known.standing.caip2) == caip2.as_ref() || known.standing.alias == text
    };
    chains.into_iter().find(same).ok_or_else(|| {
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let detail = format!("{} is not followed; known chains: {there}", shown(text));
        Problem::new(Code::ChainUnknown, detail).at(part, "chain")
    })
}

/// The chain of the path.
pub(super) async fn chain_of_path(pool: &Pool, asked: &Asked) -> Result<Standing, Problem> {
    Ok(chain(known(pool, None).await?, asked.path("chain"), "path")?.standing)
}

/// The chains that a query without more is about: the one of `chain=`, or all.
pub(super) async fn chains_of_query(pool: &Pool, asked: &Asked) -> Result<Vec<Standing>, Problem> {
    let all = known(pool, None).await?;
    let Some(text) = asked.query("chain") else {
        return Ok(all.into_iter().map(|known| known.standing).collect());
    };
    Ok(vec![chain(all, text, "query")?.standing])
}

/// The contract of the path, whose address is the parameter `name`.
pub(super) async fn contract_of_path(
    pool: &Pool,
    asked: &Asked,
    name: &'static str,
) -> Result<ContractScope, Problem> {
    let address = params::path(asked, name, params::address)?;
    let found = chain(known(pool, Some(address)).await?, asked.path("chain"), "path")?;
    tracked(found, address).map_err(|problem| problem.at("path", name))
}

/// The chains of the query and, where `contract=` is given with its chain, that contract.
pub(super) async fn contract_of_query(
    pool: &Pool,
    asked: &Asked,
) -> Result<(Vec<Standing>, Option<ContractScope>), Problem> {
    let Some(address) = params::query(asked, "contract", params::address)? else {
        return Ok((chains_of_query(pool, asked).await?, None));
    };
    let Some(text) = asked.query("chain") else {
        let detail = "contract= needs chain=: the same address may be on several chains";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "chain"));
    };
    let found = chain(known(pool, Some(address)).await?, text, "query")?;
    let scope = tracked(found, address).map_err(|problem| problem.at("query", "contract"))?;
    Ok((vec![scope.chain.clone()], Some(scope)))
}

fn tracked(found: Known, address: Address) -> Result<ContractScope, Problem> {
    let Known { standing: chain, contract } = found;
    match contract {
        Some(contract) => Ok(ContractScope { chain, contract }),
        None => {
            let detail = format!(
                "{} on {} is not tracked; POST /v1/contracts with chain, contract and start_block \
                 adds it",
                address.to_checksum(None),
                chain.caip2
            );
            Err(Problem::new(Code::ContractNotTracked, detail))
        }
    }
}
