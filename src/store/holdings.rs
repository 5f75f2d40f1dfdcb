//! `chain.holdings` and `chain.holdings_past`: who holds what, now and at the end of every block.
//! Reading them is [`super::versions`]' part.

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};
use sqlx::PgConnection;

use super::{StoreError, Uint256, Units, height};
use crate::types::{ChainKey, ContractKey};

/// A token of a contract.
pub type TokenKey = (ContractKey, U256);

/// A token and who holds it: the key of a holding.
pub type HoldingKey = (TokenKey, Address);

/// A holding from a block on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The token.
    pub token: TokenKey,
    /// Who holds it.
    pub owner: Address,
    /// Units held (ERC-1155), never zero; `None` for an ERC-721 token. Below zero only where the
    /// contract gave what its holder did not have.
    pub balance: Option<I512>,
    /// Block of the newest change.
    pub since: u64,
    /// Log in that block that made the change.
    pub since_log: u32,
    /// Block from which the owner has held without a pause.
    pub acquired: u64,
}

impl Holding {
    /// Its key.
    pub fn key(&self) -> HoldingKey {
        (self.token, self.owner)
    }
}

/// A holding that ended: valid at the end of blocks `since..until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastHolding {
    /// What it was.
    pub holding: Holding,
    /// First block at whose end it no longer held.
    pub until: u64,
}

/// Removes current holdings; what they were goes to the past by [`append_past`].
pub async fn remove(
    connection: &mut PgConnection,
    chain: ChainKey,
    gone: &[HoldingKey],
) -> Result<(), StoreError> {
    if gone.is_empty() {
        return Ok(());
    }
    let (contracts, ids, owners) = split(gone);
    sqlx::query(
        r"
        delete from chain.holdings h
        using unnest($2::int4[], $3::numeric[], $4::bytea[]) as gone (contract_id, token_id, owner)
        where h.chain = $1 and h.contract_id = gone.contract_id and h.token_id = gone.token_id
            and h.owner = gone.owner
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(owners)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes closed holdings, each named by its key and the block that it began in.
pub async fn remove_past(
    connection: &mut PgConnection,
    chain: ChainKey,
    gone: &[(HoldingKey, u64)],
) -> Result<(), StoreError> {
    if gone.is_empty() {
        return Ok(());
    }
    let keys: Vec<HoldingKey> = gone.iter().map(|(key, _)| *key).collect();
    let (contracts, ids, owners) = split(&keys);
    sqlx::query(
        r"
        delete from chain.holdings_past p
        using unnest($2::int4[], $3::numeric[], $4::bytea[], $5::int8[])
            as gone (contract_id, token_id, owner, since)
        where p.chain = $1 and p.contract_id = gone.contract_id and p.token_id = gone.token_id
            and p.owner = gone.owner and p.since = gone.since
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(owners)
    .bind(gone.iter().map(|(_, since)| height(*since)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds current holdings.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    holdings: &[Holding],
) -> Result<(), StoreError> {
    if holdings.is_empty() {
        return Ok(());
    }
    let keys: Vec<HoldingKey> = holdings.iter().map(Holding::key).collect();
    let (contracts, ids, owners) = split(&keys);
    sqlx::query(
        r"
        insert into chain.holdings
            (chain, contract_id, token_id, owner, balance, since, since_log, acquired)
        select $1, * from unnest($2::int4[], $3::numeric[], $4::bytea[], $5::numeric[], $6::int8[],
            $7::int4[], $8::int8[])
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(owners)
    .bind(holdings.iter().map(|holding| holding.balance.map(Units)).collect::<Vec<_>>())
    .bind(holdings.iter().map(|holding| height(holding.since)).collect::<Vec<_>>())
    .bind(holdings.iter().map(|holding| holding.since_log.cast_signed()).collect::<Vec<_>>())
    .bind(holdings.iter().map(|holding| height(holding.acquired)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds closed holdings.
pub async fn append_past(
    connection: &mut PgConnection,
    chain: ChainKey,
    past: &[PastHolding],
) -> Result<(), StoreError> {
    if past.is_empty() {
        return Ok(());
    }
    let keys: Vec<HoldingKey> = past.iter().map(|past| past.holding.key()).collect();
    let (contracts, ids, owners) = split(&keys);
    sqlx::query(
        r"
        insert into chain.holdings_past
            (chain, contract_id, token_id, owner, balance, since, since_log, acquired, until)
        select $1, * from unnest($2::int4[], $3::numeric[], $4::bytea[], $5::numeric[], $6::int8[],
            $7::int4[], $8::int8[], $9::int8[])
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(owners)
    .bind(past.iter().map(|past| past.holding.balance.map(Units)).collect::<Vec<_>>())
    .bind(past.iter().map(|past| height(past.holding.since)).collect::<Vec<_>>())
    .bind(past.iter().map(|past| past.holding.since_log.cast_signed()).collect::<Vec<_>>())
    .bind(past.iter().map(|past| height(past.holding.acquired)).collect::<Vec<_>>())
    .bind(past.iter().map(|past| height(past.until)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Keys as the columns of an `unnest`.
pub(super) fn split(keys: &[HoldingKey]) -> (Vec<i32>, Vec<Uint256>, Vec<[u8; 20]>) {
    (
        keys.iter().map(|((contract, _), _)| contract.0).collect(),
        keys.iter().map(|((_, id), _)| Uint256(*id)).collect(),
        keys.iter().map(|(_, owner)| owner.into_array()).collect(),
    )
}
