//! Short leases: which replica follows a chain, or probes its contracts, and how soon another one
//! does.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Context;
use crate::store::StoreError;
use crate::store::leases::{self, Lease};
use crate::types::Caip2;

/// How long one replica may follow or probe a chain unrenewed. One that dies right after it has renewed is
/// replaced after 3.5 s, and the pause of one that has just looked: 3.5 + 0.5 = 4 s, a second below
/// the promised five. `upkeep::Presence` gives the lease of one that is frozen back as soon.
const LEASE: Duration = Duration::from_millis(3_500);
/// Time between renewals during a long pass: it may miss two.
const RENEW: Duration = Duration::from_secs(1);
/// Wait between looks of one that stands by.
const STANDBY: Duration = Duration::from_millis(500);

/// The lease of one work on one chain, as this replica has seen it last.
pub(super) struct ShortLease {
    name: String,
    is_anothers: AtomicBool,
}

impl ShortLease {
    /// Nobody's, so far as is known.
    pub(super) fn new(what: &str, chain: Caip2) -> Self {
        Self { name: format!("{what}:{chain}"), is_anothers: AtomicBool::new(false) }
    }

    /// Takes or renews it; `None` while another replica holds it.
    pub(super) async fn take(&self, context: &Context) -> Result<Option<Lease>, StoreError> {
        let lease = leases::acquire(&context.pool, &self.name, &context.owner, LEASE).await?;
        self.is_anothers.store(lease.is_none(), Ordering::Relaxed);
        Ok(lease)
    }

    /// Longest wait until the next look; `usual` where this replica holds it.
    pub(super) fn every(&self, usual: Duration) -> Duration {
        if self.is_anothers.load(Ordering::Relaxed) { STANDBY } else { usual }
    }
}

/// Renews the lease while a long pass goes on. One that is lost is left to the pass's own fence:
/// dropping the pass would leave a connection in the middle of a COPY.
pub(super) async fn keep(context: &Context, lease: &Lease) -> Infallible {
    loop {
        tokio::time::sleep(RENEW).await;
        let held = leases::acquire(&context.pool, &lease.name, &context.owner, LEASE).await;
        if !matches!(held, Ok(Some(held)) if held.token == lease.token) {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Within what time a replica that has died is replaced, as README and OPERATING promise.
    const PROMISED: Duration = Duration::from_secs(5);

    #[test]
    fn one_that_dies_is_replaced_as_soon_as_is_promised() {
        assert!(LEASE + STANDBY <= PROMISED, "right after a renewal is the worst moment");
        assert!(RENEW * 3 < LEASE, "a long pass may miss two renewals");
        let lease = ShortLease::new("live", Caip2(1));
        assert_eq!(lease.every(Duration::MAX), Duration::MAX);
        lease.is_anothers.store(true, Ordering::Relaxed);
        assert_eq!(lease.every(Duration::MAX), STANDBY);
    }
}
