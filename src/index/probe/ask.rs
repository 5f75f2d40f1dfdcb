//! What the probe asks of a chain, for one contract.

use alloy::primitives::{Address, Bytes, U256, address, hex};
use tokio::sync::OnceCell;

use super::words::{text, word};
use crate::chain::{ChainError, Code};
use crate::index::Context;
use crate::index::reading::{DECIMALS, SUPPORTS_INTERFACE};

/// Selector of `totalSupply()` (EIP-20).
const TOTAL_SUPPLY: [u8; 4] = hex!("18160ddd");
/// Selector of `name()` (EIP-721, EIP-20).
const NAME: [u8; 4] = hex!("06fdde03");
/// Selector of `symbol()` (EIP-721, EIP-20).
const SYMBOL: [u8; 4] = hex!("95d89b41");

/// Precompiled contracts that answer any call on every chain (yellow paper, appendix E): the identity
/// and, where there is none, SHA-256.
const ALWAYS_ANSWER: [Address; 2] = [
    address!("0x0000000000000000000000000000000000000004"),
    address!("0x0000000000000000000000000000000000000002"),
];

/// Whether the chain's endpoints can call at all: asked once a pass, and only where somebody has to
/// know.
#[derive(Default)]
pub(super) struct Calls(OnceCell<bool>);

impl Calls {
    /// Asks what every chain answers.
    pub(super) async fn work(&self, context: &Context) -> Result<bool, ChainError> {
        let found = self.0.get_or_try_init(|| async {
            for to in ALWAYS_ANSWER {
                if context.chain.call(to, Bytes::from_static(&NAME)).await?.is_some() {
                    return Ok(true);
                }
            }
            Ok::<_, ChainError>(false)
        });
        found.await.copied()
    }
}

/// One contract that is asked.
pub(super) struct Ask<'a> {
    /// The chain.
    pub(super) context: &'a Context,
    /// The contract.
    pub(super) address: Address,
    /// Whether a call that fails is worth another pass; else it counts as one without an answer.
    pub(super) is_patient: bool,
}

impl Ask<'_> {
    /// Whether the contract is there at a block, or now.
    pub(super) async fn code(&self, block: Option<u64>) -> Result<Code, ChainError> {
        self.context.chain.code(self.address, block).await
    }

    /// Whether it says that it has this interface (EIP-165); none where it says nothing.
    pub(super) async fn supports(&self, interface: [u8; 4]) -> Result<Option<bool>, ChainError> {
        let data = [&SUPPORTS_INTERFACE[..], &interface, &[0; 28]].concat();
        let answer = self.call(data).await?;
        Ok(answer.and_then(|answer| word(&answer)).map(|word| !word.is_zero()))
    }

    /// The decimals of a coin, if it answers as one: a number of one byte, and a supply.
    pub(super) async fn decimals(&self) -> Result<Option<u8>, ChainError> {
        let Some(decimals) = self.word(&DECIMALS).await? else { return Ok(None) };
        let Ok(decimals) = u8::try_from(decimals) else { return Ok(None) };
        Ok(self.word(&TOTAL_SUPPLY).await?.map(|_| decimals))
    }

    /// What it calls itself.
    pub(super) async fn name(&self) -> Result<Option<String>, ChainError> {
        Ok(self.call(NAME.to_vec()).await?.and_then(|answer| text(&answer)))
    }

    /// Its ticker.
    pub(super) async fn symbol(&self) -> Result<Option<String>, ChainError> {
        Ok(self.call(SYMBOL.to_vec()).await?.and_then(|answer| text(&answer)))
    }

    async fn word(&self, selector: &[u8]) -> Result<Option<U256>, ChainError> {
        Ok(self.call(selector.to_vec()).await?.and_then(|answer| word(&answer)))
    }

    async fn call(&self, data: Vec<u8>) -> Result<Option<Bytes>, ChainError> {
        match self.context.chain.call(self.address, data.into()).await {
            Err(error) if !self.is_patient => {
                tracing::debug!(
                    chain.id = %self.context.id,
                    contract = %self.address,
                    "{} could not be called: {error}",
                    self.address
                );
                Ok(None)
            }
            answer => answer,
        }
    }
}
