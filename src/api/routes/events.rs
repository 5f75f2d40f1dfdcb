//! `/v1/events`: the feed. A cursor holds one position a stream, so a reader who goes on from it
//! misses nothing and hears nothing twice.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::answer::{self, Meta, instant};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::{self, Cursor};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope, shapes};
use crate::store::StoreError;
use crate::store::read::Standing;
use crate::store::read::events::{EventRow, EventsAsked, event, events};
use crate::types::{EventId, EventKind, Finality};

/// Most places of a stream that one request looks at: bounds a filter that lets little through,
/// and is read in milliseconds.
const WINDOW: i64 = 10_000;
/// Highest place in a stream that a cursor may name: far above any, and safe to add to.
const SEQ_MAX: i64 = 1 << 62;
/// Form of the events of this release.
const SCHEMA: &str = "v1";

/// A row of the feed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
struct EventView {
    #[schemars(with = "shapes::EventName")]
    id: String,
    #[schemars(with = "shapes::EventType")]
    r#type: String,
    #[schemars(with = "shapes::Stream")]
    stream: String,
    /// Its place in the stream, without gaps.
    seq: i64,
    /// When Herald stored it.
    #[schemars(with = "shapes::Time")]
    timestamp: String,
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    /// The block it is about, where it has one.
    block: Option<BlockView>,
    /// `null` for an event whose block was taken back, or that has none.
    #[schemars(with = "Option<shapes::Finality>")]
    finality: Option<&'static str>,
    /// What happened; the same bytes for ever.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    data: Box<RawValue>,
    /// Form of `data`.
    schema: &'static str,
}

/// A block.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Block")]
struct BlockView {
    number: i64,
    #[schemars(with = "Option<shapes::Hash>")]
    hash: Option<String>,
    /// `null` where it is not known.
    #[schemars(with = "Option<shapes::Time>")]
    time: Option<String>,
}

fn view(as_of: &[Standing], row: EventRow) -> Result<EventView, StoreError> {
    let finality = finality(as_of, &row);
    let block = row.block.map(|number| BlockView {
        number,
        hash: row.block_hash.map(answer::hash),
        time: row.block_time.map(instant),
    });
    let data = RawValue::from_string(row.data)
        .map_err(|_| StoreError::Corrupt { column: "events.data" })?;
    Ok(EventView {
        id: EventId(row.id).to_string(),
        r#type: row.r#type,
        stream: row.stream,
        seq: row.seq,
        timestamp: instant(row.recorded_at),
        chain: answer::caip2(as_of, row.chain).to_owned(),
        block,
        finality,
        data,
        schema: SCHEMA,
    })
}

/// Blocks with transfers are stored for ever, so a token's event whose block is not stored was
/// taken back; other events may be of blocks that are no longer kept.
fn finality(as_of: &[Standing], row: &EventRow) -> Option<&'static str> {
    let block = u64::try_from(row.block?).ok()?;
    if !row.stands.unwrap_or(!row.r#type.starts_with("token.")) {
        return None;
    }
    let chain = as_of.iter().find(|standing| standing.chain == row.chain)?;
    let mark = |mark: Option<i64>| mark.and_then(|mark| u64::try_from(mark).ok());
    Some(Finality::of(block, mark(chain.safe), mark(chain.finalized)).as_str())
}

fn types(text: &str) -> Result<Vec<&'static str>, String> {
    let known = || EventKind::ALL.map(EventKind::as_str).join(", ");
    let read = |name: &str| EventKind::parse(name).map(EventKind::as_str);
    let types: Option<Vec<_>> = text.split(',').map(read).collect();
    let types = types.ok_or_else(|| format!("types is a list of: {}", known()))?;
    if types.len() > EventKind::ALL.len() {
        return Err("types names a kind more than once".into());
    }
    Ok(types)
}

/// GET `/v1/events`
pub(crate) const LIST: Route = Route::get("/v1/events", || get(list))
    .named("listEvents", "The feed from a position on")
    .query(&[&["after", "chain", "types", "limit"]])
    .list::<EventView>();

/// GET `/v1/events`
pub(crate) async fn list(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    let limit = params::limit(&asked)?;
    let types = params::query(&asked, "types", types)?.unwrap_or_default();
    let sent = Cursor::<BTreeMap<i32, i64>>::read(&asked, "after")?;
    let mut positions = sent.map(|cursor| cursor.k).unwrap_or_default();
    if positions.values().any(|seq| !(0..=SEQ_MAX).contains(seq)) {
        return Err(cursor::invalid("after"));
    }
    let chains = scope::chains_of_query(&state, &asked).await?;
    let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
    let (streams, after): (Vec<i32>, Vec<i64>) =
        positions.iter().map(|(id, seq)| (*id, *seq)).unzip();
    let question = EventsAsked {
        chains: &keys,
        streams: &streams,
        after: &after,
        types: &types,
        window: WINDOW,
        limit,
    };
    let (read, seen) = events(&state.pool, &question).await?;
    // A full page may have left rows of any stream behind; each goes on after its last row told.
    if i64::try_from(read.rows.len()).is_ok_and(|count| count < limit) {
        positions.extend(seen.iter().map(|stream| (stream.id, stream.seen)));
    } else {
        positions.extend(read.rows.iter().map(|row| (row.stream_id, row.seq)));
    }
    let next = Cursor::write(&asked, positions, Vec::new());
    let meta = Meta::of(&read.as_of);
    let as_of = &read.as_of;
    let data: Result<Vec<_>, _> = read.rows.into_iter().map(|row| view(as_of, row)).collect();
    answer::list::<EventView>(data?, limit, Some(next), meta)
}

/// GET `/v1/events/{id}`
pub(crate) const ONE: Route = Route::get("/v1/events/{id}", || get(one))
    .named("getEvent", "One event")
    .problems(&[Code::EventUnknown])
    .one::<EventView>();

/// GET `/v1/events/{id}`
pub(crate) async fn one(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    let id = params::path(&asked, "id", params::event_id)?;
    let found = event(&state.pool, id).await?;
    let (standing, row) = found.ok_or_else(|| {
        Problem::new(Code::EventUnknown, format!("no event has the id {id}")).at("path", "id")
    })?;
    let as_of = [standing];
    answer::one(&view(&as_of, row)?, Meta::of(&as_of))
}
