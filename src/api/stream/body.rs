//! A walk as an answer: its headers, and a body that ends where the walk does.
//!
//! If the block is taken back before the last page, the body is cut off without its end, which HTTP
//! shows to the reader as an error.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::lines::{Format, Names};
use super::walk::Question;
use super::{Holdings, Transfers, Walk, holdings, transfers};
use crate::store::read::export_holdings::HoldingsPage;
use crate::store::read::export_transfers::TransfersPage;

/// The block that is shown.
const BLOCK: HeaderName = HeaderName::from_static("x-herald-block");
const BLOCK_HASH: HeaderName = HeaderName::from_static("x-herald-block-hash");
/// The newest final block: what lies up to it is never taken back.
const FINALIZED: HeaderName = HeaderName::from_static("x-herald-finalized");
/// How many contracts of the chain are left out because their history is not whole.
const INCOMPLETE: HeaderName = HeaderName::from_static("x-herald-incomplete");

/// What is written out.
pub(in crate::api) trait Written: Question {
    /// Appends the rows of a page.
    fn write(page: &Self::Page, format: Format, names: &mut Names, out: &mut Vec<u8>);
    /// The first line.
    fn head(format: Format) -> &'static str;
}

impl Written for Holdings {
    fn write(page: &HoldingsPage, format: Format, names: &mut Names, out: &mut Vec<u8>) {
        holdings::write(page, format, names, out);
    }

    fn head(format: Format) -> &'static str {
        Self::head(format)
    }
}

impl Written for Transfers {
    fn write(page: &TransfersPage, format: Format, names: &mut Names, out: &mut Vec<u8>) {
        transfers::write(page, format, names, out);
    }

    fn head(format: Format) -> &'static str {
        Self::head(format)
    }
}

/// What a head says beside the block.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::api) struct Noted {
    /// Contracts that are left out, where several are asked.
    pub incomplete: Option<i64>,
}

/// Where a body is.
struct Writing<Q: Written> {
    walk: Walk<Q>,
    format: Format,
    names: Names,
    /// Whether the first line is written.
    begun: bool,
    /// Bytes of the piece before: the next one will need as many.
    room: usize,
}

/// The answer of a walk.
pub(in crate::api) fn respond<Q: Written>(walk: Walk<Q>, format: Format, noted: Noted) -> Response {
    let fixed = walk.fixed().clone();
    let writing = Writing { walk, format, names: Names::new(), begun: false, room: 0 };
    let mut response = Body::from_stream(stream::try_unfold(writing, next)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(BLOCK, HeaderValue::from(fixed.pin.block));
    if let Some(hash) = fixed.pin.hash.and_then(|hash| HeaderValue::from_str(&hash).ok()) {
        headers.insert(BLOCK_HASH, hash);
    }
    let numbers = [(FINALIZED, fixed.standing.finalized), (INCOMPLETE, noted.incomplete)];
    for (name, number) in numbers.into_iter().filter_map(|(name, it)| Some((name, it?))) {
        headers.insert(name, HeaderValue::from(number));
    }
    response
}

/// The next piece of the body.
async fn next<Q: Written>(
    mut writing: Writing<Q>,
) -> Result<Option<(Bytes, Writing<Q>)>, anyhow::Error> {
    let Writing { walk, format, names, begun, room } = &mut writing;
    let written = walk.step(|page| {
        let mut out = Vec::with_capacity(*room + *room / 8);
        if !*begun {
            out.extend_from_slice(Q::head(*format).as_bytes());
        }
        Q::write(page, *format, names, &mut out);
        out
    });
    match written.await {
        Ok(Some(out)) => {
            (writing.begun, writing.room) = (true, out.len());
            Ok(Some((out.into(), writing)))
        }
        Ok(None) => Ok(None),
        Err(problem) => {
            tracing::info!(detail = problem.detail, "a stream was cut off");
            anyhow::bail!("the stream was cut off: {}", problem.detail)
        }
    }
}
