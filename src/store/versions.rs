//! Versions of holdings: those that hold now, and those that a block took part in.
//!
//! What is asked is named in three ways, each served by the tables' keys: ERC-721 tokens, whoever
//! holds them; ERC-1155 tokens with their holder, since one token may have millions; and ranges of
//! ERC-721 tokens.

use alloy::primitives::Address;
use sqlx::PgConnection;

use super::holdings::{Holding, HoldingKey, TokenKey, split};
use super::token_ranges::{TokenSpan, spans};
use super::{StoreError, Uint256, Units, height, number};
use crate::types::{ChainKey, ContractKey};

/// Which versions are asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Tokens, whoever holds them.
    pub tokens: &'a [TokenKey],
    /// Tokens with their holder.
    pub pairs: &'a [HoldingKey],
    /// Ranges of tokens.
    pub ranges: &'a [TokenSpan],
}

/// The columns that the three ways are bound as.
struct Columns {
    contracts: Vec<i32>,
    ids: Vec<Uint256>,
    paired: (Vec<i32>, Vec<Uint256>, Vec<[u8; 20]>),
    ranged: (Vec<i32>, Vec<Uint256>, Vec<Uint256>),
}

impl From<Asked<'_>> for Columns {
    fn from(asked: Asked<'_>) -> Self {
        let (contracts, ids) =
            asked.tokens.iter().map(|(contract, id)| (contract.0, Uint256(*id))).unzip();
        Self { contracts, ids, paired: split(asked.pairs), ranged: spans(asked.ranges) }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    contract_id: i32,
    token_id: Uint256,
    owner: [u8; 20],
    balance: Option<Units>,
    since: i64,
    since_log: i32,
    acquired: i64,
}

impl From<Row> for Holding {
    fn from(row: Row) -> Self {
        Self {
            token: (ContractKey(row.contract_id), row.token_id.0),
            owner: Address::from(row.owner),
            balance: row.balance.map(|balance| balance.0),
            since: number(row.since),
            since_log: row.since_log.cast_unsigned(),
            acquired: number(row.acquired),
        }
    }
}

/// Current holdings; one that is asked in two ways may come twice.
pub async fn current(
    connection: &mut PgConnection,
    chain: ChainKey,
    asked: Asked<'_>,
) -> Result<Vec<Holding>, StoreError> {
    let Columns { contracts, ids, paired, ranged } = asked.into();
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select h.contract_id, h.token_id, h.owner, h.balance, h.since, h.since_log, h.acquired
        from unnest($2::int4[], $3::numeric[]) as asked (contract_id, token_id)
        join chain.holdings h on h.chain = $1
            and h.contract_id = asked.contract_id and h.token_id = asked.token_id
        union all
        select h.contract_id, h.token_id, h.owner, h.balance, h.since, h.since_log, h.acquired
        from unnest($4::int4[], $5::numeric[], $6::bytea[]) as asked (contract_id, token_id, owner)
        join chain.holdings h on h.chain = $1 and h.contract_id = asked.contract_id
            and h.token_id = asked.token_id and h.owner = asked.owner
        union all
        select h.contract_id, h.token_id, h.owner, h.balance, h.since, h.since_log, h.acquired
        from unnest($7::int4[], $8::numeric[], $9::numeric[]) as asked (contract_id, first, last)
        cross join lateral (
            select * from chain.holdings h
            where h.chain = $1 and h.contract_id = asked.contract_id
                and h.token_id between asked.first and asked.last
            offset 0
        ) h
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(paired.0)
    .bind(paired.1)
    .bind(paired.2)
    .bind(ranged.0)
    .bind(ranged.1)
    .bind(ranged.2)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Holding::from).collect())
}

/// A version that is there only because of blocks above a height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// What it says.
    pub holding: Holding,
    /// Whether it was closed.
    pub closed: bool,
}

/// Versions that began or ended above block `above`; one that is asked in two ways may come twice.
pub async fn later(
    connection: &mut PgConnection,
    chain: ChainKey,
    asked: Asked<'_>,
    above: u64,
) -> Result<Vec<Later>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Closable {
        #[sqlx(flatten)]
        row: Row,
        closed: bool,
    }
    let Columns { contracts, ids, paired, ranged } = asked.into();
    let rows: Vec<Closable> = sqlx::query_as(
        r"
        with tokens as (select * from unnest($3::int4[], $4::numeric[]) as t (contract_id, token_id)
        ), pairs as (
            select * from unnest($5::int4[], $6::numeric[], $7::bytea[])
                as t (contract_id, token_id, owner)
        ), ranges as (
            select * from unnest($8::int4[], $9::numeric[], $10::numeric[])
                as t (contract_id, first, last)
        )
        select h.contract_id, h.token_id, h.owner, h.balance, h.since, h.since_log, h.acquired,
            false as closed
        from tokens t join chain.holdings h on h.chain = $1 and h.contract_id = t.contract_id
            and h.token_id = t.token_id and h.since > $2
        union all
        select p.contract_id, p.token_id, p.owner, p.balance, p.since, p.since_log, p.acquired, true
        from tokens t join chain.holdings_past p on p.chain = $1 and p.contract_id = t.contract_id
            and p.token_id = t.token_id and p.until > $2
        union all
        select h.contract_id, h.token_id, h.owner, h.balance, h.since, h.since_log, h.acquired,
            false
        from pairs t join chain.holdings h on h.chain = $1 and h.contract_id = t.contract_id
            and h.token_id = t.token_id and h.owner = t.owner and h.since > $2
        union all
        select p.contract_id, p.token_id, p.owner, p.balance, p.since, p.since_log, p.acquired, true
        from pairs t join chain.holdings_past p on p.chain = $1 and p.contract_id = t.contract_id
            and p.token_id = t.token_id and p.owner = t.owner and p.until > $2
        union all
        select h.contract_id, h.token_id, h.owner, h.balance, h.since, h.since_log, h.acquired,
            false
        from ranges t cross join lateral (
            select * from chain.holdings h
            where h.chain = $1 and h.contract_id = t.contract_id
                and h.token_id between t.first and t.last and h.since > $2
            offset 0
        ) h
        union all
        select p.contract_id, p.token_id, p.owner, p.balance, p.since, p.since_log, p.acquired, true
        from ranges t cross join lateral (
            select * from chain.holdings_past p
            where p.chain = $1 and p.contract_id = t.contract_id
                and p.token_id between t.first and t.last and p.until > $2
            offset 0
        ) p
        ",
    )
    .bind(chain.0)
    .bind(height(above))
    .bind(contracts)
    .bind(ids)
    .bind(paired.0)
    .bind(paired.1)
    .bind(paired.2)
    .bind(ranged.0)
    .bind(ranged.1)
    .bind(ranged.2)
    .fetch_all(connection)
    .await?;
    let later = |row: Closable| Later { holding: row.row.into(), closed: row.closed };
    Ok(rows.into_iter().map(later).collect())
}
