//! What can go wrong with a node's answer, as far as callers branch on it.

/// A failed call to a chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The range is wider than the endpoint allows: ask `at_most` blocks, where it said so.
    #[error("range too wide for the endpoint: {text}")]
    RangeTooWide {
        /// Most blocks the endpoint said it takes.
        at_most: Option<u64>,
        /// The endpoint's words.
        text: String,
    },
    /// The range holds more logs than the endpoint answers: ask for fewer blocks this time.
    #[error("too many logs for one answer: {text}")]
    TooManyLogs {
        /// The endpoint's words.
        text: String,
    },
    /// The endpoint has not seen the asked block yet, or no longer knows it.
    #[error("endpoint does not have the block: {text}")]
    Behind {
        /// The endpoint's words.
        text: String,
    },
    /// The answer contradicts itself or what was asked.
    #[error("endpoint answered nonsense: {text}")]
    Nonsense {
        /// What does not fit.
        text: String,
    },
    /// Transport trouble, time-outs, limits, server faults: another time or another endpoint.
    #[error("endpoint failed: {text}")]
    Transient {
        /// What happened.
        text: String,
    },
    /// No endpoint of the chain can be used.
    #[error("no usable endpoint: {text}")]
    NoEndpoint {
        /// Each endpoint with its reason.
        text: String,
    },
}
