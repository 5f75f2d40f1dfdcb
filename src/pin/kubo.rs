//! A Kubo node, spoken to by its RPC API (`/api/v0`) through `ipfs-api-backend-hyper`: the one file
//! that uses that crate (docs/decisions/0002-ipfs-api-backend-hyper.md).

use std::time::Duration;

use ipfs_api_backend_hyper::{IpfsApi, IpfsClient, TryFromUri};

/// Longest a node on the same machine or network may take for a word about itself.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a Kubo node cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KuboError {
    /// The configured address is none.
    #[error("not an address of a Kubo RPC API")]
    Address,
    /// It did not answer in time.
    #[error("no answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Silent,
    /// It answered what no Kubo node answers, or the connection failed.
    #[error("the Kubo node cannot be asked")]
    Failed(#[source] ipfs_api_backend_hyper::Error),
}

/// The release that the node at `url`, such as `http://127.0.0.1:5001`, runs.
pub async fn version(url: &str) -> Result<String, KuboError> {
    let client = IpfsClient::from_str(url).map_err(|_| KuboError::Address)?;
    match tokio::time::timeout(ANSWER_TIMEOUT, client.version()).await {
        Ok(Ok(answer)) => Ok(answer.version),
        Ok(Err(error)) => Err(KuboError::Failed(error)),
        Err(_) => Err(KuboError::Silent),
    }
}
