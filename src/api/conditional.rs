//! Tags of answers (RFC 9110, 8.8.3), and 304 for whoever has the same answer already.
//!
//! A tag is weak: it names what is told and the blocks it is true of, not the bytes. How long ago
//! the last block was committed (`lag_ms`) changes with every request and is left out.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use memchr::memmem;
use sha2::{Digest, Sha256};

use super::answer::JSON;
use super::codes::Code;
use super::problem::Problem;
use super::router::API;

/// Bytes of the hash that a tag shows: nobody can make two answers of one tag.
const TAG_BYTES: usize = 16;

/// What is left out of a tag: this member's value. Within a JSON text its quotes would be escaped.
const LAG: &[u8] = b"\"lag_ms\":";

/// Tags whole answers to GET and HEAD, and answers 304 where the request names the tag.
pub(super) async fn conditional(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads || !request.uri().path().starts_with(API) {
        return next.run(request).await;
    }
    let known: Vec<HeaderValue> =
        request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    if !is_whole(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It lies in memory already.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::new(Code::Internal, "the answer could not be written").into_response();
    };
    let tag = tag(&bytes);
    let same = known.iter().any(|value| names(value.as_bytes(), tag.as_bytes()));
    describe(&mut parts.headers, &tag);
    if !same {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}

/// Whether it is one object or a page, all of it there: a stream has no tag before its end.
fn is_whole(response: &Response) -> bool {
    response.status() == StatusCode::OK
        && response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == JSON)
        && response.body().size_hint().exact().is_some()
}

/// The same of a 304 as of the 200 it stands for.
fn describe(headers: &mut HeaderMap, tag: &str) {
    if let Ok(tag) = HeaderValue::from_str(&format!("W/\"{tag}\"")) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
}

fn tag(body: &[u8]) -> String {
    let mut hash = Sha256::new();
    let mut rest = body;
    while let Some(at) = memmem::find(rest, LAG) {
        let (told, value) = rest.split_at(at + LAG.len());
        hash.update(told);
        let end = value.iter().position(|byte| matches!(byte, b',' | b'}'));
        rest = &value[end.unwrap_or(value.len())..];
    }
    hash.update(rest);
    alloy::primitives::hex::encode(&hash.finalize()[..TAG_BYTES])
}

/// Whether an `If-None-Match` is `*` or a list with this tag in it, weak or strong. No tag holds a
/// quote, so every second piece between quotes is one.
fn names(value: &[u8], tag: &[u8]) -> bool {
    value.trim_ascii() == b"*"
        || value.split(|byte| *byte == b'"').skip(1).step_by(2).any(|known| known == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_alone_changes_no_tag() {
        let body = |lag: &str, block: &str| {
            tag(format!(r#"{{"a":"x","as_of":[{{"lag_ms":{lag},"b":{block}}}]}}"#).as_bytes())
        };
        assert_eq!(body("0", "7"), body("12345", "7"));
        assert_eq!(body("null", "7"), body("1", "7"));
        assert_ne!(body("0", "7"), body("0", "8"));
        assert_eq!(body("0", "7").len(), 2 * TAG_BYTES);
        let last = |lag: &str| tag(format!(r#"{{"b":1,"lag_ms":{lag}}}"#).as_bytes());
        assert_eq!(last("1"), last("2"));
        let text = |lag: u8| tag(format!(r#"{{"name":"\"lag_ms\":{lag},"}}"#).as_bytes());
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn a_list_of_tags_is_read_as_rfc_9110_writes_it() {
        for (value, named) in [
            (r#""abc""#, true),
            (r#"W/"abc""#, true),
            (r#" "x", W/"abc" ,"y""#, true),
            (r#""a,b", "abc""#, true),
            (" * ", true),
            (r#""ab""#, false),
            (r#""xabc""#, false),
            (r#""x,abc,y""#, false),
            ("abc", false),
            (r#""*""#, false),
            ("", false),
        ] {
            assert_eq!(names(value.as_bytes(), b"abc"), named, "{value}");
        }
    }
}
