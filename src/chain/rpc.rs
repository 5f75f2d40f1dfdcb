//! A single node for tools: whatever method, no identity, no failover. `herald dev` drives its
//! local chains with it.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ChainError;
use super::limits::Limits;
use super::line::{Call, Line};

/// One node, asked as it is.
pub struct Rpc {
    line: Line,
}

impl Rpc {
    /// A node at `url` (`http`, `https`, `ws` or `wss`); opens no connection.
    pub fn new(url: &str) -> Result<Self, ChainError> {
        let line = Line::new(url, Limits::default());
        Ok(Self { line: line.map_err(|text| ChainError::NoEndpoint { text })? })
    }

    /// Calls `method` with `params`, a JSON array, and reads its result, `null` included. A
    /// refusal by the node, such as a revert, is an error with the node's words.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: impl Into<Cow<'static, str>>,
        params: Value,
    ) -> Result<T, ChainError> {
        let call = Call::new(method, params);
        let mut replies = self.line.ask(&[call]).await.map_err(|failure| failure.error)?;
        let reply = replies.pop().expect("a single call has a single reply");
        let raw = reply.map_err(|failure| failure.error)?;
        serde_json::from_str(raw.get())
            .map_err(|err| ChainError::Nonsense { text: err.to_string() })
    }
}
