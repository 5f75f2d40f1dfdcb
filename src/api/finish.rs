//! Around every request: its id, its time limit, the body of its problem, and its metrics.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::codes::Code;
use super::guard::guard;
use super::problem::Problem;
use crate::telemetry::metrics;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken from a client; longer ones are replaced.
const REQUEST_ID_BYTES_MAX: usize = 128;
/// Stands in metrics for every path that no route has.
const NO_ROUTE: &str = "none";

/// Whether pages of other origins may read answers.
#[derive(Clone, Copy)]
pub(super) struct Shared(pub bool);

/// Answers 503 after the time limit, and drops what was being done.
pub(super) async fn timed(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("no answer within {} ms", limit.as_millis());
        Problem::new(Code::TimedOut, detail).into_response()
    })
}

/// Gives the request an id, writes problems out, adds the headers that all answers have, and counts.
pub(super) async fn finish(
    State(Shared(shared)): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = Body::from(problem.render(id.to_str().unwrap_or_default()));
    }
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    metrics::http_requests(route, method.as_str(), response.status().as_u16()).increment(1);
    metrics::http_request_duration(route).record(began.elapsed());
    tracing::debug!(
        request.id = id.to_str().unwrap_or_default(),
        http.method = %method,
        http.path = path,
        http.status = response.status().as_u16(),
        "request answered"
    );
    guard(response.status(), response.headers_mut(), shared);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn request_id(request: &Request) -> HeaderValue {
    let sent = request.headers().get(REQUEST_ID);
    let usable = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        !bytes.is_empty()
            && bytes.len() <= REQUEST_ID_BYTES_MAX
            && bytes.iter().all(u8::is_ascii_graphic)
    };
    sent.filter(usable).cloned().unwrap_or_else(generated)
}

fn generated() -> HeaderValue {
    let mut bytes = [0; 16];
    // Without randomness the id is zero: it only names a line in a log.
    let _ = getrandom::fill(&mut bytes);
    HeaderValue::from_str(&alloy::primitives::hex::encode(bytes))
        .unwrap_or(HeaderValue::from_static("0"))
}

/// A panic of a handler, as a problem.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = text, "a handler panicked");
    let detail = "something inside failed; it was logged";
    Problem::new(Code::Internal, detail).into_response()
}
