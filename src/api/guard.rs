//! The headers that every answer carries, whoever made it: what a browser must not do with it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Nothing of an answer is a page: it loads nothing, and nobody shows it in a frame.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Adds them; what a route has said of itself stands. `shared` says that pages of other origins may
/// read answers. TLS is the proxy's, and so is `Strict-Transport-Security`.
pub(super) fn guard(status: StatusCode, headers: &mut HeaderMap, shared: bool) {
    let cached = if status.is_success() { "no-cache" } else { "no-store" };
    let readers = if shared { "cross-origin" } else { "same-origin" };
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (RESOURCE_POLICY, HeaderValue::from_static(readers)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cached)),
    ] {
        headers.entry(name).or_insert(value);
    }
}
