//! The names of a request's chains and contracts as the database's numbers, remembered.
//!
//! Numbers are given once and kept for ever, so only the names of chains grow stale. Everything else
//! about a chain or a contract is read by the statement that answers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alloy::primitives::Address;

use crate::store::read::names::{self, ChainName};
use crate::store::read::ranged::Ranged;
use crate::store::{Pool, StoreError};
use crate::types::{ChainKey, ContractKey};

/// How long the list of chains is believed: they come and are renamed with a restart of a replica.
const CHAINS_TRUSTED: Duration = Duration::from_secs(2);
/// Most contracts remembered: some 10 MB. Then all are forgotten and found again.
const CONTRACTS_MAX: usize = 100_000;

/// What was found.
#[derive(Debug, Default)]
pub struct Names {
    chains: Mutex<Option<(Instant, Arc<[ChainName]>)>>,
    contracts: Mutex<HashMap<(ChainKey, Address), ContractKey>>,
    /// Which of them are known to have ranges of tokens.
    pub(super) ranged: Ranged,
}

impl Names {
    /// Every chain by its number, as of a moment ago.
    pub(super) async fn chains(&self, pool: &Pool) -> Result<Arc<[ChainName]>, StoreError> {
        let known = self.chains.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((since, chains)) if since.elapsed() < CHAINS_TRUSTED => Ok(chains),
            _ => self.chains_anew(pool).await,
        }
    }

    /// The same as of now.
    pub(super) async fn chains_anew(&self, pool: &Pool) -> Result<Arc<[ChainName]>, StoreError> {
        let began = Instant::now();
        let chains: Arc<[ChainName]> = names::chains(pool).await?.into();
        let mut known = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((began, chains.clone()));
        Ok(chains)
    }

    /// The contract at this address; one that nobody has named yet is looked for each time.
    pub(super) async fn contract(
        &self,
        pool: &Pool,
        (chain, address): (ChainKey, Address),
    ) -> Result<Option<ContractKey>, StoreError> {
        let known = {
            let contracts = self.contracts.lock().unwrap_or_else(PoisonError::into_inner);
            contracts.get(&(chain, address)).copied()
        };
        if known.is_some() {
            return Ok(known);
        }
        let found = names::contract(pool, chain, address).await?;
        if let Some(contract) = found {
            let mut contracts = self.contracts.lock().unwrap_or_else(PoisonError::into_inner);
            if contracts.len() >= CONTRACTS_MAX {
                contracts.clear();
            }
            contracts.insert((chain, address), contract);
        }
        Ok(found)
    }

    /// The contracts at these addresses, of those that somebody has named; all that are not remembered
    /// are looked for at once.
    pub(super) async fn contracts(
        &self,
        pool: &Pool,
        wanted: &HashSet<(ChainKey, Address)>,
    ) -> Result<HashMap<(ChainKey, Address), ContractKey>, StoreError> {
        let mut found = HashMap::with_capacity(wanted.len());
        let mut unknown = Vec::new();
        {
            let contracts = self.contracts.lock().unwrap_or_else(PoisonError::into_inner);
            for key in wanted {
                match contracts.get(key) {
                    Some(contract) => drop(found.insert(*key, *contract)),
                    None => unknown.push(*key),
                }
            }
        }
        if !unknown.is_empty() {
            let looked_up = names::contracts(pool, &unknown).await?;
            let mut contracts = self.contracts.lock().unwrap_or_else(PoisonError::into_inner);
            if contracts.len() + looked_up.len() > CONTRACTS_MAX {
                contracts.clear();
            }
            contracts.extend(looked_up.iter().copied());
            found.extend(looked_up);
        }
        Ok(found)
    }
}
