//! Leaving a chain to a newer release, which reads kinds of logs that this one would miss.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Context;
use crate::store::StoreError;
use crate::store::leases::{self, Lease};

/// Whether it was said that only a newer release can follow this chain.
#[derive(Debug, Default)]
pub(super) struct Standby(AtomicBool);

impl Standby {
    /// Gives the lease of the live edge back.
    pub(super) async fn leave(&self, context: &Context, lease: &Lease) -> Result<(), StoreError> {
        leases::give_back(&context.pool, lease).await?;
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                chain.id = %context.id,
                "{} has logs read that this release does not know: a newer one has to follow it",
                context.name
            );
        }
        Ok(())
    }
}
