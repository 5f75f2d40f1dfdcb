//! Wake-ups between workers and between replicas, over Postgres NOTIFY. They only hurry.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::store::{Pool, StoreError, notify};

/// What there may be new work for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Contracts to be joined to their chain.
    Contracts,
    /// Spans to be loaded.
    Spans,
    /// Indexes to be built, once a first load is done.
    Indexes,
    /// Contracts whose past may be whole.
    Folds,
    /// Leases that were given back.
    Leases,
}

impl Topic {
    const ALL: [Self; 5] = [Self::Contracts, Self::Spans, Self::Indexes, Self::Folds, Self::Leases];

    /// Payload of the notification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contracts => notify::CONTRACTS,
            Self::Spans => notify::SPANS,
            Self::Indexes => notify::INDEXES,
            Self::Folds => notify::FOLDS,
            Self::Leases => notify::LEASES,
        }
    }
}

/// The wake-ups of this process, one for each topic.
#[derive(Clone, Default)]
pub struct Wakes(Arc<[Notify; 5]>);

impl Wakes {
    pub(super) async fn wait(&self, topic: Topic) {
        self.of(topic).notified().await;
    }

    fn of(&self, topic: Topic) -> &Notify {
        &self.0[topic as usize]
    }

    fn wake(&self, payload: &str) {
        // A permit is kept for the one that is not waiting yet, so no wake-up falls between a
        // pass and the wait after it; every waiter of now is woken too.
        for topic in Topic::ALL.into_iter().filter(|topic| topic.as_str() == payload) {
            self.of(topic).notify_waiters();
            self.of(topic).notify_one();
        }
    }
}

/// Hands notifications on to the waiting workers until the connection is lost.
pub async fn listen(pool: &Pool, wakes: &Wakes) -> Result<(), StoreError> {
    let mut listener = notify::listen(pool).await?;
    loop {
        let payload = listener.next().await?;
        wakes.wake(&payload);
    }
}
