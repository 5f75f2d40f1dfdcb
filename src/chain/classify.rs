//! Reads what a refusal means from its words, because codes mean something else at each provider.
//!
//! Pure. The phrases are those of providers in use; whoever meets a new one adds a row here. What
//! to do about a refusal, such as one for a range of a single block, is the caller's decision.

use super::ChainError;
use super::phrases::{BEHIND, DENSITY, RATE, more_than_logs, structural};

/// What a node said instead of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refusal<'a> {
    /// JSON-RPC error code.
    pub(super) code: Option<i64>,
    /// JSON-RPC error message, or the body of an HTTP error.
    pub(super) message: &'a str,
    /// JSON-RPC error data as JSON.
    pub(super) data: Option<&'a str>,
    /// HTTP status, where it was not a success.
    pub(super) status: Option<u16>,
}

/// Longest refusal that is read; the rest is no sentence.
const READ_MAX: usize = 4096;

/// The error that callers branch on. What is not understood is transient: another endpoint or
/// another time may understand the question.
pub(super) fn classify(refusal: &Refusal<'_>) -> ChainError {
    let words = words(refusal);
    let text = text(refusal);
    if BEHIND.iter().any(|phrase| words.contains(phrase)) {
        return ChainError::Behind { text };
    }
    if DENSITY.iter().any(|phrase| words.contains(phrase)) || more_than_logs(&words) {
        return ChainError::TooManyLogs { text };
    }
    if let Some(at_most) = structural(&words) {
        return ChainError::RangeTooWide { at_most, text };
    }
    if is_rate(refusal) {
        return ChainError::Transient { text: format!("rate limited: {text}") };
    }
    if refusal.status == Some(413) || hints_at_range(refusal) {
        return ChainError::TooManyLogs { text };
    }
    ChainError::Transient { text }
}

/// Whether the refusal says to slow down.
pub(super) fn is_rate(refusal: &Refusal<'_>) -> bool {
    let words = words(refusal);
    refusal.status == Some(429)
        || refusal.code == Some(429)
        || RATE.iter().any(|phrase| words.contains(phrase))
}

/// Message and data, as far as they are read, in lower case.
fn words(refusal: &Refusal<'_>) -> String {
    let data = refusal.data.unwrap_or_default();
    let said = refusal.message.chars().take(READ_MAX).chain([' ']);
    said.chain(data.chars().take(READ_MAX)).flat_map(char::to_lowercase).collect()
}

fn text(refusal: &Refusal<'_>) -> String {
    let message = refusal.message.trim();
    match (refusal.status, refusal.code) {
        (Some(status), _) if message.is_empty() => format!("HTTP {status}"),
        (Some(status), _) => format!("HTTP {status}: {message}"),
        (None, Some(code)) => format!("{message} (code {code})"),
        (None, None) => message.to_owned(),
    }
}

