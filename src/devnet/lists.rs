//! Herald's lists as its users read them: who holds what by snapshot and page by page, and the
//! transfers.
//!
//! A row that comes twice is an error, because one of the two would be lost here.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::herald::{Herald, decimal};
use super::truth::{Holders, Range};

/// Rows of a page; the most that Herald gives.
const PAGE: usize = 1_000;

/// The transfers of a contract, as far as they are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfers {
    /// How many there are.
    pub count: u64,
    /// Those of more than one token by a single log.
    pub ranges: BTreeSet<Range>,
}

#[derive(Deserialize)]
struct Holding {
    token_id: String,
    owner: Address,
    balance: String,
}

#[derive(Deserialize)]
struct Transfer {
    token_id: String,
    token_id_to: Option<String>,
    to: Option<Address>,
}

impl Herald {
    /// All that is held of a contract, from the streamed snapshot; now, or at the end of a block.
    pub async fn snapshot(
        &self,
        chain: &str,
        contract: Address,
        at_block: Option<u64>,
    ) -> Result<BTreeMap<U256, Holders>> {
        let at = at_block.map_or(String::new(), |block| format!("&at_block={block}"));
        let path = format!("/v1/contracts/{chain}/{contract}/snapshot?format=ndjson{at}");
        let (status, text) = self.get(&path).await?;
        ensure!(status == StatusCode::OK, "GET {path}: {status}: {text}");
        let mut tokens = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let row = serde_json::from_str(line).with_context(|| format!("GET {path}: {line}"))?;
            hold(&mut tokens, row).with_context(|| format!("GET {path}"))?;
        }
        Ok(tokens)
    }

    /// All that is held of a contract, from its list of tokens.
    pub async fn tokens(&self, chain: &str, contract: Address) -> Result<BTreeMap<U256, Holders>> {
        let path = format!("/v1/contracts/{chain}/{contract}/tokens");
        let mut tokens = BTreeMap::new();
        for row in self.pages(&path).await? {
            hold(&mut tokens, row).with_context(|| format!("GET {path}"))?;
        }
        Ok(tokens)
    }

    /// Who holds a token; absent where Herald never saw it.
    pub async fn holders(
        &self,
        chain: &str,
        contract: Address,
        id: U256,
    ) -> Result<Option<Holders>> {
        let path = format!("/v1/tokens/{chain}/{contract}/{id}/owners");
        let (status, text) = self.get(&format!("{path}?limit={PAGE}")).await?;
        let answer: Value =
            serde_json::from_str(&text).with_context(|| format!("GET {path}: {status}"))?;
        match status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND if answer["code"] == "token_unknown" => return Ok(None),
            _ => bail!("GET {path}: {status}: {text}"),
        }
        let mut tokens = BTreeMap::new();
        for row in serde_json::from_value::<Vec<Holding>>(answer["data"].clone())? {
            hold(&mut tokens, row).with_context(|| format!("GET {path}"))?;
        }
        let holders = tokens.remove(&id).unwrap_or_default();
        ensure!(tokens.is_empty(), "GET {path}: it answers for another token");
        Ok(Some(holders))
    }

    /// The transfers of a contract, from their list.
    pub async fn transfers(&self, chain: &str, contract: Address) -> Result<Transfers> {
        let rows: Vec<Transfer> =
            self.pages(&format!("/v1/contracts/{chain}/{contract}/transfers")).await?;
        let mut transfers = Transfers { count: rows.len() as u64, ..Transfers::default() };
        for row in rows {
            if let Some(last) = row.token_id_to {
                let to = row.to.unwrap_or_default();
                transfers.ranges.insert((decimal(&row.token_id)?, decimal(&last)?, to));
            }
        }
        Ok(transfers)
    }

    /// The rows of a list, all pages of it.
    async fn pages<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let mut page = self.found(&format!("{path}?limit={PAGE}{after}")).await?;
            let data: Vec<T> = serde_json::from_value(page["data"].take())
                .with_context(|| format!("GET {path}"))?;
            let is_empty = data.is_empty();
            rows.extend(data);
            match &page["page"]["next"] {
                Value::Null => return Ok(rows),
                Value::String(_) if is_empty => bail!("GET {path}: an empty page with a next one"),
                Value::String(cursor) => after = format!("&cursor={cursor}"),
                other => return Err(anyhow!("GET {path}: a cursor that is {other}")),
            }
        }
    }
}

fn hold(tokens: &mut BTreeMap<U256, Holders>, row: Holding) -> Result<()> {
    let (id, balance) = (decimal(&row.token_id)?, decimal(&row.balance)?);
    let earlier = tokens.entry(id).or_default().insert(row.owner, balance);
    ensure!(earlier.is_none(), "token {id} of {} is named twice", row.owner);
    Ok(())
}
