//! `chain.events` and `chain.streams`: the append-only outbox, numbered without gaps.

use std::collections::HashSet;

use alloy::primitives::B256;
use sqlx::PgConnection;

use super::{StoreError, height};
use crate::types::{Caip2, ChainKey, ContractKey, EventId, EventKind};

/// The block an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventBlock {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Its time, where it is known.
    pub time: Option<time::OffsetDateTime>,
    /// How often it had been taken back before.
    pub epoch: i32,
}

/// An event to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Derived from what happened.
    pub id: EventId,
    /// What it tells.
    pub kind: EventKind,
    /// The block concerned.
    pub block: EventBlock,
    /// The contract concerned, if one is.
    pub contract: Option<ContractKey>,
    /// JSON, kept to the byte.
    pub data: String,
}

/// Appends events to the chain's stream, in their order.
///
/// Call it last in a transaction: it takes the stream's counter, which makes commit order reading
/// order.
pub async fn append(
    connection: &mut PgConnection,
    (chain, id): (ChainKey, Caip2),
    events: &[NewEvent],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let (stream, first): (i32, i64) = sqlx::query_as(
        r"
        update chain.streams set next_seq = next_seq + $2
        where name = $1 returning id, next_seq - $2
        ",
    )
    .bind(format!("chain:{id}"))
    .bind(events.len() as i64)
    .fetch_one(&mut *connection)
    .await?;
    for (at, part) in events.chunks(PART_MAX).enumerate() {
        let first = first + (at * PART_MAX) as i64;
        append_part(connection, chain, (stream, first), part).await?;
    }
    Ok(())
}

/// Those of these ids under which something was told.
pub async fn known(
    connection: &mut PgConnection,
    chain: ChainKey,
    ids: &[EventId],
) -> Result<HashSet<EventId>, StoreError> {
    let known: Vec<[u8; 16]> =
        sqlx::query_scalar("select id from chain.events where chain = $1 and id = any ($2)")
            .bind(chain.0)
            .bind(ids.iter().map(|id| id.0).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
    Ok(known.into_iter().map(EventId).collect())
}

/// Rows of one statement, which may have a gigabyte at most.
const PART_MAX: usize = 10_000;

async fn append_part(
    connection: &mut PgConnection,
    chain: ChainKey,
    (stream, first): (i32, i64),
    events: &[NewEvent],
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        insert into chain.events (chain, stream_id, seq, id, type, block, block_hash, block_time,
            epoch, contract_id, data)
        select $1, $2, $3 + new.nr - 1, new.id, new.type, new.block, new.hash, new.time, new.epoch,
            new.contract_id, new.data
        from unnest($4::bytea[], $5::text[], $6::int8[], $7::bytea[], $8::timestamptz[],
            $9::int4[], $10::int4[], $11::text[])
            with ordinality as new (id, type, block, hash, time, epoch, contract_id, data, nr)
        ",
    )
    .bind(chain.0)
    .bind(stream)
    .bind(first)
    .bind(column(events, |event| event.id.0))
    .bind(column(events, |event| event.kind.as_str()))
    .bind(column(events, |event| height(event.block.number)))
    .bind(column(events, |event| event.block.hash.0))
    .bind(column(events, |event| event.block.time))
    .bind(column(events, |event| event.block.epoch))
    .bind(column(events, |event| event.contract.map(|key| key.0)))
    .bind(column(events, |event| event.data.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}

fn column<'a, T>(events: &'a [NewEvent], field: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
    events.iter().map(field).collect()
}
