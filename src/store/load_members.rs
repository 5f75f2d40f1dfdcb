//! `chain.load_members`: which contracts a set loads, what they have of it, and how they leave it.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use super::contracts::{Contract, Row};
use crate::types::{ChainKey, ContractKey};

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

/// Adds to `chain.loaded` what the spans of these sets have read but for the spans `without`, for
/// these members, or all.
pub async fn bank(
    connection: &mut PgConnection,
    sets: &[i32],
    members: Option<&[ContractKey]>,
    without: &[i64],
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        insert into chain.loaded as l (contract_id, chain, log_kinds, blocks)
        select m.contract_id, s.chain, s.log_kinds,
            range_agg(int8range(greatest(p.from_block, m.from_block), p.next_block))
        from chain.load_sets s
        join chain.load_members m on m.set_id = s.id
        join chain.spans p on p.set_id = s.id and p.next_block > greatest(p.from_block, m.from_block)
        where s.id = any ($1) and ($2::int4[] is null or m.contract_id = any ($2)) and p.id <> all ($3)
        group by m.contract_id, s.chain, s.log_kinds
        on conflict (contract_id, log_kinds) do update set blocks = l.blocks + excluded.blocks
        ",
    )
    .bind(sets)
    .bind(members.map(|members| members.iter().map(|key| key.0).collect::<Vec<_>>()))
    .bind(without)
    .execute(connection)
    .await?;
    Ok(())
}

/// Fences every step under way for one of these contracts, and answers their sets that are not
/// finished. A step that commits meanwhile is waited for, and counts.
pub async fn fence(
    connection: &mut PgConnection,
    contracts: &[ContractKey],
) -> Result<Vec<i32>, StoreError> {
    let sets = sqlx::query_scalar(
        r"
        with held as (
            select p.id from chain.spans p
            where p.set_id in (
                select s.id from chain.load_sets s join chain.load_members m on m.set_id = s.id
                where m.contract_id = any ($1) and s.finished_at is null)
            order by p.set_id, p.from_block, p.id for update
        ), fenced as (
            update chain.spans p set lease_until = null, lease_token = p.lease_token + 1
            from held where p.id = held.id
            returning p.set_id
        )
        select distinct set_id from fenced
        ",
    )
    .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(sets)
}

/// Takes contracts out of these sets; a set without members goes.
pub async fn drop_members(
    connection: &mut PgConnection,
    sets: &[i32],
    contracts: &[ContractKey],
) -> Result<(), StoreError> {
    sqlx::query(
        "delete from chain.load_members where contract_id = any ($1) and set_id = any ($2)",
    )
    .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(sets)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        r"
        delete from chain.load_sets s where id = any ($1)
            and not exists (select from chain.load_members m where m.set_id = s.id)
        ",
    )
    .bind(sets)
    .execute(connection)
    .await?;
    Ok(())
}

/// Members of sets of the chain that are smaller than `few` and were planned longer than `age` ago, if
/// there are more than `most` such sets.
pub async fn scattered(
    connection: &mut PgConnection,
    chain: ChainKey,
    (few, most): (i64, i64),
    age: Duration,
) -> Result<Vec<ContractKey>, StoreError> {
    let members: Vec<i32> = sqlx::query_scalar(
        r"
        with small as (
            select s.id from chain.load_sets s join chain.load_members m on m.set_id = s.id
            where s.chain = $1 and s.finished_at is null
                and s.planned_at < clock_timestamp() - $4 * interval '1 second'
            group by s.id having count(*) < $2
        )
        select distinct m.contract_id from chain.load_members m
        where m.set_id in (select id from small) and (select count(*) from small) > $3
        ",
    )
    .bind(chain.0)
    .bind(few)
    .bind(most)
    .bind(age.as_secs_f64())
    .fetch_all(connection)
    .await?;
    Ok(members.into_iter().map(ContractKey).collect())
}

/// At most `most` members of the chain's sets whose own past is read although a span of their set
/// fails again and again: it lies below their first block.
pub async fn beyond_failures(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    (failures, most): (i32, i64),
) -> Result<Vec<ContractKey>, StoreError> {
    let members: Vec<i32> = sqlx::query_scalar(
        r"
        select m.contract_id
        from chain.spans f
        join chain.load_sets s on s.id = f.set_id and s.finished_at is null
        join chain.load_members m on m.set_id = f.set_id
        where f.chain = $1 and f.state = 'pending' and f.failures >= $2 and not exists (
            select from chain.spans p
            where p.set_id = f.set_id and p.state <> 'done' and p.to_block >= m.from_block)
        order by m.contract_id limit $3
        ",
    )
    .bind(chain.0)
    .bind(failures)
    .bind(most)
    .fetch_all(executor)
    .await?;
    Ok(members.into_iter().map(ContractKey).collect())
}
