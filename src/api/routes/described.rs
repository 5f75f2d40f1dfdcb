//! GET `/openapi.json`: the document of the API.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::OnceLock;

use crate::api::document;
use crate::api::route::Route;

/// GET `/openapi.json`
pub(crate) const OPENAPI: Route = Route::get("/openapi.json", || get(openapi))
    .named("getOpenApi", "This API as an OpenAPI 3.1 document")
    .bare::<serde_json::Map<String, serde_json::Value>>();

async fn openapi() -> Response {
    static WRITTEN: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes =
        WRITTEN.get_or_init(|| serde_json::to_vec(document::document()).unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], bytes.as_slice()).into_response()
}
