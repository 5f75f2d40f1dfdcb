//! Who asks, and how fast: as soon as there was an answer (closed), or at a pace of its own (open).

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use tokio::sync::{Mutex, mpsc};

use crate::http::Connection;
use crate::keys::Dataset;
use crate::latency::Latencies;
use crate::questions::Question;

/// How many ask at once.
pub(crate) const CONNECTIONS: u64 = 32;

/// How many keys are asked for to see whether the answers are right.
const CHECKED: usize = 100;

/// Longest that answers of the open loop are waited for beyond its time; what is not sent by then fails.
const OVERTIME: Duration = Duration::from_secs(10);

/// Longest that anything may take beyond that: the daemon answers within ten seconds, with 503 if need be.
const OVERDUE: Duration = Duration::from_secs(30);

/// Whom to ask for what.
pub(crate) struct Load<'a> {
    /// Where the daemon answers.
    pub(crate) address: SocketAddr,
    /// What there is.
    pub(crate) dataset: &'a Dataset,
    /// Where the draws begin.
    pub(crate) seed: u64,
}

impl Load<'_> {
    /// Looks whether the answers are what the dataset holds.
    pub(crate) async fn check(&self, question: Question) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.address).await?;
        let mut random = self.random(CONNECTIONS);
        for _ in 0..CHECKED {
            let path = question.path(self.dataset, self.dataset.key(&mut random));
            let answer = connection.get(&path).await?;
            let told = question.check(answer.body);
            let told = told.and_then(|()| {
                anyhow::ensure!(answer.status == 200, "status {}", answer.status);
                Ok(())
            });
            told.with_context(|| format!("{path}: {}", String::from_utf8_lossy(answer.body)))?;
        }
        Ok(())
    }

    /// Each connection asks again as soon as it was answered, for this long.
    pub(crate) async fn closed(
        &self,
        question: Question,
        length: Duration,
    ) -> anyhow::Result<Latencies> {
        let end = Instant::now() + length;
        let ask = async |number| {
            let mut connection = Connection::open(self.address).await?;
            let (mut random, mut all) = (self.random(number), Latencies::default());
            while Instant::now() < end {
                let path = question.path(self.dataset, self.dataset.key(&mut random));
                let begun = Instant::now();
                self.ask((&mut connection, &mut all), &path, begun).await?;
            }
            Ok(all)
        };
        gather(length, (0..CONNECTIONS).map(ask)).await
    }

    /// All questions in turn at `rate` a second, whether or not there were answers. What is measured
    /// begins when a request was to be sent, so that one that waits for a connection counts too.
    pub(crate) async fn open(&self, rate: u32, length: Duration) -> anyhow::Result<Latencies> {
        let (sender, due) = mpsc::unbounded_channel();
        let due = Mutex::new(due);
        let last = Instant::now() + length + OVERTIME;
        let ask = async |number| {
            let mut connection = Connection::open(self.address).await?;
            let (mut random, mut all) = (self.random(number), Latencies::default());
            loop {
                let next = due.lock().await.recv().await;
                let Some((question, begun)): Option<(Question, Instant)> = next else {
                    return Ok(all);
                };
                if Instant::now() > last {
                    all.failures += 1;
                    continue;
                }
                let path = question.path(self.dataset, self.dataset.key(&mut random));
                self.ask((&mut connection, &mut all), &path, begun).await?;
            }
        };
        let beat = tokio::task::spawn_blocking(move || beat(rate, length, &sender));
        let all = gather(length, (0..CONNECTIONS).map(ask)).await?;
        beat.await?;
        Ok(all)
    }

    async fn ask(
        &self,
        (connection, all): (&mut Connection, &mut Latencies),
        path: &str,
        begun: Instant,
    ) -> anyhow::Result<()> {
        match connection.get(path).await {
            Ok(answer) if answer.status == 200 => all.answered(begun.elapsed()),
            Ok(_) => all.failures += 1,
            Err(_) => {
                all.failures += 1;
                *connection = Connection::open(self.address).await?;
            }
        }
        Ok(())
    }

    /// The draws of one connection.
    fn random(&self, number: u64) -> SmallRng {
        SmallRng::seed_from_u64(self.seed.wrapping_mul(CONNECTIONS + 1).wrapping_add(number))
    }
}

/// Says when each request is due; on a thread of its own, which is woken within microseconds where the
/// timers of the others count milliseconds. Whoever is late is not waited for.
fn beat(rate: u32, length: Duration, due: &mpsc::UnboundedSender<(Question, Instant)>) {
    let begun = Instant::now();
    for (number, question) in (0..).zip(Question::ALL.into_iter().cycle()) {
        let at = Duration::from_secs(1) * number / rate;
        if at >= length {
            return;
        }
        while begun.elapsed() < at {
            std::thread::park_timeout(at.saturating_sub(begun.elapsed()));
        }
        if due.send((question, begun + at)).is_err() {
            return;
        }
    }
}

/// All together, over the time from the first request to the last answer.
async fn gather<F>(length: Duration, asking: impl Iterator<Item = F>) -> anyhow::Result<Latencies>
where
    F: Future<Output = anyhow::Result<Latencies>>,
{
    let begun = Instant::now();
    let longest = length + OVERTIME + OVERDUE;
    let parts = tokio::time::timeout(longest, try_join_all(asking))
        .await
        .context("answers are long overdue")??;
    Ok(Latencies::sum(parts, begun.elapsed()))
}
