//! `chain.contracts`, the wishes that wait for the probe's verdict.
//!
//! `probe_at` is when the probe looks at a row next. A verdict is written only while the row is
//! undecided and says what the verdict was made from, so that a wish that was changed meanwhile is
//! looked at again, and one that somebody has put off takes the verdict of whoever could ask. Rows
//! that others hold are passed over, which keeps these writers out of every deadlock.

use std::time::Duration;

use alloy::primitives::Address;
use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::contracts::standard;
use super::{StoreError, height, number};
use crate::types::{ChainKey, ContractKey, Standard};

/// A row as the probe has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which contract.
    pub key: ContractKey,
    /// When it was to be looked at.
    pub at: OffsetDateTime,
}

/// A contract that waits for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which row, as it was read.
    pub due: Due,
    /// Its address.
    pub address: Address,
    /// Its standard, where somebody has stated it.
    pub standard: Option<Standard>,
    /// Its first block, where somebody has stated it.
    pub start_block: Option<u64>,
    /// Whether the configuration names it.
    pub is_configured: bool,
}

/// The contracts whose time has come, at most `most`, the longest waiting first.
pub async fn due(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    most: i64,
) -> Result<Vec<Waiting>, StoreError> {
    type Row = (i32, OffsetDateTime, [u8; 20], Option<String>, Option<i64>, bool);
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select id, probe_at, address, standard, start_block, origin = 'config'
        from chain.contracts
        where chain = $1 and state = 'probing' and probe_at <= clock_timestamp()
            and (refused is null or origin = 'config')
        order by probe_at, id limit $2
        ",
    )
    .bind(chain.0)
    .bind(most)
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|(id, at, address, word, start_block, is_configured)| {
            Ok(Waiting {
                due: Due { key: ContractKey(id), at },
                address: Address::from(address),
                standard: standard(word.as_deref())?,
                start_block: start_block.map(number),
                is_configured,
            })
        })
        .collect()
}

