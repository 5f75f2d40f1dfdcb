//! Which chain and which contract a request speaks of.

use alloy::primitives::Address;

use super::answer;
use super::asked::{Asked, shown};
use super::codes::Code;
use super::cursor::Pin;
use super::moment::{Moment, moment};
use super::params;
use super::problem::Problem;
use crate::store::Pool;
use crate::store::contract_row::ContractRow;
use crate::store::read::Standing;
use crate::store::read::resolve::{Known, known};
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

    /// At which block the ownership of the contract is asked, where that can be answered: of one that
    /// is no longer followed only at blocks up to its last.
    pub(super) fn moment(&self, asked: &Asked, pins: Option<Vec<Pin>>) -> Result<Moment, Problem> {
        match self.contract.state()? {
            ContractState::Ready => {}
            ContractState::Stopped => {
                let at = params::query(asked, "at_block", params::block)?;
                if at.is_none() || at > self.contract.frozen_at() {
                    return Err(self.stopped());
                }
            }
            _ => return Err(self.not_ready()),
        }
        let chains = std::slice::from_ref(&self.chain);
        moment(asked, chains, self.contract.start_block, pins)
    }

    /// The newest block up to which the contract's history is whole; [`i64::MAX`] while it is followed.
    pub(super) fn whole_to(&self) -> Result<i64, Problem> {
        match self.contract.state()? {
            ContractState::Ready => Ok(i64::MAX),
            ContractState::Stopped => self.contract.frozen_at().ok_or_else(|| self.stopped()),
            _ => Err(self.not_ready()),
        }
    }

    /// Refuses a contract of which no fact is to be shown any more.
    pub(super) fn kept(self) -> Result<Self, Problem> {
        if self.contract.purging { Err(self.stopped()) } else { Ok(self) }
    }

    /// Refuses a contract that is no longer followed.
    pub(super) fn followed(&self) -> Result<(), Problem> {
        if self.contract.state()? == ContractState::Stopped {
            return Err(self.stopped());
        }
        Ok(())
    }

    fn not_ready(&self) -> Problem {
        let detail = format!(
            "{} on {} is {}: its ownership is answered once its history is whole",
            answer::address(self.contract.address),
            self.chain.caip2,
            self.contract.state
        );
        let loaded_percent = self.contract.loaded_percent.map(answer::percent);
        Problem { loaded_percent, ..Problem::new(Code::ContractNotReady, detail) }
    }

    fn stopped(&self) -> Problem {
        let row = &self.contract;
        let name = format!("{} on {}", answer::address(row.address), self.chain.caip2);
        let again = "POST /v1/contracts follows it again";
        let detail = match (row.frozen_at(), row.live_to) {
            _ if row.purging => {
                format!("{name} is not tracked: its facts are being removed; {again} after that")
            }
            (Some(last), _) => format!(
                "{name} was followed until block {last}: at_block answers up to it; {again}"
            ),
            (None, Some(last)) => format!(
                "{name} was followed until block {last}, and its history was not whole; {again}"
            ),
            (None, None) => format!("{name} was stopped before it was followed; {again}"),
        };
        Problem::new(Code::ContractNotTracked, detail)
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
    let (found, address) = known_of_path(pool, asked, name).await?;
    tracked(found, address).map_err(|problem| problem.at("path", name))
}

/// The chain of the path with whatever is known of the contract there.
pub(super) async fn known_of_path(
    pool: &Pool,
    asked: &Asked,
    name: &'static str,
) -> Result<(Known, Address), Problem> {
    let address = params::path(asked, name, params::address)?;
    let found = chain(known(pool, Some(address)).await?, asked.path("chain"), "path")?;
    Ok((found, address))
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

/// The contract, where it is tracked or was, and anything of it is left.
pub(super) fn tracked(found: Known, address: Address) -> Result<ContractScope, Problem> {
    let Known { standing: chain, contract } = found;
    let why = match contract {
        Some(contract) if contract.is_tracked() => return Ok(ContractScope { chain, contract }),
        Some(ContractRow { refused: Some(word), refused_detail, .. }) => {
            format!(" ({})", refused_detail.unwrap_or(word))
        }
        _ => String::new(),
    };
    let detail = format!(
        "{} on {} is not tracked{why}; POST /v1/contracts with chain and contract follows it",
        address.to_checksum(None),
        chain.caip2
    );
    Err(Problem::new(Code::ContractNotTracked, detail))
}
