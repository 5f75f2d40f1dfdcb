//! A single node for tools: whatever method, no identity, no failover. `herald dev` drives its
//! local chains with it.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ChainError;
use super::limits::Limits;
use super::line::{Call, Line, Reply};

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
        read(replies.pop().expect("a single call has a single reply"))
    }

    /// Calls `method` once with each of `params`, at most 256 of them, in a single request, and
    /// reads the results in their order, each a refusal of its own where the node refused it.
    pub async fn call_all<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Vec<Value>,
    ) -> Result<Vec<Result<T, ChainError>>, ChainError> {
        if params.is_empty() {
            return Ok(Vec::new());
        }
        let calls: Vec<Call> = params.into_iter().map(|params| Call::new(method, params)).collect();
        let replies = self.line.ask(&calls).await.map_err(|failure| failure.error)?;
        Ok(replies.into_iter().map(read).collect())
    }
}

fn read<T: DeserializeOwned>(reply: Reply) -> Result<T, ChainError> {
    let raw = reply.map_err(|failure| failure.error)?;
    serde_json::from_str(raw.get()).map_err(|err| ChainError::Nonsense { text: err.to_string() })
}
