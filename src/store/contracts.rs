//! `chain.contracts`: which contracts are followed and how far each is.

use alloy::primitives::Address;
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height, number};
use crate::types::{ChainKey, ContractKey, ContractState, Standard};

/// A contract as the workers need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Surrogate number.
    pub key: ContractKey,
    /// Its address.
    pub address: Address,
    /// Its standard; `None` until it is said or a log has shown it.
    pub standard: Option<Standard>,
    /// Whether a `Transfer` with three topics moves a token; `None` until that was looked at.
    pub id_in_data: Option<bool>,
    /// Whether it ever moved tokens by ranges (ERC-2309).
    pub has_ranges: bool,
    /// How far it is.
    pub state: ContractState,
    /// First block that can hold its logs.
    pub start_block: u64,
    /// First block written by the live edge; `None` until it is joined.
    pub live_from: Option<u64>,
}

/// A contract as the tables hold it.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: i32,
    address: [u8; 20],
    standard: Option<String>,
    id_in_data: Option<bool>,
    has_ranges: bool,
    state: String,
    start_block: i64,
    live_from: Option<i64>,
}

impl TryFrom<Row> for Contract {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            key: ContractKey(row.id),
            address: Address::from(row.address),
            standard: standard(row.standard.as_deref())?,
            id_in_data: row.id_in_data,
            has_ranges: row.has_ranges,
            state: ContractState::parse(&row.state)
                .ok_or(StoreError::Corrupt { column: "contracts.state" })?,
            start_block: number(row.start_block),
            live_from: row.live_from.map(number),
        })
    }
}

pub(super) fn standard(word: Option<&str>) -> Result<Option<Standard>, StoreError> {
    let corrupt = StoreError::Corrupt { column: "contracts.standard" };
    word.map(|word| Standard::parse(word).ok_or(corrupt)).transpose()
}

/// Those of these contracts whose ownership is built and kept true: all that are ready, and those that
/// were when they were stopped, until they are joined again.
pub async fn owned(
    connection: &mut PgConnection,
    keys: &[ContractKey],
) -> Result<Vec<ContractKey>, StoreError> {
    let owned: Vec<i32> = sqlx::query_scalar(
        r"
        select id from chain.contracts where id = any ($1)
            and (state = 'ready' or (state in ('stopped', 'probing') and folded_to is not null))
        ",
    )
    .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(owned.into_iter().map(ContractKey).collect())
}

/// Contracts that the live edge writes, and the filter version they belong to, in one statement.
pub async fn followed(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<(i64, Vec<Contract>), StoreError> {
    #[derive(sqlx::FromRow)]
    struct Versioned {
        filter_version: i64,
        #[sqlx(flatten)]
        row: OptionalRow,
    }
    #[derive(sqlx::FromRow)]
    struct OptionalRow {
        id: Option<i32>,
        address: Option<[u8; 20]>,
        standard: Option<String>,
        id_in_data: Option<bool>,
        has_ranges: Option<bool>,
        state: Option<String>,
        start_block: Option<i64>,
        live_from: Option<i64>,
    }
    let rows: Vec<Versioned> = sqlx::query_as(
        r"
        select h.filter_version, c.id, c.address, c.standard, c.id_in_data, c.has_ranges, c.state,
            c.start_block, c.live_from
        from chain.chains h left join chain.contracts c
            on c.chain = h.id and c.state in ('loading', 'folding', 'ready')
        where h.id = $1
        ",
    )
    .bind(chain.0)
    .fetch_all(executor)
    .await?;
    let version = rows.first().map_or(0, |row| row.filter_version);
    let whole = |row: OptionalRow| {
        Some(Row {
            id: row.id?,
            address: row.address?,
            standard: row.standard,
            id_in_data: row.id_in_data,
            has_ranges: row.has_ranges?,
            state: row.state?,
            start_block: row.start_block?,
            live_from: row.live_from,
        })
    };
    let contracts = rows
        .into_iter()
        .filter_map(|versioned| whole(versioned.row))
        .map(Contract::try_from)
        .collect::<Result<_, _>>()?;
    Ok((version, contracts))
}

/// Contracts of these numbers.
pub async fn by_keys(
    executor: impl PgExecutor<'_>,
    keys: &[ContractKey],
) -> Result<Vec<Contract>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select id, address, standard, id_in_data, has_ranges, state, start_block, live_from
        from chain.contracts where id = any ($1)
        ",
    )
    .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(Contract::try_from).collect()
}

/// At most `most` contracts that the probe has accepted and that wait to be joined to the chain, those
/// of the oldest start first, because neighbours are loaded together.
pub async fn probing(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    most: i64,
) -> Result<Vec<Contract>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select id, address, standard, id_in_data, has_ranges, state, start_block, live_from
        from chain.contracts
        where chain = $1 and state = 'probing' and refused is null and probe_at is null
            and start_block is not null
        order by start_block, id limit $2
        ",
    )
    .bind(chain.0)
    .bind(most)
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(Contract::try_from).collect()
}

/// Joins contracts to the live edge, which writes them from block `live_from` on, and answers which
/// were joined: another replica may have joined the others meanwhile.
pub async fn join(
    connection: &mut PgConnection,
    contracts: &[ContractKey],
    live_from: u64,
) -> Result<Vec<ContractKey>, StoreError> {
    let joined: Vec<i32> = sqlx::query_scalar(
        r"
        with ours as (
            select id from chain.contracts where id = any ($1) and state = 'probing'
            order by id for no key update
        )
        update chain.contracts c
        set state = 'loading', live_from = $2, live_to = null, folded_to = null
        from ours where c.id = ours.id returning c.id
        ",
    )
    .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(height(live_from))
    .fetch_all(connection)
    .await?;
    Ok(joined.into_iter().map(ContractKey).collect())
}

/// Shows that the ownership of a contract is being built.
pub async fn set_folding(
    executor: impl PgExecutor<'_>,
    contract: ContractKey,
) -> Result<(), StoreError> {
    sqlx::query("update chain.contracts set state = 'folding' where id = $1 and state = 'loading'")
        .bind(contract.0)
        .execute(executor)
        .await?;
    Ok(())
}

/// Whether every contract of the chain that is followed, or is to be, is ready.
pub async fn all_ready(executor: impl PgExecutor<'_>, chain: ChainKey) -> Result<bool, StoreError> {
    let busy: bool = sqlx::query_scalar(
        r"
        select exists (select from chain.contracts
            where chain = $1 and state in ('probing', 'loading', 'folding') and refused is null)
        ",
    )
    .bind(chain.0)
    .fetch_one(executor)
    .await?;
    Ok(!busy)
}
