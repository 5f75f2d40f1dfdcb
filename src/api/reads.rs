//! Which server answers a request: reads the replica where it is fit and has seen what the client
//! must see, else the primary. Writes, and with them keys, are the primary's alone, so that a key that
//! is revoked is revoked at once.
//!
//! A client reads its own writes by one of two marks: `x-herald-written` of an answer to a write, and
//! the `seq` of an event that it was told. Only requests with a mark cost a statement.

use std::convert::Infallible;
use std::sync::Arc;

use axum::RequestExt;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use tower::ServiceExt;

use super::codes::Code;
use super::problem::Problem;
use super::seen::Seen;
use super::{ApiState, LIST_BYTES_MAX};
use crate::store::read_replica::{self, ReadReplica};
use crate::telemetry::metrics::{self, Moved};

/// Carries the place of a write in the log.
pub(super) const WRITTEN: HeaderName = HeaderName::from_static("x-herald-written");
/// What the paths begin with that read rows.
const API: &str = "/v1/";
/// Routes that read although they are asked by POST: the question is too long for a path.
const READ_BY_POST: &[&str] = &["/v1/tokens/batch", "/v1/wallets/tokens", "/v1/ownership/checks"];

/// The servers that handlers can work with.
#[derive(Clone)]
pub(super) struct Servers {
    primary: ApiState,
    replica: Option<(Arc<ReadReplica>, ApiState)>,
}

impl Servers {
    /// The replica has names of its own: what the primary knows it may not know yet.
    pub(super) fn new(primary: ApiState, replica: Option<Arc<ReadReplica>>) -> Self {
        let over = |replica: Arc<ReadReplica>| {
            let pool = replica.pool.clone();
            (replica, ApiState { pool, names: Arc::default(), ..primary.clone() })
        };
        let replica = replica.map(over);
        Self { primary, replica }
    }

    /// The handler of a route, which the right server is chosen for.
    pub(super) fn routed(
        &self,
        (method, path): (&str, &str),
        handler: impl Fn() -> MethodRouter<ApiState>,
    ) -> MethodRouter<ApiState> {
        if !path.starts_with(API) {
            return handler();
        }
        if method != Method::GET.as_str() && !READ_BY_POST.contains(&path) {
            return handler().route_layer(from_fn_with_state(self.primary.clone(), write));
        }
        let replica = self.replica.as_ref();
        let replica =
            replica.map(|(replica, state)| (replica.clone(), handler().with_state(state.clone())));
        let choice = Choice { primary: self.primary.clone(), replica };
        handler().route_layer(from_fn_with_state(choice, read))
    }
}

/// Where a read may go.
#[derive(Clone)]
struct Choice {
    primary: ApiState,
    replica: Option<(Arc<ReadReplica>, MethodRouter<(), Infallible>)>,
}

/// Writes, and says where in the log that stands.
async fn write(State(primary): State<ApiState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let refused = [StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
    if response.status().is_success() || refused.contains(&response.status()) {
        match read_replica::written(&primary.pool).await {
            Ok(place) => {
                let mark = HeaderValue::from_str(&super::seen::mark(place));
                response.headers_mut().extend(mark.ok().map(|mark| (WRITTEN, mark)));
            }
            Err(error) => tracing::debug!("the place of a write is not known: {error}"),
        }
    }
    response
}

async fn read(State(choice): State<Choice>, request: Request, next: Next) -> Response {
    choice.answer(request, next).await.unwrap_or_else(IntoResponse::into_response)
}

impl Choice {
    async fn answer(&self, mut request: Request, next: Next) -> Result<Response, Problem> {
        let path = request.extract_parts::<RawPathParams>().await.ok();
        let chain = path.as_ref().and_then(|path| path.iter().find(|(name, _)| *name == "chain"));
        let seen = Seen::take(&self.primary, &mut request, chain.map(|(_, chain)| chain)).await?;
        let Some((replica, handler)) = &self.replica else {
            seen.require(&self.primary.pool).await?;
            return Ok(next.run(request).await);
        };
        let moved = if !replica.fits() {
            Moved::Unfit
        } else if !seen.is_by(&replica.pool).await {
            Moved::Behind
        } else {
            let (again, request) = twice(request).await?;
            let Ok(response) = handler.clone().oneshot(request).await;
            let Some(moved) = elsewhere(&response) else { return Ok(response) };
            metrics::reads_moved(moved).increment(1);
            return Ok(next.run(again).await);
        };
        metrics::reads_moved(moved).increment(1);
        seen.require(&self.primary.pool).await?;
        Ok(next.run(request).await)
    }
}

/// Why the primary could still answer what the replica did not: the replica is gone, dropped the
/// statement to go on replaying, or has not come to a block that a page before or another answer has
/// shown.
fn elsewhere(response: &Response) -> Option<Moved> {
    match response.extensions().get::<Problem>()?.code {
        Code::DatabaseUnavailable | Code::NotReady | Code::Internal => Some(Moved::Failed),
        Code::BlockAhead | Code::SnapshotGone => Some(Moved::Behind),
        _ => None,
    }
}

/// The same request, twice.
async fn twice(request: Request) -> Result<(Request, Request), Problem> {
    let (parts, body) = request.into_parts();
    let bytes = match parts.method {
        Method::POST => to_bytes(body, LIST_BYTES_MAX).await.map_err(|_| {
            let detail = format!("a body may have {LIST_BYTES_MAX} bytes and must arrive whole");
            Problem::new(Code::BodyTooLarge, detail)
        })?,
        _ => Bytes::new(),
    };
    let again = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    Ok((again, Request::from_parts(parts, Body::from(bytes))))
}
