//! Health, version and metrics of this process. Never about how far a chain is: a load balancer
//! must not take a replica out because a chain stands still.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::ApiState;
use crate::api::answer;
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::store::StoreError;
use crate::store::migrate::{Schema, inspect, too_new};

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
}

/// GET `/health/live`
pub(crate) async fn live(asked: Asked) -> Result<Response, Problem> {
    asked.only(&[])?;
    answer::json(&Health { status: "ok" })
}

/// GET `/health/ready`
pub(crate) async fn ready(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&[])?;
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
pub(crate) async fn version(asked: Asked) -> Result<Response, Problem> {
    asked.only(&[])?;
    answer::json(&Version { name: "herald", version: env!("CARGO_PKG_VERSION") })
}

/// GET `/metrics`
pub(crate) async fn metrics(State(state): State<ApiState>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], (state.metrics)()).into_response()
}
