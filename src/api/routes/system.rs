//! Health, version and metrics of this process. Never about how far a chain is: a load balancer
//! must not take a replica out because a chain stands still.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::ApiState;
use crate::api::answer;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::store::StoreError;
use crate::store::migrate::{Schema, inspect, too_new};

/// The process answers, or the database is reachable too.
#[derive(Serialize, JsonSchema)]
struct Health {
    #[schemars(extend("const" = "ok"))]
    status: &'static str,
}

/// This release.
#[derive(Serialize, JsonSchema)]
struct Version {
    #[schemars(extend("const" = "herald"))]
    name: &'static str,
    version: &'static str,
}

/// GET `/health/live`
pub(crate) const LIVE: Route = Route::get("/health/live", || get(live))
    .named("getLiveness", "The process answers")
    .bare::<Health>();

/// GET `/health/live`
pub(crate) async fn live() -> Result<Response, Problem> {
    answer::json(&Health { status: "ok" })
}

/// GET `/health/ready`
pub(crate) const READY: Route = Route::get("/health/ready", || get(ready))
    .named("getReadiness", "The database is reachable and its schema fits")
    .problems(&[Code::DatabaseUnavailable, Code::NotReady])
    .bare::<Health>();

/// GET `/health/ready`
pub(crate) async fn ready(State(state): State<ApiState>) -> Result<Response, Problem> {
    let mut connection = state.pool.acquire().await.map_err(StoreError::from)?;
    match inspect(&mut connection).await? {
        Schema::Current => answer::json(&Health { status: "ok" }),
        Schema::Behind { applied, newest } => {
            let detail =
                format!("the schema is at migration {applied}, this release needs {newest}");
            Err(Problem::new(Code::NotReady, detail))
        }
        Schema::TooNew { compatible_from } => {
            Err(Problem::new(Code::NotReady, too_new(&compatible_from)))
        }
    }
}

/// GET `/version`
pub(crate) const VERSION: Route = Route::get("/version", || get(version))
    .named("getVersion", "Name and version of this release")
    .bare::<Version>();

/// GET `/version`
pub(crate) async fn version() -> Result<Response, Problem> {
    answer::json(&Version { name: "herald", version: env!("CARGO_PKG_VERSION") })
}

/// GET `/metrics`
pub(crate) const METRICS: Route = Route::get("/metrics", || get(metrics))
    .named("getMetrics", "Metrics in Prometheus' text format")
    .text(&["text/plain"]);

/// GET `/metrics`
pub(crate) async fn metrics(State(state): State<ApiState>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], (state.metrics)()).into_response()
}
