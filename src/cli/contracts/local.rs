//! Contracts in the database of the configuration, whether a daemon runs on it or not.

use std::time::Duration;

use alloy::primitives::Address;
use async_trait::async_trait;

use super::place::{Added, Filter, Named, Place, Refusal, Seen, Wish};
use crate::cli::database::{Need, Opened, open};
use crate::config::Database;
use crate::index::depart;
use crate::index::wish::{self, Origin, Outcome};
use crate::store::contract_row::{self, ContractRow};
use crate::store::read::Standing;
use crate::store::read::chains::standings;
use crate::store::read::contracts::contracts;
use crate::store::wishes::Tracked;
use crate::store::{self, Pool, StoreError, notify};
use crate::types::{Caip2, ChainKey, ContractKey, ContractState};

/// Contracts read in one statement: few enough to be shown as they come.
const PAGE_ROWS: i64 = 500;

/// Longest that the verdict about a new contract is waited for.
const VERDICT_WAIT: Duration = Duration::from_secs(15);

/// A database.
pub(super) struct Local {
    opened: Opened,
    pool: Pool,
}

impl Local {
    /// Reaches the database, or says why not.
    pub(super) async fn open(database: &Database) -> anyhow::Result<Self> {
        let opened = open(database, ("contracts", Need::Command)).await?;
        if let Err(error) = opened.require_current().await {
            opened.close().await?;
            return Err(error);
        }
        let pool = store::pool::open(opened.options.clone(), 1);
        Ok(Self { opened, pool })
    }

    /// The chains of the database that `text` names, or all of them.
    async fn chains(&self, text: Option<&str>) -> anyhow::Result<Vec<Standing>> {
        let chains = standings(&self.pool).await?;
        let Some(text) = text else { return Ok(chains) };
        let number = text.parse().ok().or_else(|| text.parse().ok().map(Caip2));
        let caip2 = number.map(|id: Caip2| id.to_string());
        let same = |chain: &&Standing| chain.alias == text || Some(&chain.caip2) == caip2.as_ref();
        if let Some(chain) = chains.iter().find(same) {
            return Ok(vec![chain.clone()]);
        }
        let names: Vec<&str> = chains.iter().map(|chain| chain.alias.as_str()).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let detail = format!("{text} is not followed; known chains: {there}");
        Err(refusal("chain_unknown", detail))
    }

    async fn chain(&self, named: &Named) -> anyhow::Result<Standing> {
        let chains = self.chains(Some(&named.chain)).await?;
        Ok(chains.into_iter().next().ok_or(StoreError::Fenced { what: "chain" })?)
    }
}

fn refusal(code: &str, detail: String) -> anyhow::Error {
    Refusal { code: code.into(), detail }.into()
}

fn seen(chain: &Standing, row: &ContractRow) -> Seen {
    Seen {
        chain: chain.caip2.clone(),
        address: Address::from(row.address).to_checksum(None),
        status: row.state.clone(),
        standard: row.standard.clone(),
        start_block: row.start_block,
        loaded_percent: row.loaded_percent,
        purging: row.purging,
    }
}

#[async_trait]
impl Place for Local {
    async fn add(&self, named: &Named, wish: &Wish) -> anyhow::Result<Added> {
        let chain = self.chain(named).await?;
        let Wish { start_block, standard } = *wish;
        let key = ChainKey(chain.chain);
        let wish = Tracked { chain: key, address: named.contract, standard, start_block };
        let (wished, _) = wish::one(&self.pool, &wish, Origin::Cli).await?;
        match wished.outcome {
            Outcome::Conflict => {
                let found = wished.differences(&wish).into_iter().map(|(_, detail)| detail);
                let found: Vec<String> = found.collect();
                let detail = format!("the contract is already {}", found.join(" and "));
                return Err(refusal("contract_conflict", detail));
            }
            Outcome::Purging => {
                let detail = "its facts are being removed: ask again when they are gone";
                return Err(refusal("contract_purging", detail.into()));
            }
            Outcome::Same => {}
            _ => notify::send(&self.pool, notify::CONTRACTS).await?,
        }
        let row = wish::verdict(&self.pool, &wish, VERDICT_WAIT).await?;
        if let Some(code) = &row.refused {
            return Err(refusal(code, row.refused_detail.unwrap_or_default()));
        }
        let changed = wished.outcome != Outcome::Same;
        Ok(Added { seen: seen(&chain, &row), changed, undecided: row.undecided })
    }

    async fn one(&self, named: &Named) -> anyhow::Result<Option<Seen>> {
        let chain = self.chain(named).await?;
        let row = contract_row::find(&self.pool, ChainKey(chain.chain), named.contract).await?;
        Ok(row.filter(ContractRow::is_tracked).map(|row| seen(&chain, &row)))
    }

    async fn page(
        &self,
        filter: &Filter,
        after: Option<String>,
    ) -> anyhow::Result<(Vec<Seen>, Option<String>)> {
        let chains = self.chains(filter.chain.as_deref()).await?;
        let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
        let state = filter.status.as_deref().and_then(ContractState::parse);
        let after = after.and_then(|after| after.parse().ok()).unwrap_or(i32::MIN);
        let read = contracts(&self.pool, &keys, state, after, PAGE_ROWS).await?;
        let full = i64::try_from(read.rows.len()).is_ok_and(|count| count == PAGE_ROWS);
        let next = read.rows.last().filter(|_| full).map(|row| row.id.to_string());
        let of = |row: &ContractRow| chains.iter().find(|chain| chain.chain == row.chain);
        let rows = read.rows.iter().filter_map(|row| Some(seen(of(row)?, row)));
        Ok((rows.collect(), next))
    }

    async fn remove(&self, named: &Named, purge: bool) -> anyhow::Result<Seen> {
        let chain = self.chain(named).await?;
        let key = ChainKey(chain.chain);
        let row = contract_row::find(&self.pool, key, named.contract).await?;
        let Some(row) = row.filter(|row| row.refused.is_none()) else {
            let detail = format!("{} on {} is not tracked", named.contract, chain.caip2);
            return Err(refusal("contract_not_tracked", detail));
        };
        let id: Caip2 = chain.caip2.parse()?;
        depart::stop(&self.pool, (key, id), ContractKey(row.id), purge).await?;
        let row = contract_row::find(&self.pool, key, named.contract).await?;
        Ok(seen(&chain, &row.ok_or(StoreError::Fenced { what: "contract" })?))
    }

    async fn close(self: Box<Self>) -> anyhow::Result<()> {
        self.pool.close().await;
        self.opened.close().await
    }
}
