//! Writes wishes to follow contracts, and waits for what becomes of them.
//!
//! The configuration, the API and the command line only wish; `track` does what is written here.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use alloy::primitives::Address;
use tokio::time::Instant;

pub use super::accept::{Origin, Outcome, Wished};
use super::accept::{decide, wished};
use crate::store::contract_row::{self, ContractRow};
use crate::store::wishes::{self, Tracked};
use crate::store::{Pool, StoreError};
use crate::types::ChainKey;

/// Most wishes written in one transaction, which holds the rows of them all.
const TOGETHER_MAX: usize = 1_000;

/// How often a wish is written whose row is forgotten meanwhile; the second time it is new.
const TRIES: usize = 3;

/// How often a row is looked at whose verdict is waited for: the probe takes some requests to a node.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Writes these wishes for contracts of one chain.
pub async fn all(
    pool: &Pool,
    chain: ChainKey,
    wanted: &[Tracked],
    origin: Origin,
) -> Result<HashMap<Address, Wished>, StoreError> {
    let mut outcomes = HashMap::new();
    for wanted in wanted.chunks(TOGETHER_MAX) {
        let mut left: Vec<Tracked> = wanted.to_vec();
        for _ in 0..TRIES {
            let written = match together(pool, chain, &left, origin).await {
                // The other transaction goes on then, and has gone by the second time.
                Err(error) if error.deadlocked() => together(pool, chain, &left, origin).await?,
                written => written?,
            };
            outcomes.extend(written);
            left.retain(|wish| !outcomes.contains_key(&wish.address));
            if left.is_empty() {
                break;
            }
        }
    }
    Ok(outcomes)
}

/// Writes wishes in one transaction, but for those whose rows went between two statements.
async fn together(
    pool: &Pool,
    chain: ChainKey,
    wanted: &[Tracked],
    origin: Origin,
) -> Result<HashMap<Address, Wished>, StoreError> {
    let mut tx = pool.begin().await?;
    let trusted = origin == Origin::Config;
    let added = wishes::add(&mut tx, chain, wanted, (word(origin), trusted)).await?;
    let added: HashSet<Address> = added.into_iter().collect();
    let wishes_of: HashMap<Address, &Tracked> =
        wanted.iter().map(|wish| (wish.address, wish)).collect();
    let addresses: Vec<Address> = wishes_of.keys().copied().collect();
    let mut outcomes = HashMap::new();
    let mut changes = Vec::new();
    for row in wishes::lock(&mut tx, chain, &addresses).await? {
        let Some(wish) = wishes_of.get(&row.address) else { continue };
        let (wished, change) = match added.contains(&row.address) {
            true => (wished(Outcome::New, &row), None),
            false => decide(&row, wish, origin),
        };
        outcomes.insert(row.address, wished);
        changes.extend(change);
    }
    if !changes.is_empty() {
        wishes::change(&mut tx, &changes).await?;
    }
    tx.commit().await?;
    Ok(outcomes)
}

/// The word of the tables.
fn word(origin: Origin) -> &'static str {
    match origin {
        Origin::Config => "config",
        Origin::Api => "api",
        Origin::Cli => "cli",
    }
}

/// Writes one wish and answers what it came to, with the row as it is then.
pub async fn one(
    pool: &Pool,
    wish: &Tracked,
    origin: Origin,
) -> Result<(Wished, ContractRow), StoreError> {
    let outcomes = all(pool, wish.chain, std::slice::from_ref(wish), origin).await?;
    let row = contract_row::find(pool, wish.chain, wish.address).await?;
    let gone = StoreError::Fenced { what: "contract" };
    outcomes.get(&wish.address).copied().zip(row).ok_or(gone)
}

/// Waits, at most for so long, until somebody has decided whether the contract can be followed, and
/// answers the row as it is then.
pub async fn verdict(
    pool: &Pool,
    wish: &Tracked,
    patience: Duration,
) -> Result<ContractRow, StoreError> {
    let end = Instant::now() + patience;
    loop {
        let row = contract_row::find(pool, wish.chain, wish.address).await?;
        let row = row.ok_or(StoreError::Fenced { what: "contract" })?;
        if !row.undecided || Instant::now() + LOOK_EVERY > end {
            return Ok(row);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
