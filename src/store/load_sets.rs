//! `chain.load_sets`: pasts that are loaded together, from their plan to their end.

use alloy::primitives::B256;
use sqlx::{PgConnection, PgExecutor};

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

/// A set of the chain whose spans are all done and that is not finished, if there is one.
pub async fn whole(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
) -> Result<Option<i32>, StoreError> {
    let set = sqlx::query_scalar(
        r"
        select id from chain.load_sets l
        where chain = $1 and finished_at is null and not exists (
            select from chain.spans s where s.set_id = l.id and s.state <> 'done')
        order by id limit 1
        ",
    )
    .bind(chain.0)
    .fetch_optional(executor)
    .await?;
    Ok(set)
}

/// The ends of a span as its steps saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The span.
    pub id: i64,
    /// Its set.
    pub set: i32,
    /// Its first block.
    pub from: i64,
    /// Its last block.
    pub to: i64,
    /// Parent of the first block.
    pub first_parent: Option<B256>,
    /// Hash of the last block, once that was read.
    pub last_hash: Option<B256>,
}

/// The ends of all spans of these sets that hold any block, by set and in the order of their blocks;
/// locks them.
pub async fn ends(connection: &mut PgConnection, sets: &[i32]) -> Result<Vec<Ends>, StoreError> {
    type Row = (i64, i32, i64, i64, Option<[u8; 32]>, Option<[u8; 32]>);
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select id, set_id, from_block, to_block, first_parent_hash,
            case when next_block > to_block then last_hash end
        from chain.spans
        where set_id = any ($1) and to_block >= from_block
        order by set_id, from_block, id for update
        ",
    )
    .bind(sets)
    .fetch_all(connection)
    .await?;
    let hash = |bytes: Option<[u8; 32]>| bytes.map(B256::from);
    Ok(rows
        .into_iter()
        .map(|(id, set, from, to, first_parent, last_hash)| Ends {
            id,
            set,
            from,
            to,
            first_parent: hash(first_parent),
            last_hash: hash(last_hash),
        })
        .collect())
}

/// Says that a set is finished. The caller has checked that its spans are done and fit each other,
/// and has given what it has loaded to its members.
pub async fn finish(connection: &mut PgConnection, set: i32) -> Result<(), StoreError> {
    sqlx::query("update chain.load_sets set finished_at = clock_timestamp() where id = $1")
        .bind(set)
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
