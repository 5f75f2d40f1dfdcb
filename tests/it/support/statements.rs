//! Counts the statements that are sent to the database, by what its driver logs of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Where the driver logs its statements.
const TARGET: &str = "sqlx::query";

struct Count(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Count {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Does `work` on this thread, and answers how many statements it took.
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let layer = tracing_subscriber::registry().with(Count(count.clone()));
    let guard = tracing::subscriber::set_default(layer);
    let done = work.await;
    drop(guard);
    (done, count.load(Ordering::Relaxed))
}
