//! Every way a request can fail, as RFC 9457 problem details.
//!
//! Causes inside Herald are logged here, once, and never sent. A problem becomes a body only in
//! `finish`, where the id of the request is known.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::codes::Code;
use crate::store::StoreError;

/// Seconds after which a client may ask again when Herald itself is short of something.
const RETRY_AFTER_SECONDS: u32 = 2;
/// Seconds after which a client may ask again for a contract or a chain that is being loaded or removed.
const RETRY_AFTER_LOADING_SECONDS: u32 = 10;

/// One fault of a request.
#[derive(Clone, Debug, Serialize, JsonSchema, PartialEq, Eq)]
pub(super) struct Fault {
    /// `path`, `query`, `header` or `body`.
    #[schemars(extend("enum" = ["path", "query", "header", "body"]))]
    pub r#in: &'static str,
    /// JSON pointer (RFC 6901) to the member of that part.
    pub pointer: String,
    /// What is wrong and what is allowed.
    pub detail: String,
}

impl Fault {
    /// A fault at the member `name` of a part.
    pub(super) fn new(part: &'static str, name: &str, detail: impl Into<String>) -> Self {
        let pointer = if name.is_empty() {
            String::new()
        } else {
            format!("/{}", name.replace('~', "~0").replace('/', "~1"))
        };
        Self { r#in: part, pointer, detail: detail.into() }
    }
}

/// A failed request.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// Why.
    pub code: Code,
    /// What about this request.
    pub detail: String,
    /// Where in the request.
    pub errors: Vec<Fault>,
    /// How much of a contract's past is loaded, where that is the problem.
    pub loaded_percent: Option<f64>,
}

impl Problem {
    /// A problem with its words.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), loaded_percent: None }
    }

    /// A malformed request; `faults` is not empty.
    pub(super) fn invalid(faults: Vec<Fault>) -> Self {
        let detail = faults.first().map(|fault| fault.detail.clone()).unwrap_or_default();
        Self { errors: faults, ..Self::new(Code::InvalidRequest, detail) }
    }

    /// Points at the part of the request that asked for it.
    pub(super) fn at(mut self, part: &'static str, name: &str) -> Self {
        self.errors.push(Fault::new(part, name, self.detail.clone()));
        self
    }

    /// The body for the request of this id.
    pub(super) fn render(&self, trace_id: &str) -> Vec<u8> {
        let described = self.code.describe();
        let body = ProblemBody {
            r#type: format!("/docs/problems/{}", described.name),
            title: described.title,
            status: described.status,
            code: described.name,
            detail: &self.detail,
            errors: &self.errors,
            loaded_percent: self.loaded_percent,
            trace_id,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// Seconds after which a request that failed so may be sent again, where that helps.
pub(super) fn retry_after(code: Code) -> Option<u32> {
    match code {
        Code::ContractNotReady | Code::ContractPurging | Code::ChainIndexing => {
            Some(RETRY_AFTER_LOADING_SECONDS)
        }
        Code::DatabaseUnavailable
        | Code::NotReady
        | Code::TimedOut
        | Code::BlockAhead
        | Code::SeqAhead => Some(RETRY_AFTER_SECONDS),
        _ => None,
    }
}

/// A failure (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemBody<'a> {
    /// Where the code is described.
    r#type: String,
    /// The same sentence each time.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable: what programs decide by.
    code: &'static str,
    /// What about this request.
    detail: &'a str,
    /// Where in the request.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
    /// How much of a contract's past is loaded, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded_percent: Option<f64>,
    /// The `x-request-id` under which the cause is logged.
    trace_id: &'a str,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.unreachable() {
            tracing::warn!(error = %chained(&error), "database unavailable");
            return Self::new(Code::DatabaseUnavailable, "the database cannot be reached");
        }
        if error.overtaken() {
            tracing::debug!("a read replica ended a statement to go on replaying");
            return Self::new(Code::Internal, "the database ended the statement");
        }
        if error.cancelled() {
            return Self::new(Code::TimedOut, "the database took too long");
        }
        tracing::error!(error = %chained(&error), "request failed");
        Self::new(Code::Internal, "something inside failed; it was logged under this trace_id")
    }
}

fn chained(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(self.code.describe().status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after(self.code) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if response.status() == StatusCode::UNAUTHORIZED {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_escape_what_rfc_6901_reserves() {
        assert_eq!(Fault::new("body", "a/b~c", "").pointer, "/a~1b~0c");
        assert_eq!(Fault::new("body", "", "").pointer, "");
    }
}
