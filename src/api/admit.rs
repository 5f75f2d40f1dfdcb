//! Before a handler: what its route does not know is refused, and whoever may not ask.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::asked::Asked;
use super::problem::Problem;
use super::route::Route;
use super::{ApiState, auth};

/// Lets a request through to its handler, taken apart, if its key and its parameters are right.
pub(super) async fn admit(
    State((state, route)): State<(ApiState, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    match admitted(&state, route, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admitted(
    state: &ApiState,
    route: &'static Route,
    request: Request,
) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let asked = Asked::from_request_parts(&mut parts, state).await?;
    if let Some(scope) = route.scope {
        auth::require(&state.pool, &parts.headers, scope).await?;
    }
    asked.only(route)?;
    parts.extensions.insert(asked);
    Ok(Request::from_parts(parts, body))
}
