//! The connection to one node, HTTP or WebSocket, with a time-out on everything.
//!
//! A WebSocket that ended is opened again by the next request, never behind the caller's back:
//! another node may answer at the same address, and its identity has to be checked first.

use std::borrow::Cow;

use alloy::pubsub::{ConnectionHandle, PubSubConnect, RawSubscription};
use alloy::rpc::client::{RpcClient, WebSocketConfig, WsConnect};
use alloy::transports::{TransportError, TransportErrorKind, TransportResult};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::failure::{Blame, Failure};
use super::http::{CappedHttp, Fault, install_tls};
use super::limits::Limits;
use super::secret::Secret;

/// One request before it has an id.
#[derive(Clone, Debug)]
pub(super) struct Call {
    method: Cow<'static, str>,
    params: Value,
    is_light: bool,
}

impl Call {
    /// `method` with `params`, an array.
    pub(super) fn new(method: impl Into<Cow<'static, str>>, params: Value) -> Self {
        Self { method: method.into(), params, is_light: false }
    }

    /// The same, to be answered within [`Limits::range_bytes_max`]. Of a list that holds such a
    /// request the whole answer is. Over HTTP what is heavier is cut while it is read; over a
    /// WebSocket, whose messages come whole, it is refused.
    pub(super) fn light(self) -> Self {
        Self { is_light: true, ..self }
    }
}

/// The result of one request as the node wrote it.
pub(super) type Reply = Result<Box<RawValue>, Failure>;

/// A way to one node.
pub(super) struct Line {
    secret: Secret,
    limits: Limits,
    way: Way,
}

enum Way {
    /// One client for each bound on answers, over the same connections.
    Http { any: RpcClient, light: RpcClient },
    /// Open while there is one; `None` before the first request and after the connection ended.
    Ws(String, Mutex<Option<RpcClient>>),
}

impl Line {
    /// A way to `url`, not opened yet. The error tells what is wrong with the URL without
    /// showing it.
    pub(super) fn new(url: &str, limits: Limits) -> Result<Self, String> {
        let parsed = Url::parse(url).map_err(|err| format!("its url is not one: {err}"))?;
        let secret = Secret::of(&parsed);
        let way = match parsed.scheme() {
            "http" | "https" => {
                let transport =
                    CappedHttp::new(parsed, limits).map_err(|fault| fault.to_string())?;
                let light = transport.bounded(limits.range_bytes_max);
                Way::Http {
                    any: RpcClient::new(transport, false),
                    light: RpcClient::new(light, false),
                }
            }
            "ws" | "wss" => Way::Ws(url.to_owned(), Mutex::default()),
            _ => return Err("its url is none of http, https, ws, wss".to_owned()),
        };
        Ok(Self { secret, limits, way })
    }

    /// Whether heads can be announced on it.
    pub(super) fn can_subscribe(&self) -> bool {
        matches!(self.way, Way::Ws(..))
    }

    /// Whether a list of requests travels, and is answered, as one.
    pub(super) fn has_batches(&self) -> bool {
        matches!(self.way, Way::Http { .. })
    }

    /// Sends `calls` as one list, or alone where it is one, and waits for all answers. The outer
    /// error means that none was answered.
    pub(super) async fn ask(&self, calls: &[Call]) -> Result<Vec<Reply>, Failure> {
        let is_light = calls.iter().any(|call| call.is_light);
        let client = self.client(is_light).await?;
        let answers = timeout(self.limits.request_timeout, self.send(&client, calls)).await;
        let answers = answers
            .unwrap_or_else(|_| Err(cut(Fault::Timeout(self.limits.request_timeout).to_string())));
        if answers.as_ref().is_err_and(is_cut) {
            self.hang_up(&client).await;
        }
        answers
    }

    /// Asks the node to announce new heads.
    pub(super) async fn subscribe(&self) -> Result<RawSubscription, Failure> {
        let client = self.client(false).await?;
        let subscribing = async {
            let id = client.request("eth_subscribe", ["newHeads"]).await?;
            let frontend =
                client.pubsub_frontend().ok_or_else(TransportErrorKind::pubsub_unavailable)?;
            frontend.get_subscription(id).await
        };
        match timeout(self.limits.request_timeout, subscribing).await {
            Ok(Ok(subscription)) => Ok(subscription),
            Ok(Err(err)) => Err(Failure::read(err, &self.secret)),
            Err(_) => {
                self.hang_up(&client).await;
                Err(cut("no answer to a subscription".to_owned()))
            }
        }
    }

