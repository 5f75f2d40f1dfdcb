//! `chain.loaded`: which blocks of a contract's past are stored, by the kinds of logs that were
//! read.

use sqlx::{PgConnection, PgExecutor};

use super::contracts::{Contract, Row};
use super::{StoreError, height, number};
use crate::types::{ChainKey, ContractKey};

/// Blocks of one contract that are to be read: first and last of each piece, in their order.
pub type Missing = (ContractKey, Vec<(u64, u64)>);

/// What is not loaded yet of these contracts for one of these kinds at least, from each one's first
/// block up to where the live edge writes it. Contracts of which nothing is missing are left out.
pub async fn missing(
    connection: &mut PgConnection,
    log_kinds: &[&str],
    contracts: &[ContractKey],
) -> Result<Vec<Missing>, StoreError> {
    let rows: Vec<(i32, i64, i64)> = sqlx::query_as(
        r"
        select c.id, lower(piece), upper(piece) - 1
        from chain.contracts c
        cross join lateral (
            select range_intersect_agg(coalesce((
                select range_agg(had) from chain.loaded l, unnest(l.blocks) had
                where l.contract_id = c.id and l.log_kinds @> array[wanted.kind]
            ), '{}')) as blocks
            from unnest($2::text[]) as wanted (kind)
        ) l
        cross join lateral unnest(
            int8multirange(int8range(c.start_block, c.live_from)) - l.blocks
        ) piece
        where c.id = any ($1) and c.start_block < c.live_from
        order by c.id, lower(piece)
        ",
    )
    .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(log_kinds)
    .fetch_all(connection)
    .await?;
    let mut missing: Vec<Missing> = Vec::new();
    for (contract, from, to) in rows {
        let piece = (number(from), number(to));
        match missing.last_mut() {
            Some((key, pieces)) if key.0 == contract => pieces.push(piece),
            _ => missing.push((ContractKey(contract), vec![piece])),
        }
    }
    Ok(missing)
}

/// Notes that the live edge has written these contracts for these kinds, each from a block of its own
/// up to `to`.
pub async fn add(
    connection: &mut PgConnection,
    chain: ChainKey,
    log_kinds: &[String],
    (contracts, to): (&[(ContractKey, u64)], u64),
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        insert into chain.loaded as l (contract_id, chain, log_kinds, blocks)
        select contract_id, $1, $2, int8multirange(int8range(first, greatest(first, $5 + 1)))
        from unnest($3::int4[], $4::int8[]) as wrote (contract_id, first)
        on conflict (contract_id, log_kinds) do update set blocks = l.blocks + excluded.blocks
        ",
    )
    .bind(chain.0)
    .bind(log_kinds)
    .bind(contracts.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(contracts.iter().map(|(_, from)| height(*from)).collect::<Vec<_>>())
    .bind(height(to))
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what was loaded of a contract.
pub async fn forget(
    connection: &mut PgConnection,
    contract: ContractKey,
) -> Result<(), StoreError> {
    sqlx::query("delete from chain.loaded where contract_id = $1")
        .bind(contract.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The oldest contract of the chain whose past is whole for all these kinds and whose ownership is
/// neither built nor being built.
pub async fn next_whole(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    log_kinds: &[&str],
) -> Result<Option<Contract>, StoreError> {
    whole(executor, chain, log_kinds, None).await
}

/// This contract, if its past is whole for all these kinds and its ownership is not answered yet.
pub async fn still_whole(
    executor: impl PgExecutor<'_>,
    (chain, contract): (ChainKey, ContractKey),
    log_kinds: &[&str],
) -> Result<Option<Contract>, StoreError> {
    whole(executor, chain, log_kinds, Some(contract)).await
}

async fn whole(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    log_kinds: &[&str],
    contract: Option<ContractKey>,
) -> Result<Option<Contract>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        r"
        select c.id, c.address, c.standard, c.id_in_data, c.has_ranges, c.state,
            c.start_block, c.live_from
        from chain.contracts c
        where c.chain = $1 and c.state in ('loading', 'folding')
            and (c.id = $3 or ($3 is null and not exists (
                select from chain.folds f where f.contract_id = c.id)))
            and (c.live_from <= c.start_block or not exists (
                select from unnest($2::text[]) as wanted (kind)
                where not coalesce((
                    select range_agg(had) from chain.loaded l, unnest(l.blocks) had
                    where l.contract_id = c.id and l.log_kinds @> array[wanted.kind]
                ), '{}') @> int8range(c.start_block, greatest(c.start_block, c.live_from))
            ))
        order by c.id limit 1
        ",
    )
    .bind(chain.0)
    .bind(log_kinds)
    .bind(contract.map(|contract| contract.0))
    .fetch_optional(executor)
    .await?;
    row.map(Contract::try_from).transpose()
}
