//! JSON-RPC over HTTP as a transport of alloy, with a cap on what an answer may weigh.
//!
//! Does not retry and does not judge: it says what happened on the wire.

use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tower::Service;
use url::{Host, Url};

use super::limits::Limits;
use super::packet;

/// Most bytes of an HTTP error that are read: a sentence is looked for in them, no page.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// What can go wrong below JSON-RPC. None of the texts can show a URL.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection ended inside the answer.
    #[error("connection broke: {0}")]
    Broken(String),
    /// The answer is heavier than allowed.
    #[error("answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is no JSON-RPC.
    #[error("not a JSON-RPC answer: {0}")]
    Malformed(String),
}

impl From<Fault> for TransportError {
    fn from(fault: Fault) -> Self {
        TransportErrorKind::custom(fault)
    }
}

/// One node behind HTTP.
#[derive(Clone, Debug)]
pub(super) struct CappedHttp {
    client: reqwest::Client,
    url: Url,
    limits: Limits,
    body_bytes_max: usize,
}

/// Makes the ring provider the default of this process; calling it again is harmless.
pub fn install_tls() {
    // An error says that a provider is installed already, which is all that is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl CappedHttp {
    /// A transport to `url`; opens no connection. Fails where the machine has no root
    /// certificates and `url` needs them.
    pub(super) fn new(url: Url, limits: Limits) -> Result<Self, Fault> {
        install_tls();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect_timeout)
            .timeout(limits.request_timeout);
        if url.scheme() == "http" {
            // Without redirects no TLS can follow, so a machine without roots still works.
            builder = builder.tls_certs_only([]);
        }
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|err| Fault::Connect(chain_of(&err)))?;
        Ok(Self { client, url, limits, body_bytes_max: limits.body_bytes_max })
    }

    /// The same node over the same connections, with answers of at most this many bytes.
    pub(super) fn bounded(&self, bytes_max: usize) -> Self {
        Self { body_bytes_max: self.body_bytes_max.min(bytes_max), ..self.clone() }
    }

    async fn exchange(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let body = serde_json::to_vec(&request).map_err(TransportError::ser_err)?;
        let sent = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let mut answer = sent.body(body).send().await.map_err(|err| fault_of(err, self.limits))?;
        let status = answer.status();
        if status.is_success() {
            let body = read(&mut answer, self.body_bytes_max, self.limits).await?;
            return packet::read(&request, &body);
        }
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        // The status already tells; a body that cannot be read only lacks the words.
        let body = read(&mut answer, ERROR_BYTES_MAX, self.limits).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&body).into_owned();
        Err(TransportErrorKind::http_error_with_retry_after(status.as_u16(), text, retry_after))
    }
}

impl Service<RequestPacket> for CappedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().exchange(request))
    }
}

/// The body, at most `max` bytes of it.
async fn read(
    answer: &mut reqwest::Response,
    max: usize,
    limits: Limits,
) -> Result<Vec<u8>, Fault> {
    let announced = answer.content_length().unwrap_or(0);
    if announced > max as u64 {
        return Err(Fault::TooLarge(max));
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|err| fault_of(err, limits))? {
        if body.len() + part.len() > max {
            return Err(Fault::TooLarge(max));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn fault_of(err: reqwest::Error, limits: Limits) -> Fault {
    let err = err.without_url();
    if err.is_timeout() && !err.is_connect() {
        Fault::Timeout(limits.request_timeout)
    } else if err.is_connect() {
        Fault::Connect(chain_of(&err))
    } else {
        Fault::Broken(chain_of(&err))
    }
}

/// The innermost cause, which is the one that tells an operator something.
pub(super) fn chain_of(err: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = err;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}
