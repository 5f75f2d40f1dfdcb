//! Rows of the outbox: their kinds and the ids derived from what happened.

use std::fmt;

use alloy::primitives::B256;
use sha2::{Digest, Sha256};

use super::block::Position;
use super::chain_id::Caip2;

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A token came into being.
    TokenMinted,
    /// A token changed hands.
    TokenTransferred,
    /// A token was destroyed.
    TokenBurned,
    /// An earlier token event no longer holds.
    TokenRemoved,
    /// Blocks were taken back.
    ChainReorged,
    /// Everything up to a block is final.
    ChainFinalized,
    /// A contract is followed from now on.
    ContractAdded,
    /// A contract's history is whole.
    ContractReady,
    /// A contract is followed no longer.
    ContractRemoved,
}

impl EventKind {
    /// Every kind, for filters and documents.
    pub const ALL: [Self; 9] = [
        Self::TokenMinted,
        Self::TokenTransferred,
        Self::TokenBurned,
        Self::TokenRemoved,
        Self::ChainReorged,
        Self::ChainFinalized,
        Self::ContractAdded,
        Self::ContractReady,
        Self::ContractRemoved,
    ];

    /// The word of the API and of the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenMinted => "token.minted",
            Self::TokenTransferred => "token.transferred",
            Self::TokenBurned => "token.burned",
            Self::TokenRemoved => "token.removed",
            Self::ChainReorged => "chain.reorged",
            Self::ChainFinalized => "chain.finalized",
            Self::ContractAdded => "contract.added",
            Self::ContractReady => "contract.ready",
            Self::ContractRemoved => "contract.removed",
        }
    }

    /// The kind of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Id of an event: the same occurrence has the same id for ever, and a block that went and came
/// back is told under new ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    /// The id of what happened at `position` in the block `hash`, which had been taken back
    /// `epoch` times before. `subject` tells apart events that share a position.
    pub fn derive(
        chain: Caip2,
        (hash, epoch): (B256, i32),
        position: Position,
        kind: EventKind,
        subject: &[u8],
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(chain.0.to_be_bytes());
        digest.update(hash);
        digest.update(epoch.to_be_bytes());
        digest.update(position.block.to_be_bytes());
        digest.update(position.log_index.to_be_bytes());
        digest.update(position.batch_index.to_be_bytes());
        digest.update(kind.as_str());
        digest.update(subject);
        let full: [u8; 32] = digest.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&full[..16]);
        Self(id)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{}", alloy::primitives::hex::encode(self.0))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no event id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an event id: expected evt_ and 32 hexadecimal digits")]
pub struct NotEventId;

impl std::str::FromStr for EventId {
    type Err = NotEventId;

    fn from_str(text: &str) -> Result<Self, NotEventId> {
        let digits = text.strip_prefix("evt_").ok_or(NotEventId)?;
        if digits.len() != 32 {
            return Err(NotEventId);
        }
        let mut id = [0; 16];
        alloy::primitives::hex::decode_to_slice(digits, &mut id).map_err(|_| NotEventId)?;
        Ok(Self(id))
    }
}
