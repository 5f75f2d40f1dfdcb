//! `[http]`: the HTTP server.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::section::{Reader, Section, whole};
use super::tree::Node;
use super::{Http, cors};

/// Below, no query can finish; above, clients and proxies have given up long ago.
const REQUEST_TIMEOUT_MS: RangeInclusive<i64> = 100..=600_000;

pub(super) fn read(reader: &mut Reader, node: Option<&Node>) -> Option<Http> {
    let mut section = Section::open(reader, "http", node);
    let listen = section.required(
        "listen",
        "an address and a port, such as 127.0.0.1:8080 or [::1]:8080",
        |node| node.text()?.parse().ok(),
    );
    let timeout = section.required(
        "request_timeout_ms",
        &whole("milliseconds", &REQUEST_TIMEOUT_MS),
        |node| node.integer(&REQUEST_TIMEOUT_MS),
    );
    let cors_origins = cors::read(&mut section);
    section.finish();
    Some(Http {
        listen: listen?,
        request_timeout: Duration::from_millis(timeout?.unsigned_abs()),
        cors_origins: cors_origins?,
    })
}
