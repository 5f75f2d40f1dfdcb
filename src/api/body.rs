//! The body of a request: JSON, whole, in time, and not too much of it. How deep it may be nested is
//! `serde_json`'s limit, 128.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, header};

use super::BODY_BYTES_MAX;
use super::codes::Code;
use super::problem::Problem;

/// Longest that a body may take to arrive, where half of the request's time is not less: the largest
/// takes a second of the slowest mobile network.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The bytes of a JSON body, for a request that may take `request` in all.
pub(super) async fn json(
    headers: &HeaderMap,
    body: Body,
    request: Duration,
) -> Result<Bytes, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = "the body must be sent as application/json";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let detail = "the body must be sent without Content-Encoding";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let limit = BODY_TIMEOUT.min(request / 2);
    match tokio::time::timeout(limit, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let detail = format!("a body may have {BODY_BYTES_MAX} bytes and must arrive whole");
            Err(Problem::new(Code::BodyTooLarge, detail))
        }
        Err(_) => {
            let detail = format!("the body has not arrived within {} ms", limit.as_millis());
            Err(Problem::new(Code::BodyTooSlow, detail))
        }
    }
}
