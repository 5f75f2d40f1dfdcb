//! Owns every task: names it, starts it again after a panic, and drains all of them under a
//! deadline. Nothing else in Herald spawns.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::telemetry::metrics;
use crate::work::{Wakes, Worker, drive};

/// How long stopping may take in all: orchestrators kill after ten seconds or more, and the
/// embedded database needs a part of them.
pub const DRAIN: Duration = Duration::from_secs(4);

/// Pause before a task that panicked starts again, so that a lasting bug does not burn a core.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Pause after a connection could not be accepted, as when no file may be opened any more.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stop`, each served in a task of its own, at most `most` at once; then
/// waits for those that are open. How long that may take is the caller's to bound.
pub async fn connections<F>(
    listener: TcpListener,
    most: usize,
    stop: CancellationToken,
    serve: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept(), if open.len() < most => match accepted {
                Ok((stream, _)) => {
                    open.spawn(serve(stream));
                }
                Err(error) => {
                    tracing::warn!(open = open.len(), "a connection was not accepted: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    // Whoever comes now is refused at once instead of waiting for nobody.
    drop(listener);
    while open.join_next().await.is_some() {}
}

/// The tasks of this process.
pub struct Supervisor {
    tasks: JoinSet<String>,
    stop: CancellationToken,
}

impl Supervisor {
    /// No tasks yet; all of them end when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        Self { tasks: JoinSet::new(), stop }
    }

    /// Drives a worker until the stop. A panic is a bug, but one chain's bug must not stop the
    /// others: it is reported and the worker starts again.
    pub fn worker(&mut self, worker: Arc<dyn Worker>, wakes: Wakes) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            while !stop.is_cancelled() {
                // In a set of its own, so that aborting this task ends the inner one too.
                let mut inner = JoinSet::new();
                let (worker, wakes, stop) = (worker.clone(), wakes.clone(), stop.clone());
                let name = worker.name().to_owned();
                let stopped = stop.clone();
                inner.spawn(async move { drive(&*worker, &wakes, &stop).await });
                if let Some(Err(error)) = inner.join_next().await
                    && error.is_panic()
                {
                    metrics::worker_panics(&name).increment(1);
                    tracing::error!(
                        worker = name,
                        "worker {name} panicked and starts again: {error}"
                    );
                    tokio::select! {
                        () = tokio::time::sleep(RESTART_PAUSE) => {}
                        () = stopped.cancelled() => {}
                    }
                }
            }
            worker.name().to_owned()
        });
    }

    /// Runs a task that ends by itself once the stop is cancelled; if it ends earlier, everything
    /// stops.
    pub fn task(&mut self, name: &str, work: impl Future<Output = ()> + Send + 'static) {
        let (name, stop) = (name.to_owned(), self.stop.clone());
        self.tasks.spawn(async move {
            work.await;
            if !stop.is_cancelled() {
                tracing::error!(task = name, "task {name} ended early; stopping");
                stop.cancel();
            }
            name
        });
    }

    /// Waits for the stop, then for the tasks, at most [`DRAIN`]; answers how many had to be
    /// dropped. Dropping is safe: every step is one transaction.
    pub async fn run(mut self) -> usize {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                ended = self.tasks.join_next() => match ended {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::error!("a task failed; stopping: {error}");
                        self.stop.cancel();
                    }
                    None => return 0,
                },
            }
        }
        let drained =
            tokio::time::timeout(DRAIN, async { while self.tasks.join_next().await.is_some() {} });
        if drained.await.is_ok() {
            return 0;
        }
        let left = self.tasks.len();
        tracing::warn!(tasks = left, "{left} tasks were dropped at the end of the drain");
        self.tasks.shutdown().await;
        left
    }
}
