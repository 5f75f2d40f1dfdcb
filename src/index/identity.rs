//! Whether the endpoints serve the chain whose rows are stored: chain id and hash of block 0.
//!
//! Some nodes do not have block 0. Where no endpoint shows it the chain id alone tells, which the
//! endpoints' pool checks by itself, and block 0 is looked for again from time to time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use alloy::primitives::B256;
use anyhow::bail;

use super::Context;
use crate::chain::ChainError;
use crate::store::chains::{self, ChainRow};

/// How often a block 0 that nobody shows is asked for: an endpoint that has it may be added, or
/// return, at any time, and nothing waits for it.
const AGAIN: Duration = Duration::from_secs(60);

/// What is known of one chain's identity.
#[derive(Default)]
pub(super) struct Identity(Mutex<Known>);

#[derive(Clone, Copy, Default)]
enum Known {
    #[default]
    Nothing,
    /// No endpoint shows block 0; to be asked again after this time.
    ById(Instant),
    Whole,
}

impl Identity {
    /// Fails where the nodes serve another chain than the one whose rows are stored under this id.
    /// The first hash of block 0 that is shown is stored.
    pub(super) async fn check(&self, context: &Context, row: &ChainRow) -> anyhow::Result<()> {
        let before = *self.known();
        match before {
            Known::Whole => return Ok(()),
            Known::ById(again) if Instant::now() < again => return Ok(()),
            Known::ById(_) | Known::Nothing => {}
        }
        match context.chain.genesis().await {
            Ok(shown) => {
                fits(context, row, shown).await?;
                *self.known() = Known::Whole;
            }
            Err(ChainError::Behind { text }) => {
                if matches!(before, Known::Nothing) {
                    tracing::warn!(
                        chain.id = %context.id,
                        "no endpoint of {} shows block 0, so only the chain id tells that it is \
                         the right chain: {text}",
                        context.name
                    );
                }
                *self.known() = Known::ById(Instant::now() + AGAIN);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn fits(context: &Context, row: &ChainRow, shown: B256) -> anyhow::Result<()> {
    match row.genesis {
        None => Ok(chains::set_genesis(&context.pool, context.key, shown).await?),
        Some(stored) if stored == shown => Ok(()),
        Some(stored) => bail!(
            "the endpoints serve another chain under id {}: its block 0 is {shown}, the database \
             was filled from {stored}; use another database or the right endpoints",
            context.id
        ),
    }
}
