//! `chain.load_sets` and `chain.load_members`: which contracts are loaded together.

use alloy::primitives::B256;
use sqlx::{PgConnection, PgExecutor};

use super::contracts::{Contract, Row};
use super::{StoreError, height};
use crate::types::{ChainKey, ContractKey};

/// Contracts that are loaded together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSet {
    /// Each contract with the first block that is read for it.
    pub members: Vec<(ContractKey, u64)>,
    /// The blocks to be read, first and last, each a span.
    pub pieces: Vec<(u64, u64)>,
}

/// Makes the sets with their spans.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    log_kinds: &[&str],
    sets: &[NewSet],
) -> Result<(), StoreError> {
    if sets.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = sqlx::query_scalar(
        r"
        insert into chain.load_sets (chain, log_kinds)
        select $1, $2 from generate_series(1, $3) returning id
        ",
    )
    .bind(chain.0)
    .bind(log_kinds)
    .bind(sets.len() as i64)
    .fetch_all(&mut *connection)
    .await?;
    let of = |set: &NewSet, id: i32| set.members.iter().map(move |it| (id, *it)).collect();
    let members: Vec<(i32, (ContractKey, u64))> =
        sets.iter().zip(&ids).flat_map(|(set, id)| -> Vec<_> { of(set, *id) }).collect();
    sqlx::query(
        r"
        insert into chain.load_members (set_id, contract_id, from_block)
        select * from unnest($1::int4[], $2::int4[], $3::int8[])
        ",
    )
    .bind(members.iter().map(|(set, _)| *set).collect::<Vec<_>>())
    .bind(members.iter().map(|(_, (contract, _))| contract.0).collect::<Vec<_>>())
    .bind(members.iter().map(|(_, (_, from))| height(*from)).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    let pieces: Vec<(i32, u64, u64)> = sets
        .iter()
        .zip(&ids)
        .flat_map(|(set, id)| set.pieces.iter().map(move |(from, to)| (*id, *from, *to)))
        .collect();
    sqlx::query(
        r"
        insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block)
        select set_id, $1, $2, first, first, last
        from unnest($3::int4[], $4::int8[], $5::int8[]) as p (set_id, first, last)
        ",
    )
    .bind(chain.0)
    .bind(log_kinds)
    .bind(pieces.iter().map(|(set, ..)| *set).collect::<Vec<_>>())
    .bind(pieces.iter().map(|(_, from, _)| height(*from)).collect::<Vec<_>>())
    .bind(pieces.iter().map(|(.., to)| height(*to)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// The contracts of a set, each with the first block that the set reads for it as `start_block`.
pub async fn members(executor: impl PgExecutor<'_>, set: i32) -> Result<Vec<Contract>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select c.id, c.address, c.standard, c.id_in_data, c.has_ranges, c.state,
            m.from_block as start_block, c.live_from
        from chain.load_members m join chain.contracts c on c.id = m.contract_id
        where m.set_id = $1
        ",
    )
    .bind(set)
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(Contract::try_from).collect()
}

/// Locks a set of the chain whose spans are all done and that is not finished, if there is one.
pub async fn whole(
    connection: &mut PgConnection,
    chain: ChainKey,
) -> Result<Option<i32>, StoreError> {
    let set = sqlx::query_scalar(
        r"
        select id from chain.load_sets l
        where chain = $1 and finished_at is null and not exists (
            select from chain.spans s where s.set_id = l.id and s.state <> 'done')
        order by id limit 1 for update skip locked
        ",
    )
    .bind(chain.0)
    .fetch_optional(connection)
    .await?;
    Ok(set)
}

/// The ends of a span as its steps saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The span.
    pub id: i64,
    /// Its first block.
    pub from: i64,
    /// Its last block.
    pub to: i64,
    /// Parent of the first block.
    pub first_parent: Option<B256>,
    /// Hash of the last block.
    pub last_hash: Option<B256>,
}

/// The ends of all spans of a set that hold any block, in the order of their blocks; locks them.
pub async fn ends(connection: &mut PgConnection, set: i32) -> Result<Vec<Ends>, StoreError> {
    type Row = (i64, i64, i64, Option<[u8; 32]>, Option<[u8; 32]>);
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select id, from_block, to_block, first_parent_hash, last_hash from chain.spans
        where set_id = $1 and to_block >= from_block order by from_block, id for update
        ",
    )
    .bind(set)
    .fetch_all(connection)
    .await?;
    let hash = |bytes: Option<[u8; 32]>| bytes.map(B256::from);
    Ok(rows
        .into_iter()
        .map(|(id, from, to, first_parent, last_hash)| Ends {
            id,
            from,
            to,
            first_parent: hash(first_parent),
            last_hash: hash(last_hash),
        })
        .collect())
}

/// Says that a set is finished: its members take what it has loaded with them. The caller has
/// checked that its spans are done and fit each other.
pub async fn finish(connection: &mut PgConnection, set: i32) -> Result<(), StoreError> {
    sqlx::query(BANK).bind(set).bind(None::<i32>).execute(&mut *connection).await?;
    sqlx::query("update chain.load_sets set finished_at = clock_timestamp() where id = $1")
        .bind(set)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds to `chain.loaded` what the spans of set `$1` have read, for all of its members or one.
const BANK: &str = r"
insert into chain.loaded as l (contract_id, chain, log_kinds, blocks)
select m.contract_id, s.chain, s.log_kinds,
    range_agg(int8range(greatest(p.from_block, m.from_block), p.next_block))
from chain.load_sets s
join chain.load_members m on m.set_id = s.id
join chain.spans p on p.set_id = s.id and p.next_block > greatest(p.from_block, m.from_block)
where s.id = $1 and ($2::int4 is null or m.contract_id = $2)
group by m.contract_id, s.chain, s.log_kinds
on conflict (contract_id, log_kinds) do update set blocks = l.blocks + excluded.blocks";

/// Takes a contract out of every set that is not finished. What they have loaded of it stays its
/// own where `keep` is true. Steps under way are fenced; a set without members goes.
pub async fn leave(
    connection: &mut PgConnection,
    contract: ContractKey,
    keep: bool,
) -> Result<(), StoreError> {
    // The locks come first: a step that commits meanwhile is waited for, and counts.
    let sets: Vec<i32> = sqlx::query_scalar(
        r"
        with fenced as (
            update chain.spans p set lease_until = null, lease_token = p.lease_token + 1
            from chain.load_members m join chain.load_sets s on s.id = m.set_id
            where m.contract_id = $1 and s.finished_at is null and p.set_id = s.id
            returning p.set_id
        )
        select distinct set_id from fenced
        ",
    )
    .bind(contract.0)
    .fetch_all(&mut *connection)
    .await?;
    if keep {
        for set in &sets {
            sqlx::query(BANK).bind(set).bind(contract.0).execute(&mut *connection).await?;
        }
    }
    sqlx::query("delete from chain.load_members where contract_id = $1 and set_id = any ($2)")
        .bind(contract.0)
        .bind(&sets)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        r"
        delete from chain.load_sets s where id = any ($1)
            and not exists (select from chain.load_members m where m.set_id = s.id)
        ",
    )
    .bind(&sets)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets sets that are finished, once none of the chain is not: until then they show how far a load
/// is.
pub async fn forget_finished(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        delete from chain.load_sets where chain = $1 and finished_at is not null and not exists (
            select from chain.load_sets u where u.chain = $1 and u.finished_at is null)
        ",
    )
    .bind(chain.0)
    .execute(executor)
    .await?;
    Ok(())
}
