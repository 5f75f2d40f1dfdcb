//! Turns what alloy's client reports into what the rest of Herald branches on.

use std::time::Duration;

use alloy::rpc::json_rpc::{ErrorPayload, RpcError};
use alloy::transports::{TransportError, TransportErrorKind};

use super::ChainError;
use super::classify::{Refusal, classify, is_rate};
use super::http::{Fault, chain_of};
use super::packet;
use super::secret::{Secret, short};
use super::verdict::{Verdict, verdict};

/// What a failure says about the endpoint, beside the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// Nothing more than the error.
    Plain,
    /// It asks for fewer requests.
    Rate,
    /// The connection is gone: whoever answers next may be another node.
    Cut,
    /// It did not understand the request, maybe because it was a list.
    List,
    /// None: the request was not sent, to keep its configured rate.
    Nobody,
}

/// A failed request, with what the endpoint's own book-keeping needs beside the error.
#[derive(Debug)]
pub(super) struct Failure {
    /// For the caller.
    pub(super) error: ChainError,
    /// For the book-keeping.
    pub(super) blame: Blame,
    /// How long the node asks to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// What the refusal said of the request itself.
    pub(super) verdict: Option<Verdict>,
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        Self { error, blame: Blame::Plain, retry_after: None, verdict: None }
    }
}

impl Failure {
    /// Trouble that has nothing to do with what was asked.
    pub(super) fn transient(blame: Blame, text: String) -> Self {
        Self { blame, ..ChainError::Transient { text }.into() }
    }

    /// An answer that contradicts itself or the question.
    pub(super) fn nonsense(text: impl Into<String>) -> Self {
        ChainError::Nonsense { text: text.into() }.into()
    }

    /// A block that the node does not have.
    pub(super) fn behind(text: impl Into<String>) -> Self {
        ChainError::Behind { text: text.into() }.into()
    }

    /// The same for a question that no limit of log queries applies to.
    pub(super) fn without_limits(mut self) -> Self {
        if let ChainError::TooManyLogs { text } | ChainError::RangeTooWide { text, .. } = self.error
        {
            self.error = ChainError::Nonsense { text };
        }
        self
    }

    /// What `err` means; no text shows a part of `secret`.
    pub(super) fn read(err: TransportError, secret: &Secret) -> Self {
        let mut failure = match err {
            RpcError::ErrorResp(payload) => refused(&payload),
            RpcError::Transport(kind) => transport(kind),
            RpcError::DeserError { err, .. } => Self::nonsense(err.to_string()),
            other => Self::transient(Blame::Plain, other.to_string()),
        };
        failure.error = with_text(failure.error, |text| secret.redact(text));
        failure
    }
}

/// `error` with its text put through `change`.
pub(super) fn with_text(error: ChainError, change: impl FnOnce(&str) -> String) -> ChainError {
    use ChainError::{Behind, NoEndpoint, Nonsense, RangeTooWide, TooManyLogs, Transient};
    match error {
        RangeTooWide { at_most, text } => RangeTooWide { at_most, text: change(&text) },
        TooManyLogs { text } => TooManyLogs { text: change(&text) },
        Behind { text } => Behind { text: change(&text) },
        Nonsense { text } => Nonsense { text: change(&text) },
        Transient { text } => Transient { text: change(&text) },
        NoEndpoint { text } => NoEndpoint { text: change(&text) },
    }
}

fn refused(payload: &ErrorPayload) -> Failure {
    let refusal = Refusal {
        code: Some(payload.code),
        message: &payload.message,
        data: payload.data.as_ref().map(|data| data.get()),
        status: None,
    };
    let blame = if is_rate(&refusal) { Blame::Rate } else { Blame::List };
    Failure { blame, verdict: verdict_of(payload), ..classify(&refusal).into() }
}

fn verdict_of(payload: &ErrorPayload) -> Option<Verdict> {
    verdict(payload.code, &payload.message, payload.data.as_ref().map(|data| data.get()))
}

fn transport(kind: TransportErrorKind) -> Failure {
    let retry_after = kind.retry_after();
    if let Some(http) = kind.as_http_error() {
        return Failure { retry_after, ..status(http.status, &http.body) };
    }
    let fault = kind.as_custom().and_then(|custom| custom.downcast_ref::<Fault>());
    match (fault, &kind) {
        (Some(fault @ Fault::TooLarge(_)), _) => {
            ChainError::TooManyLogs { text: fault.to_string() }.into()
        }
        (Some(fault @ Fault::Malformed(_)), _) => Failure::nonsense(fault.to_string()),
        (Some(fault), _) => Failure::transient(Blame::Cut, fault.to_string()),
        (None, TransportErrorKind::MissingBatchResponse(_)) => Failure {
            blame: Blame::List,
            ..Failure::nonsense("a list of answers without one for each request")
        },
        (None, other) => Failure::transient(Blame::Cut, chain_of(other)),
    }
}

fn status(status: u16, body: &str) -> Failure {
    let payload = packet::error_in(body);
    let text = payload.as_ref().map_or(body, |payload| payload.message.as_ref());
    let refusal = Refusal {
        code: payload.as_ref().map(|payload| payload.code),
        message: &short(text),
        data: payload.as_ref().and_then(|payload| payload.data.as_ref()).map(|data| data.get()),
        status: Some(status),
    };
    let is_about_the_request = (400..500).contains(&status) && !matches!(status, 401 | 403);
    let blame = match is_rate(&refusal) {
        true => Blame::Rate,
        false if is_about_the_request => Blame::List,
        false => Blame::Plain,
    };
    let verdict = payload.as_ref().and_then(verdict_of);
    Failure { blame, verdict, ..classify(&refusal).into() }
}
