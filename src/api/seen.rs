//! What an answer must have seen: a write of the client's (`x-herald-written`, or `written=`), or an
//! event that it was told (`min_seq=`, of the chain of the path or of `chain=`).

use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri};
use url::form_urlencoded;

use super::codes::Code;
use super::problem::{Fault, Problem};
use super::reads::WRITTEN;
use super::{ApiState, scope};
use crate::store::read::names::ChainName;
use crate::store::read_replica::{self, Place};
use crate::store::{Pool, StoreError};

/// Parameters that every read takes; handlers do not see them.
const PARAMETERS: [&str; 2] = ["written", "min_seq"];
/// Digits of a mark: all of a place in the log.
const MARK_DIGITS: usize = 16;

/// What must have been seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    written: Option<Place>,
    seq: Option<(ChainName, i64)>,
}

/// A place in the log as clients are told it.
pub(super) fn mark(place: Place) -> String {
    format!("{:016x}", place.0)
}

fn place(text: &str) -> Option<Place> {
    let digits = text.len() == MARK_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
    i64::from_str_radix(text, 16).ok().filter(|_| digits).map(Place)
}

impl Seen {
    /// Takes the marks out of a request. `chain`: of its path.
    pub(super) async fn take(
        state: &ApiState,
        request: &mut Request,
        chain: Option<&str>,
    ) -> Result<Self, Problem> {
        let header = header(request.headers())?;
        let query = request.uri().query().unwrap_or_default();
        if header.is_none() && !PARAMETERS.iter().any(|name| query.contains(name)) {
            return Ok(Self::default());
        }
        let of_query = form_urlencoded::parse(query.as_bytes()).into_owned();
        let of_query = of_query.into_iter().find(|(name, _)| name == "chain");
        let [written, min_seq] = taken(request.uri_mut())?;
        let written =
            written.map(|text| place(&text).ok_or_else(|| unreadable("query", "written")));
        let written = written.transpose()?.max(header);
        let Some(text) = min_seq else { return Ok(Self { written, seq: None }) };
        let seq = text.parse().ok().filter(|seq: &i64| *seq >= 0).ok_or_else(|| {
            let detail = "min_seq is the `seq` of an event: a whole number";
            Problem::new(Code::InvalidRequest, detail).at("query", "min_seq")
        })?;
        let named = match (chain, &of_query) {
            (Some(chain), _) => scope::chain(state, chain, "path").await?,
            (None, Some((_, chain))) => scope::chain(state, chain, "query").await?,
            (None, None) => {
                let detail = "min_seq= needs chain=: each chain numbers its events by itself";
                return Err(Problem::new(Code::InvalidRequest, detail).at("query", "chain"));
            }
        };
        Ok(Self { written, seq: Some((named, seq)) })
    }

    /// Whether a replica has seen it; one that does not answer has not.
    pub(super) async fn is_by(&self, replica: &Pool) -> bool {
        let asked = async {
            if let Some(written) = self.written
                && read_replica::replayed(replica).await?.is_none_or(|place| place < written)
            {
                return Ok::<bool, StoreError>(false);
            }
            Ok(self.missing(replica).await?.is_none())
        };
        asked.await.unwrap_or_else(|error| {
            tracing::debug!("the read replica does not say how far it is: {error}");
            false
        })
    }

    /// Refuses where not even the primary has told the event yet.
    pub(super) async fn require(&self, primary: &Pool) -> Result<(), Problem> {
        let (Some(told), Some((chain, seq))) = (self.missing(primary).await?, &self.seq) else {
            return Ok(());
        };
        let detail = format!("event {seq} of {} is not there yet; newest: {told}", chain.caip2);
        Err(Problem::new(Code::SeqAhead, detail).at("query", "min_seq"))
    }

    /// The newest event of a server that has not told the one asked for.
    async fn missing(&self, server: &Pool) -> Result<Option<i64>, StoreError> {
        let Some((chain, seq)) = &self.seq else { return Ok(None) };
        let told = read_replica::told(server, &chain.caip2).await?;
        Ok((told < *seq).then_some(told))
    }
}

fn header(headers: &HeaderMap) -> Result<Option<Place>, Problem> {
    let Some(value) = headers.get(WRITTEN) else { return Ok(None) };
    let read = value.to_str().ok().and_then(place);
    read.map(Some).ok_or_else(|| unreadable("header", "x-herald-written"))
}

fn unreadable(part: &'static str, name: &'static str) -> Problem {
    let detail = format!("{name} is not what a write was answered with; send {WRITTEN} unchanged");
    Problem::new(Code::InvalidRequest, detail).at(part, name)
}

/// Takes the parameters of this file out of an address.
fn taken(uri: &mut Uri) -> Result<[Option<String>; 2], Problem> {
    let mut found = [None, None];
    let mut kept = Vec::new();
    let pairs = uri.query().unwrap_or_default().split('&');
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(at) = PARAMETERS.iter().position(|known| *known == name) else {
            kept.push(pair);
            continue;
        };
        if found[at].replace(value.to_owned()).is_some() {
            let detail = format!("{name} was sent more than once");
            return Err(Problem::invalid(vec![Fault::new("query", name, detail)]));
        }
    }
    let sign = if kept.is_empty() { "" } else { "?" };
    let left = PathAndQuery::try_from(format!("{}{sign}{}", uri.path(), kept.join("&")));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = left.ok();
    if let Ok(left) = Uri::from_parts(parts) {
        *uri = left;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_out_of_the_address_and_nothing_else() {
        for (sent, left, expected) in [
            ("/a", "/a", [None, None]),
            ("/a?written=1", "/a", [Some("1"), None]),
            ("/a?x=%20&min_seq=2&y", "/a?x=%20&y", [None, Some("2")]),
            ("/a?min_seqs=2", "/a?min_seqs=2", [None, None]),
            ("http://h/a?min_seq=&written=3&z=1", "http://h/a?z=1", [Some("3"), Some("")]),
        ] {
            let mut uri: Uri = sent.parse().unwrap();
            let found = taken(&mut uri).unwrap();
            assert_eq!(found.each_ref().map(Option::as_deref), expected, "{sent}");
            assert_eq!(uri.to_string(), left, "{sent}");
        }
        assert!(taken(&mut "/a?min_seq=1&min_seq=1".parse().unwrap()).is_err());
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let written = Place(0x0123_4567_89ab);
        assert_eq!(place(&mark(written)), Some(written));
        for odd in ["", "1", "00000000000000000", "000000000000000g", "+000000000000001"] {
            assert_eq!(place(odd), None, "{odd}");
        }
        assert!(place("ffffffffffffffff").is_none(), "no log is that long");
    }
}
