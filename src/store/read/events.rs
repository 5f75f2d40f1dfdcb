//! The feed: streams merged, each in its own order without gaps.

use serde::Deserialize;
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use time::OffsetDateTime;

use super::{Read, Standing};
use crate::store::{Pool, StoreError};
use crate::types::EventId;

/// An event as it was stored.
#[derive(Clone, Debug, FromRow)]
pub struct EventRow {
    /// Its id.
    pub id: [u8; 16],
    /// Its kind.
    pub r#type: String,
    /// Surrogate number of its stream.
    pub stream_id: i32,
    /// Name of its stream.
    pub stream: String,
    /// Place in the stream.
    pub seq: i64,
    /// When it was stored.
    pub recorded_at: OffsetDateTime,
    /// Its chain.
    pub chain: i16,
    /// Its block, where it has one.
    pub block: Option<i64>,
    /// Hash of that block.
    pub block_hash: Option<[u8; 32]>,
    /// Time of that block.
    pub block_time: Option<OffsetDateTime>,
    /// Whether that block still stands; `None` where the block is no longer stored.
    pub stands: Option<bool>,
    /// Its JSON.
    pub data: String,
}

/// A stream and how far the answer has looked into it.
#[derive(Clone, Debug, Deserialize)]
pub struct StreamRow {
    /// Surrogate number.
    pub id: i32,
    /// Last place that was looked at.
    pub seen: i64,
}

/// What is asked of the feed.
#[derive(Clone, Debug)]
pub struct EventsAsked<'a> {
    /// Chains by their numbers.
    pub chains: &'a [i16],
    /// Streams with a position.
    pub streams: &'a [i32],
    /// The last place told of each; streams without a position begin at their beginning.
    pub after: &'a [i64],
    /// Only these kinds; empty means all.
    pub types: &'a [&'static str],
    /// Most places of a stream that are looked at, so that a filter which lets nothing through
    /// cannot make one statement read a whole stream.
    pub window: i64,
    /// Most rows.
    pub limit: i64,
}

/// The next events: first the next of each stream, then the second of each, and so on, so that no
/// stream is starved by another; with how far each stream was looked at.
pub async fn events(
    pool: &Pool,
    asked: &EventsAsked<'_>,
) -> Result<(Read<EventRow>, Vec<StreamRow>), StoreError> {
    let rows = sqlx::query(
        r"with streams as (
            select s.id, s.chain, s.name, coalesce(p.after, 0) as after,
                greatest(least(s.next_seq - 1, coalesce(p.after, 0) + $5), coalesce(p.after, 0)) as seen
            from chain.streams s
            left join unnest($2::int4[], $3::int8[]) as p (id, after) on p.id = s.id
            where s.chain = any ($1)
        )
        select a.as_of, n.streams, e.id is not null as present, e.id, e.type, e.stream_id, e.stream,
            e.seq, e.recorded_at, e.chain, e.block, e.block_hash, e.block_time,
            b.hash = e.block_hash and (e.epoch is null or b.epoch = e.epoch) as stands, e.data
        from chain.as_of($1, '{}') a
        cross join (
            select coalesce(json_agg(json_build_object('id', id, 'seen', seen)), '[]') as streams
            from streams
        ) n
        left join lateral (
            select s.name as stream, v.*
            from streams s
            cross join lateral (
                select v.*, row_number() over (order by v.seq) as turn
                from chain.events v
                where v.chain = s.chain and v.stream_id = s.id and v.seq > s.after
                    and v.seq <= s.seen and (cardinality($4::text[]) = 0 or v.type = any ($4))
                order by v.seq
                limit $6
            ) v
            order by v.turn, v.stream_id
            limit $6
        ) e on true
        left join chain.blocks b on b.chain = e.chain and b.number = e.block
        order by e.turn, e.stream_id",
    )
    .bind(asked.chains)
    .bind(asked.streams)
    .bind(asked.after)
    .bind(asked.types)
    .bind(asked.window)
    .bind(asked.limit)
    .fetch_all(pool)
    .await?;
    let first = rows.first().ok_or(StoreError::Corrupt { column: "streams" })?;
    let Json(streams) = first.try_get("streams")?;
    Ok((Read::take(rows)?, streams))
}

/// The event of this id, with the standing of its chain.
pub async fn event(pool: &Pool, id: EventId) -> Result<Option<(Standing, EventRow)>, StoreError> {
    let row = sqlx::query(
        r"select a.as_of, e.id, e.type, e.stream_id, s.name as stream, e.seq, e.recorded_at, e.chain,
            e.block, e.block_hash, e.block_time,
            b.hash = e.block_hash and (e.epoch is null or b.epoch = e.epoch) as stands, e.data
        from chain.events e
        join chain.streams s on s.id = e.stream_id
        cross join lateral chain.as_of(array[e.chain], '{}') a
        left join chain.blocks b on b.chain = e.chain and b.number = e.block
        where e.id = $1
        limit 1",
    )
    .bind(id.0)
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Json::<Vec<Standing>>(as_of) = row.try_get("as_of")?;
    let standing = as_of.into_iter().next().ok_or(StoreError::Corrupt { column: "as_of" })?;
    Ok(Some((standing, EventRow::from_row(&row)?)))
}