/// Accepts contracts, each with the standard and the first block that were found where nobody had
/// stated them; the tracker joins them. Answers how many.
pub async fn accept(
    executor: impl PgExecutor<'_>,
    accepted: &[(&Waiting, Option<Standard>, Option<u64>)],
) -> Result<u64, StoreError> {
    let (keys, stated, starts) = read(accepted.iter().map(|(read, ..)| *read));
    let standards = accepted.iter().map(|(_, found, _)| found.map(Standard::as_str));
    let done = sqlx::query(
        r"
        with ours as (
            select c.id, w.standard, w.start_block
            from unnest($1::int4[], $2::text[], $3::int8[], $4::text[], $5::int8[])
                as w (id, stated, start, standard, start_block)
            join chain.contracts c on c.id = w.id and c.state = 'probing' and c.probe_at is not null
                and (c.refused is null or c.origin = 'config')
                and c.standard is not distinct from w.stated
                and c.start_block is not distinct from w.start
            for no key update of c skip locked
        )
        update chain.contracts c set standard = coalesce(c.standard, o.standard),
            start_block = coalesce(c.start_block, o.start_block),
            refused = null, refused_detail = null, probe_at = null
        from ours o where c.id = o.id
        ",
    )
    .bind(keys)
    .bind(stated)
    .bind(starts)
    .bind(standards.collect::<Vec<_>>())
    .bind(accepted.iter().map(|(.., start)| start.map(height)).collect::<Vec<_>>())
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Refuses contracts, each with a code and a text for people. What becomes of one is looked at
/// again after the given time.
pub async fn refuse(
    executor: impl PgExecutor<'_>,
    refused: &[(&Waiting, &'static str, String, Duration)],
) -> Result<(), StoreError> {
    let (keys, stated, starts) = read(refused.iter().map(|(read, ..)| *read));
    sqlx::query(
        r"
        with ours as (
            select c.id, w.code, w.detail, w.wait
            from unnest($1::int4[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::float8[])
                as w (id, stated, start, code, detail, wait)
            join chain.contracts c on c.id = w.id and c.state = 'probing' and c.probe_at is not null
                and (c.refused is null or c.origin = 'config')
                and c.standard is not distinct from w.stated
                and c.start_block is not distinct from w.start
            for no key update of c skip locked
        )
        update chain.contracts c set refused = o.code, refused_detail = o.detail,
            probe_at = clock_timestamp() + o.wait * interval '1 second'
        from ours o where c.id = o.id
        ",
    )
    .bind(keys)
    .bind(stated)
    .bind(starts)
    .bind(refused.iter().map(|(_, code, ..)| *code).collect::<Vec<_>>())
    .bind(refused.iter().map(|(_, _, detail, _)| detail.as_str()).collect::<Vec<_>>())
    .bind(refused.iter().map(|(.., wait)| wait.as_secs_f64()).collect::<Vec<_>>())
    .execute(executor)
    .await?;
    Ok(())
}

/// Has contracts looked at again after the given times, unless somebody has said another time.
pub async fn put_off(
    executor: impl PgExecutor<'_>,
    later: &[(Due, Duration)],
) -> Result<(), StoreError> {
    let (keys, times) = columns(later.iter().map(|(due, _)| due));
    sqlx::query(
        r"
        with ours as (
            select c.id, w.wait
            from unnest($1::int4[], $2::timestamptz[], $3::float8[]) as w (id, at, wait)
            join chain.contracts c on c.id = w.id and c.probe_at = w.at and c.state = 'probing'
            for no key update of c skip locked
        )
        update chain.contracts c set probe_at = clock_timestamp() + o.wait * interval '1 second'
        from ours o where c.id = o.id
        ",
    )
    .bind(keys)
    .bind(times)
    .bind(later.iter().map(|(_, wait)| wait.as_secs_f64()).collect::<Vec<_>>())
    .execute(executor)
    .await?;
    Ok(())
}

/// Forgets refused contracts whose time is over and that the configuration does not name, at most
/// `most`: the row goes, but one of which a past is stored is stopped, so that nothing is left
/// without a row. Nobody answers the ownership of such a one. Answers how many.
pub async fn forget(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    most: i64,
) -> Result<u64, StoreError> {
    let gone: i64 = sqlx::query_scalar(
        r"
        with over as (
            select c.id, exists (select from chain.loaded l where l.contract_id = c.id)
                or exists (select from chain.load_members m where m.contract_id = c.id)
                or exists (select from chain.irregularities i where i.contract_id = c.id) as has_past
            from chain.contracts c
            where c.chain = $1 and c.state = 'probing' and c.refused is not null
                and c.origin <> 'config' and c.probe_at <= clock_timestamp()
            order by c.id limit $2
            for update of c skip locked
        ), stopped as (
            update chain.contracts c set state = 'stopped', stopped_at = clock_timestamp(),
                refused = null, refused_detail = null, probe_at = null
            from over o where c.id = o.id and o.has_past
        ), deleted as (
            delete from chain.contracts c using over o where c.id = o.id and not o.has_past
        )
        select count(*) from over
        ",
    )
    .bind(chain.0)
    .bind(most)
    .fetch_one(executor)
    .await?;
    Ok(gone.unsigned_abs())
}

/// Numbers, standards and first blocks of what verdicts were made from.
fn read<'a>(
    rows: impl Iterator<Item = &'a Waiting>,
) -> (Vec<i32>, Vec<Option<&'static str>>, Vec<Option<i64>>) {
    let stated = |row: &Waiting| row.standard.map(Standard::as_str);
    rows.map(|row| (row.due.key.0, stated(row), row.start_block.map(height))).collect()
}

/// The columns of what was read.
pub(super) fn columns<'a>(rows: impl Iterator<Item = &'a Due>) -> (Vec<i32>, Vec<OffsetDateTime>) {
    rows.map(|due| (due.key.0, due.at)).unzip()
}
