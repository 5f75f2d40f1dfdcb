//! Which pages of other origins may read the answers in a browser: those of the configuration.
//!
//! Cookies and the like are never asked for, since Herald knows none: a page that writes sends its
//! key itself.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may believe a preflight: what it says changes with the configuration only, and
/// Chromium believes none for longer.
const PREFLIGHT_AGE: Duration = Duration::from_secs(7200);

/// What a page may send.
const SENT: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-request-id"),
];

/// What a page may read, beside what every page may.
const SHOWN: [HeaderName; 10] = [
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("x-herald-block"),
    HeaderName::from_static("x-herald-block-hash"),
    HeaderName::from_static("x-herald-root"),
    HeaderName::from_static("x-request-id"),
];

/// The layer for these origins, `*` being all; none where there are none.
pub(super) fn layer(origins: &[String]) -> Option<CorsLayer> {
    let all = origins.iter().any(|origin| origin == "*");
    let (allowed, vary) = match (origins, all) {
        ([], _) => return None,
        (_, true) => (AllowOrigin::any(), Vec::new()),
        (list, false) => {
            let list = list.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
            (AllowOrigin::list(list), vec![header::ORIGIN])
        }
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers(SENT)
        .expose_headers(SHOWN)
        .max_age(PREFLIGHT_AGE)
        .vary(vary);
    Some(layer)
}