    async fn send(&self, client: &RpcClient, calls: &[Call]) -> Result<Vec<Reply>, Failure> {
        let read = |err| Failure::read(err, &self.secret);
        if let [call] = calls {
            let answer = client.request(call.method.clone(), call.params.clone()).await;
            // What breaks the line must not look like an answer to one of several requests.
            return match answer.map_err(read) {
                Err(failure) if is_cut(&failure) => Err(failure),
                answer => Ok(vec![self.weighed(call, answer)]),
            };
        }
        let mut batch = client.new_batch();
        let mut waiters = Vec::with_capacity(calls.len());
        for call in calls {
            waiters.push(batch.add_call(call.method.clone(), &call.params).map_err(read)?);
        }
        batch.send().await.map_err(read)?;
        let mut replies = Vec::with_capacity(calls.len());
        for (waiter, call) in waiters.into_iter().zip(calls) {
            let answer = match waiter.await {
                Err(err) if is_missing(&err) => return Err(read(err)),
                // It was understood as one of a list, so the list was not what was wrong.
                answer => answer.map_err(read).map_err(|failure| match failure.blame {
                    Blame::List => Failure { blame: Blame::Plain, ..failure },
                    _ => failure,
                }),
            };
            replies.push(self.weighed(call, answer));
        }
        Ok(replies)
    }

    /// The answer to `call`, unless it is heavier than `call` allows.
    fn weighed(&self, call: &Call, answer: Reply) -> Reply {
        let max = self.limits.range_bytes_max;
        match answer {
            Ok(raw) if call.is_light && raw.get().len() > max => {
                Err(Failure::read(Fault::TooLarge(max).into(), &self.secret))
            }
            answer => answer,
        }
    }

    async fn client(&self, is_light: bool) -> Result<RpcClient, Failure> {
        let (url, open) = match &self.way {
            Way::Http { light, .. } if is_light => return Ok(light.clone()),
            Way::Http { any, .. } => return Ok(any.clone()),
            Way::Ws(url, open) => (url, open),
        };
        let mut open = open.lock().await;
        if let Some(client) = open.as_ref() {
            return Ok(client.clone());
        }
        install_tls();
        let max = Some(self.limits.body_bytes_max);
        let config = WebSocketConfig::default().max_message_size(max).max_frame_size(max);
        let connect = Once(WsConnect::new(url).with_config(config));
        let connecting = timeout(self.limits.connect_timeout, RpcClient::connect_pubsub(connect));
        let client = match connecting.await {
            Ok(client) => client
                .map_err(|err| Failure { blame: Blame::Cut, ..Failure::read(err, &self.secret) })?,
            Err(_) => {
                return Err(cut(Fault::Timeout(self.limits.connect_timeout).to_string()));
            }
        };
        *open = Some(client.clone());
        Ok(client)
    }

    /// Forgets the connection, unless another request has replaced it already.
    async fn hang_up(&self, client: &RpcClient) {
        if let Way::Ws(_, open) = &self.way {
            let mut open = open.lock().await;
            let is_it = |now: &RpcClient| std::sync::Arc::ptr_eq(now.inner(), client.inner());
            if open.as_ref().is_some_and(is_it) {
                *open = None;
            }
        }
    }
}

fn cut(text: String) -> Failure {
    Failure::transient(Blame::Cut, text)
}

fn is_cut(failure: &Failure) -> bool {
    failure.blame == Blame::Cut
}

fn is_missing(err: &TransportError) -> bool {
    matches!(err.as_transport_err(), Some(TransportErrorKind::MissingBatchResponse(_)))
}

/// A connection that is not opened a second time by alloy.
struct Once(WsConnect);

impl PubSubConnect for Once {
    fn is_local(&self) -> bool {
        false
    }

    async fn connect(&self) -> TransportResult<ConnectionHandle> {
        self.0.connect().await
    }

    async fn try_reconnect(&self) -> TransportResult<ConnectionHandle> {
        Err(TransportErrorKind::non_retryable_str("the connection ended"))
    }
}