/// Infura's way of refusing by density: the same code as for rates, but with a range that works.
fn hints_at_range(refusal: &Refusal<'_>) -> bool {
    let data = refusal.data.unwrap_or_default();
    refusal.code == Some(-32005) && data.contains("\"from\"") && data.contains("\"to\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Means::{Behind, Dense, Slow, Unclear, Wide};

    /// What a refusal should mean.
    #[derive(Debug, PartialEq, Eq)]
    enum Means {
        Wide(Option<u64>),
        Dense,
        Behind,
        Slow,
        Unclear,
    }

    fn meaning(refusal: &Refusal<'_>) -> Means {
        match classify(refusal) {
            ChainError::RangeTooWide { at_most, .. } => Wide(at_most),
            ChainError::TooManyLogs { .. } => Dense,
            ChainError::Behind { .. } => Behind,
            ChainError::Transient { .. } if is_rate(refusal) => Slow,
            _ => Unclear,
        }
    }

    const SAID: &[(i64, &str, Means)] = &[
        (
            -32602,
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x1, 0x0]",
            Dense,
        ),
        (
            -32600,
            "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0x1, 0xa]",
            Wide(Some(10)),
        ),
        (
            -32005,
            "Query returned MORE than 10000 results. Try with this block range [0x1, 0x2].",
            Dense,
        ),
        (-32600, "block range is too wide", Wide(None)),
        (-32600, "block range is too wide (maximum 1024)", Wide(Some(1_024))),
        (-32000, "maximum [from, to] blocks distance: 10000", Wide(Some(10_000))),
        (-32614, "eth_getLogs is limited to a 10,000 range", Wide(Some(10_000))),
        (-32614, "eth_getLogs is limited to a 5 blocks range", Wide(Some(5))),
        (-32000, "eth_getLogs is limited to 0 - 10000 blocks range", Wide(Some(10_000))),
        (
            -32602,
            "eth_getLogs is limited to 1024 block range. Please check the parameter",
            Wide(Some(1_024)),
        ),
        (
            -32600,
            "block range exceeds the range allowed for your plan (5000 > 1000)",
            Wide(Some(1_000)),
        ),
        (-32000, "Block range limit exceeded.", Wide(None)),
        (-32000, "block range too large", Wide(None)),
        (-32000, "block range too large (9000), maximum allowed is 2000 blocks", Wide(Some(2_000))),
        (-32000, "Maximum allowed number of requested blocks is 1000", Wide(Some(1_000))),
        (
            -32000,
            "requested too many blocks from 1 to 9000, maximum is set to 2048",
            Wide(Some(2_047)),
        ),
        (-32000, "please limit the query to at most 1,000 blocks", Wide(Some(1_000))),
        (-32701, "exceed maximum block range: 50000", Wide(Some(50_000))),
        (-32000, "query exceeds max block range 1000", Wide(Some(1_000))),
        (-32000, "query must be smaller than size 1024", Wide(Some(1_023))),
        (-32000, "up to a 5_000 block range", Wide(Some(5_000))),
        (-32000, "eth_getLogs range is too large, max is 10k blocks", Wide(Some(10_000))),
        (-32000, "query exceeds max results 20000, retry with the range 100-200", Dense),
        (-32000, "logs matched by query exceeds limit of 10000", Dense),
        (-32000, "Block range is too large", Wide(None)),
        (-32020, "backend response too large", Dense),
        (-32000, "response size should not greater than 10000000 bytes", Dense),
        (-32000, "request matches more than 50000 logs", Dense),
        (35, "ranges over 10000 blocks are not supported on freetier", Wide(Some(10_000))),
        (-32012, "range threshold exceeded", Wide(None)),
        (-32602, "block range extends beyond current head block", Behind),
        (-32602, "block range extends beyond current head block: requested 99, head 90", Behind),
        (-32000, "requested to block 99 after last accepted block 90", Behind),
        (-32019, "Block is out of range", Behind),
        (-32000, "cannot query unfinalized data", Behind),
        (-32000, "header not found", Behind),
        (-32000, "hash 0x00 is not currently canonical", Behind),
        (
            -32000,
            "One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found.",
            Behind,
        ),
        (4444, "pruned history unavailable", Behind),
        (-32005, "daily request count exceeded, request rate limited", Slow),
        (-32007, "100/second request limit reached - reduce calls per second", Slow),
        (-32012, "credits limited to 6000/sec", Slow),
        (429, "Your app has exceeded its compute units per second capacity", Slow),
        (-32005, "limit exceeded", Unclear),
        (-32011, "no backend is currently healthy to serve traffic", Unclear),
        (-32601, "the method eth_getLogs does not exist/is not available", Unclear),
        (-32602, "invalid block range params", Unclear),
        (-32000, "", Unclear),
    ];

    #[test]
    fn providers_refusals_are_understood() {
        for (code, message, expected) in SAID {
            let refusal = Refusal { code: Some(*code), message, ..Refusal::default() };
            assert_eq!(meaning(&refusal), *expected, "{message}");
        }
    }

    #[test]
    fn statuses_and_data_are_understood() {
        let status =
            |status, message| Refusal { status: Some(status), message, ..Refusal::default() };
        assert_eq!(meaning(&status(429, "")), Slow);
        assert_eq!(meaning(&status(413, "<html>")), Dense);
        assert_eq!(meaning(&status(503, "Service Unavailable")), Unclear);
        assert_eq!(meaning(&status(400, "block range too large")), Wide(None));
        let data = r#"{"from":"0x1","to":"0x2","limit":10000}"#;
        let hinted = Refusal { code: Some(-32005), data: Some(data), ..Refusal::default() };
        assert_eq!(meaning(&hinted), Dense);
        assert_eq!(classify(&status(502, "")).to_string(), "endpoint failed: HTTP 502");
    }

    /// A text that the published pattern of a provider matches.
    fn example_of(pattern: &str) -> String {
        let mut text = pattern.to_owned();
        for (class, instead) in [
            (r"0x([0-9a-fA-F]+),\s*0x([0-9a-fA-F]+)", "0x1, 0x2"),
            (r"([\d,.]+)", "1,000"),
            (r"([\d]+)", "1000"),
            (r"(\d+)", "1000"),
            (r"\d+", "5000"),
            ("\\", ""),
        ] {
            text = text.replace(class, instead);
        }
        text
    }

    #[test]
    fn every_published_range_pattern_is_a_limit_of_the_answer() {
        #[derive(serde::Deserialize)]
        struct Row {
            provider: String,
            pattern: String,
        }
        let rows = include_str!("../../tests/fixtures/rpc/getlogs-range-errors.json");
        let rows: Vec<Row> = serde_json::from_str(rows).unwrap();
        assert_eq!(rows.len(), 22);
        for Row { provider, pattern } in rows {
            let mut message = example_of(&pattern);
            if provider.contains("infura") {
                message = format!("query returned more than 10000 results. {message}");
            } else if provider == "alchemy" {
                message = format!("Log response size exceeded: {message}");
            } else if provider.contains("quicknode") {
                message = format!("{message} blocks range");
            }
            let refusal = Refusal { code: Some(-32000), message: &message, ..Refusal::default() };
            let limited = matches!(meaning(&refusal), Wide(_) | Dense);
            assert!(limited, "{provider}: {message}");
        }
    }
}
