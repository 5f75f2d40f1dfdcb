//! A request taken apart: path parameters and query, each value once, nothing interpreted yet.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use url::form_urlencoded;

use super::ApiState;
use super::codes::Code;
use super::cursor::CursorKey;
use super::problem::{Fault, Problem};
use super::route::Route;

/// Most bytes of path and query together: a cursor and all filters fit several times.
const URI_BYTES_MAX: usize = 32 * 1024;

/// What was asked, as text.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// The path as sent, which cursors are bound to.
    pub uri_path: String,
    /// The question in the body, which cursors are bound to as well; empty where there is none.
    pub body: String,
    /// Signs the cursors of the answer.
    pub cursors: CursorKey,
}

impl FromRequestParts<ApiState> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        if let Some(admitted) = parts.extensions.remove::<Self>() {
            return Ok(admitted);
        }
        let uri = &parts.uri;
        let sent = uri.query().unwrap_or_default();
        if uri.path().len() + sent.len() > URI_BYTES_MAX {
            let detail = format!("path and query may have {URI_BYTES_MAX} bytes together");
            return Err(Problem::new(Code::UriTooLong, detail));
        }
        let query = form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(|_| {
            Problem::invalid(vec![Fault::new("path", "", "the path is not percent-encoded UTF-8")])
        })?;
        let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let uri_path = parts.uri.path().to_owned();
        Ok(Self { path, query, uri_path, body: String::new(), cursors: state.cursors.clone() })
    }
}

impl Asked {
    /// The path parameter `name` of the route.
    pub(super) fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The query parameter, where it was sent.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every query parameter by name, but for those of one page.
    pub(super) fn filters(&self) -> Vec<(&str, &str)> {
        let of_page = ["cursor", "limit"];
        let mut filters: Vec<_> = self
            .query
            .iter()
            .filter(|(name, _)| !of_page.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        filters.sort_unstable();
        filters
    }

    /// Refuses parameters that the route does not have, and those that were sent twice.
    pub(super) fn only(&self, route: &Route) -> Result<(), Problem> {
        let allowed: Vec<&str> = route.queries().collect();
        let mut faults = Vec::new();
        for (at, (name, _)) in self.query.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                let detail = if allowed.is_empty() {
                    format!("unknown parameter {}; this route takes none", shown(name))
                } else {
                    format!("unknown parameter {}; allowed: {}", shown(name), allowed.join(", "))
                };
                faults.push(Fault::new("query", &cut(name), detail));
            } else if self.query[..at].iter().any(|(other, _)| other == name) {
                faults.push(Fault::new("query", name, format!("{name} was sent more than once")));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

/// Most characters of a stranger's text that are said back.
const SHOWN_CHARS_MAX: usize = 64;

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect()
}

/// A stranger's text, quoted and short enough to say back.
pub(super) fn shown(text: &str) -> String {
    let more = if text.chars().count() > SHOWN_CHARS_MAX { "…" } else { "" };
    format!("`{}{more}`", cut(text))
}
