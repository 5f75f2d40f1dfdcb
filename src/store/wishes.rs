//! `chain.contracts`, what is asked to be followed: rows that are new, and what a wish changes of one
//! that is there.

use alloy::primitives::Address;
use sqlx::PgConnection;

use super::contracts::standard;
use super::{StoreError, height, number};
use crate::types::{ChainKey, ContractKey, ContractState, Standard};

/// What is asked to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Where the contract lives.
    pub chain: ChainKey,
    /// Its address.
    pub address: Address,
    /// Its token standard; `None` to find it in its logs.
    pub standard: Option<Standard>,
    /// First block that can hold its logs; `None` to find it.
    pub start_block: Option<u64>,
}

/// What is stored of a contract that somebody asks for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Surrogate number.
    pub key: ContractKey,
    /// Its address.
    pub address: Address,
    /// How far it is.
    pub state: ContractState,
    /// Its token standard.
    pub standard: Option<Standard>,
    /// First block that can hold its logs.
    pub start_block: Option<u64>,
    /// A lower one that is not applied yet.
    pub wanted_start: Option<u64>,
    /// Whether it was refused.
    pub refused: bool,
    /// Whether the probe has not decided yet.
    pub undecided: bool,
    /// Whether its facts are being removed.
    pub purging: bool,
    /// Whether they are gone.
    pub purged: bool,
    /// Whether it was followed once.
    pub joined: bool,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing but the values beside.
    Stay,
    /// The probe looks at it.
    Probe,
    /// It is joined without a look.
    Join,
    /// It comes back after it was stopped, and is joined without a look.
    Return,
    /// It comes back with nothing of its own, and the probe looks at it.
    Anew,
}

/// The values of a row after a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which row.
    pub key: ContractKey,
    /// Its token standard.
    pub standard: Option<Standard>,
    /// First block that can hold its logs.
    pub start_block: Option<u64>,
    /// A lower one that the tracker applies.
    pub wanted_start: Option<u64>,
    /// What becomes of it.
    pub turn: Turn,
}

/// Inserts those of the contracts of one chain that are not there yet in state `probing`, and answers
/// their addresses. With `trusted` a stated start is taken as it is; else the probe looks at each.
pub async fn add(
    connection: &mut PgConnection,
    chain: ChainKey,
    wanted: &[Tracked],
    (origin, trusted): (&'static str, bool),
) -> Result<Vec<Address>, StoreError> {
    let added: Vec<[u8; 20]> = sqlx::query_scalar(
        r"
        insert into chain.contracts (chain, address, standard, origin, start_block, probe_at)
        select distinct on (w.address) $1, w.address, w.standard, $2, w.start_block,
            case when not ($3 and w.start_block is not null) then clock_timestamp() end
        from unnest($4::bytea[], $5::text[], $6::int8[]) as w (address, standard, start_block)
        order by w.address
        on conflict on constraint contracts_chain_address_key do nothing
        returning address
        ",
    )
    .bind(chain.0)
    .bind(origin)
    .bind(trusted)
    .bind(wanted.iter().map(|one| one.address.into_array()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|one| one.standard.map(Standard::as_str)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|one| one.start_block.map(height)).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(added.into_iter().map(Address::from).collect())
}

/// The rows of these addresses, locked until the transaction ends.
pub async fn lock(
    connection: &mut PgConnection,
    chain: ChainKey,
    addresses: &[Address],
) -> Result<Vec<Stored>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        id: i32,
        address: [u8; 20],
        state: String,
        standard: Option<String>,
        start_block: Option<i64>,
        wanted_start: Option<i64>,
        refused: bool,
        undecided: bool,
        purging: bool,
        purged: bool,
        joined: bool,
    }
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select id, address, state, standard, start_block, wanted_start, refused is not null as refused,
            probe_at is not null or start_block is null as undecided, purging, purged,
            live_from is not null
                or exists (select from chain.loaded l where l.contract_id = id) as joined
        from chain.contracts where chain = $1 and address = any ($2)
        order by id for no key update
        ",
    )
    .bind(chain.0)
    .bind(addresses.iter().map(|address| address.into_array()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let stored = |row: Row| {
        Ok(Stored {
            key: ContractKey(row.id),
            address: row.address.into(),
            state: ContractState::parse(&row.state)
                .ok_or(StoreError::Corrupt { column: "contracts.state" })?,
            standard: standard(row.standard.as_deref())?,
            start_block: row.start_block.map(number),
            wanted_start: row.wanted_start.map(number),
            refused: row.refused,
            undecided: row.undecided,
            purging: row.purging,
            purged: row.purged,
            joined: row.joined,
        })
    };
    rows.into_iter().map(stored).collect()
}

/// Writes what wishes have changed of rows that the caller holds. One that returns keeps what it
/// was followed with until it is joined, so that it can be stopped as it was; ownership that was
/// built from another first block does not count.
pub async fn change(connection: &mut PgConnection, changes: &[Change]) -> Result<(), StoreError> {
    let turned = |turns: &[Turn]| -> Vec<bool> {
        changes.iter().map(|one| turns.contains(&one.turn)).collect()
    };
    sqlx::query(
        r"
        update chain.contracts c set
            standard = w.standard, start_block = w.start_block, wanted_start = w.wanted_start,
            probe_at = case when w.probe then clock_timestamp() when w.begun then null else c.probe_at end,
            refused = case when not w.begun then c.refused end,
            refused_detail = case when not w.begun then c.refused_detail end,
            state = case when w.returns then 'probing' else c.state end,
            live_from = case when not w.anew then c.live_from end,
            live_to = case when not w.anew then c.live_to end,
            folded_to = case when not w.returns or (not w.anew and w.start_block = c.start_block)
                then c.folded_to end,
            stopped_at = case when not w.returns then c.stopped_at end,
            purged = c.purged and not w.returns
        from unnest($1::int4[], $2::text[], $3::int8[], $4::int8[], $5::bool[], $6::bool[], $7::bool[],
                $8::bool[])
            as w (id, standard, start_block, wanted_start, begun, probe, returns, anew)
        where c.id = w.id
        ",
    )
    .bind(changes.iter().map(|one| one.key.0).collect::<Vec<_>>())
    .bind(changes.iter().map(|one| one.standard.map(Standard::as_str)).collect::<Vec<_>>())
    .bind(changes.iter().map(|one| one.start_block.map(height)).collect::<Vec<_>>())
    .bind(changes.iter().map(|one| one.wanted_start.map(height)).collect::<Vec<_>>())
    .bind(turned(&[Turn::Probe, Turn::Join, Turn::Return, Turn::Anew]))
    .bind(turned(&[Turn::Probe, Turn::Anew]))
    .bind(turned(&[Turn::Return, Turn::Anew]))
    .bind(turned(&[Turn::Anew]))
    .execute(connection)
    .await?;
    Ok(())
}
