//! GET `/v1/contracts/{chain}/{address}/snapshot`: every holding at one block, streamed.
//!
//! Page after page is read by key, each in a statement of its own, so that a slow reader holds no
//! transaction open. The block is fixed by the first page; if it is taken back before the last
//! one, the body is cut off without its end, which HTTP shows to the reader as an error.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;

use crate::api::answer;
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::Pin;
use crate::api::found::Found;
use crate::api::moment::When;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope};
use crate::store::Pool;
use crate::store::read::at::At;
use crate::store::read::contract_tokens::HoldingsAsked;
use crate::store::read::snapshot::{SnapshotRow, snapshot as read_page};

/// Rows of one statement: some 100 kB of text, a few milliseconds.
const PAGE_ROWS: i64 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
}

impl Format {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::Ndjson),
            _ => Err("format is csv or ndjson".into()),
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    fn head(self) -> &'static str {
        match self {
            Self::Csv => "token_id,owner,balance\n",
            Self::Ndjson => "",
        }
    }

    fn line(self, row: &SnapshotRow) -> String {
        let token_id = row.token_id.0;
        let owner = answer::address(row.owner);
        let balance = answer::units(row.balance);
        match self {
            Self::Csv => format!("{token_id},{owner},{balance}\n"),
            Self::Ndjson => format!(
                "{{\"token_id\":\"{token_id}\",\"owner\":\"{owner}\",\"balance\":\"{balance}\"}}\n"
            ),
        }
    }

    fn text(self, rows: &[SnapshotRow]) -> String {
        rows.iter().map(|row| self.line(row)).collect()
    }
}

/// Where a stream is.
struct Reading {
    pool: Pool,
    timeout: Duration,
    format: Format,
    asked: HoldingsAsked,
    when: When,
    /// Text of the first page, until it is sent.
    first: Option<String>,
    /// Whether another page is there.
    more: bool,
}

/// GET `/v1/contracts/{chain}/{address}/snapshot`
pub(crate) const SNAPSHOT: Route =
    Route::get("/v1/contracts/{chain}/{address}/snapshot", || get(snapshot))
        .named("getSnapshot", "All its holdings at a block, as CSV or NDJSON")
        .query(&[&["at_block", "at_time", "min_finality", "format"]])
        .problems(&[Code::ContractNotTracked, Code::ContractNotReady, Code::ContractIrregular])
        .text(&["text/csv", "application/x-ndjson"])
        .headers(&[
            ("x-herald-block", "Number of the block that is shown"),
            ("x-herald-block-hash", "Its hash"),
        ]);

/// GET `/v1/contracts/{chain}/{address}/snapshot`
pub(crate) async fn snapshot(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let format = params::query(&asked, "format", Format::read)?.unwrap_or(Format::Csv);
    let scope = scope::contract_of_path(&state, &asked, "address").await?;
    let when = When::read(&asked, None)?;
    let (chain, contract) = scope.keys();
    let mut question = HoldingsAsked {
        chain,
        contract,
        at: when.at,
        token_id: None,
        after: None,
        limit: PAGE_ROWS,
    };
    let read = read_page(&state.pool, &question).await?;
    let found = Found::of(&read)?.owned(&when)?;
    let pins = when.check(&state.pool, &read.as_of).await?;
    let found = found.begun()?;
    let pin = pins.first().cloned().ok_or_else(|| {
        Problem::new(Code::NotIndexed, format!("no block of {} is indexed yet", found.chain.caip2))
    })?;
    if !read.incomplete.is_empty() {
        let contract = answer::address(found.contract.address);
        let detail = format!(
            "{contract} on {} has ranges too long to be listed; GET \
             /v1/tokens/{{chain}}/{{contract}}/{{token_id}} answers each of their tokens",
            found.chain.caip2
        );
        return Err(Problem::new(Code::ContractIrregular, detail));
    }
    question.at = At::Block(pin.block);
    question.after = last(&read.rows);
    let reading = Reading {
        pool: state.pool.clone(),
        timeout: state.request_timeout,
        format,
        asked: question,
        when: When::pinned(vec![pin.clone()]),
        first: Some(format!("{}{}", format.head(), format.text(&read.rows))),
        more: full(&read.rows),
    };
    Ok(respond(reading, &pin))
}

fn respond(reading: Reading, pin: &Pin) -> Response {
    let media_type = HeaderValue::from_static(reading.format.media_type());
    let body = Body::from_stream(stream::try_unfold(reading, next));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert("x-herald-block", HeaderValue::from(pin.block));
    if let Some(hash) = pin.hash.as_deref().and_then(|hash| HeaderValue::from_str(hash).ok()) {
        headers.insert("x-herald-block-hash", hash);
    }
    response
}

/// The next piece of the body.
async fn next(mut reading: Reading) -> Result<Option<(Bytes, Reading)>, anyhow::Error> {
    if let Some(text) = reading.first.take() {
        return Ok(Some((text.into(), reading)));
    }
    if !reading.more {
        return Ok(None);
    }
    let page = read_page(&reading.pool, &reading.asked);
    let read = tokio::time::timeout(reading.timeout, page).await??;
    if let Err(problem) = reading.when.check(&reading.pool, &read.as_of).await {
        tracing::info!(detail = problem.detail, "a snapshot was cut off");
        anyhow::bail!("the block of the snapshot was taken back");
    }
    reading.asked.after = last(&read.rows);
    reading.more = full(&read.rows);
    let text = reading.format.text(&read.rows);
    Ok(Some((text.into(), reading)))
}

fn last(rows: &[SnapshotRow]) -> Option<(U256, Address)> {
    rows.last().map(|row| (row.token_id.0, row.owner.into()))
}

fn full(rows: &[SnapshotRow]) -> bool {
    i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE_ROWS)
}
