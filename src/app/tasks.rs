//! What goes on beside the workers for as long as the process does: listening for wake-ups, and taking
//! the gauges of the process itself.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::Pool;
use crate::store::pool::Pools;
use crate::telemetry::metrics::{self, Connection, Exporter};
use crate::work::{self, Wakes};

/// How often gauges of the process itself are taken, and histograms folded.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

/// Pause before listening for wake-ups again after the connection was lost.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Hears wake-ups until `stop`; a lost connection is made again.
pub(super) async fn wake_ups(pool: Pool, wakes: Wakes, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            outcome = work::listen(&pool, &wakes) => if let Err(error) = outcome {
                tracing::debug!("wake-ups are not heard, timers go on: {error}");
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
        }
    }
}

/// Takes the gauges of the process every few seconds until `stop`.
pub(super) async fn gauges(pools: Pools, exporter: Exporter, stop: CancellationToken) {
    loop {
        let open: u32 = pools.all().into_iter().map(Pool::size).sum();
        let idle: usize = pools.all().into_iter().map(Pool::num_idle).sum();
        metrics::database_connections(Connection::Idle).set(idle as f64);
        metrics::database_connections(Connection::InUse).set(f64::from(open) - idle as f64);
        exporter.upkeep();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(GAUGES_EVERY) => {}
        }
    }
}
