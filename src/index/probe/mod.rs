//! Looks at contracts before they are followed, and asks them for their names.
//!
//! A wish is a row in state `probing` with a time at which it is due. `ask` puts the questions of one
//! contract, `words` (pure) reads the answers, `standard` says what it is and `start` finds the block
//! of its deployment; `verdict` makes one word of it. A pass judges many contracts at once, each on
//! its own: one whose questions fail `waits` and holds up no other. Accepted ones are left to
//! `track`, refused ones say why until they are forgotten. `describe` asks followed contracts for
//! name and symbol. One replica asks at a time, by a lease; one that has lost it does no harm, since
//! what is written holds only for what was asked.

mod words;
mod ask;
mod standard;
mod start;
mod verdict;
mod waits;
mod describe;

use std::time::Duration;

use alloy::primitives::Address;
use async_trait::async_trait;
use futures_util::{StreamExt, stream};

use self::ask::{Ask, Calls};
use self::verdict::{Chain, Refusal, Verdict, judge};
use self::waits::Waits;
use super::lease::{self, ShortLease};
use super::{Context, unless_passing};
use crate::chain::ChainError;
use crate::store::probes::{self, Waiting};
use crate::store::{chains, descriptions, notify};
use crate::types::Standard;
use crate::work::{Pass, Topic, Worker};

/// Most contracts of one pass: so that many wait a moment for the rows of each other, and the
/// statements of thousands stay few.
const BATCH_MAX: i64 = 100;

/// Contracts that are asked at once, each with one question under way: a public endpoint takes as
/// many from one client.
const AT_ONCE: usize = 16;

/// Refused contracts that are forgotten in one statement.
const FORGET_MAX: i64 = 1_000;

/// Judges and describes the contracts of one chain.
pub struct Probe {
    context: Context,
    name: String,
    lease: ShortLease,
    verdicts: Waits,
    descriptions: Waits,
}

/// What one pass has to write.
#[derive(Default)]
struct Judged<'a> {
    accepted: Vec<(&'a Waiting, Option<Standard>, Option<u64>)>,
    refused: Vec<(&'a Waiting, &'static str, String, Duration)>,
    later: Vec<(probes::Due, Duration)>,
}

impl Probe {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        let name = format!("probe {}", context.name);
        let lease = ShortLease::new("probe", context.id);
        Self { context, name, lease, verdicts: Waits::default(), descriptions: Waits::default() }
    }

    /// Judges these contracts; whether there were any. On a chain that has no final block yet nothing
    /// can be joined, so there is time.
    async fn judge(&self, waiting: &[Waiting]) -> anyhow::Result<bool> {
        let context = &self.context;
        if waiting.is_empty() {
            return Ok(false);
        }
        let row = chains::load(&context.pool, context.key).await?;
        let Some(finalized) = row.finalized else { return Ok(false) };
        let head = context.chain.head().await?.latest.number;
        let chain = Chain { context, head, finalized, calls: Calls::default() };
        let mut judged = Judged::default();
        let mut asking = Vec::with_capacity(waiting.len());
        for wish in waiting {
            let is_patient = self.verdicts.is_patient(wish.due.key);
            asking.push(one(&chain, wish, is_patient));
        }
        let mut answers = stream::iter(asking).buffer_unordered(AT_ONCE);
        while let Some((wish, outcome)) = answers.next().await {
            self.note(&mut judged, wish, outcome);
        }
        self.write(&judged).await?;
        Ok(true)
    }

    fn note<'a>(
        &self,
        judged: &mut Judged<'a>,
        wish: &'a Waiting,
        outcome: Result<Verdict, ChainError>,
    ) {
        let context = &self.context;
        let outcome = match outcome {
            Ok(verdict) => verdict,
            Err(error) => {
                let wait = self.verdicts.failed(wish.due.key);
                tracing::debug!(
                    chain.id = %context.id,
                    contract = %wish.address,
                    "{} is asked again in {wait:?}: {error}",
                    wish.address
                );
                return judged.later.push((wish.due, wait));
            }
        };
        self.verdicts.ended(wish.due.key);
        match outcome {
            Verdict::Accepted(standard, start) => {
                judged.accepted.push((wish, standard, start));
            }
            Verdict::Refused(Refusal { code, detail }) => {
                let (id, contract) = (context.id, wish.address);
                if wish.is_configured {
                    tracing::warn!(chain.id = %id, %contract, "not followed: {code}: {detail}");
                } else {
                    tracing::info!(chain.id = %id, %contract, "not followed: {code}: {detail}");
                }
                let again = Refusal::again(wish.is_configured);
                judged.refused.push((wish, code, detail, again));
            }
        }
    }

    async fn write(&self, judged: &Judged<'_>) -> anyhow::Result<()> {
        let context = &self.context;
        if !judged.refused.is_empty() {
            probes::refuse(&context.pool, &judged.refused).await?;
        }
        if !judged.later.is_empty() {
            probes::put_off(&context.pool, &judged.later).await?;
        }
        if !judged.accepted.is_empty() {
            let accepted = probes::accept(&context.pool, &judged.accepted).await?;
            tracing::debug!(chain.id = %context.id, "{accepted} contracts can be followed");
            notify::send(&context.pool, Topic::Contracts.as_str()).await?;
        }
        Ok(())
    }

    async fn work(&self) -> anyhow::Result<Pass> {
        let context = &self.context;
        let forgotten = probes::forget(&context.pool, context.key, FORGET_MAX).await?;
        let waiting = probes::due(&context.pool, context.key, BATCH_MAX).await?;
        let nameless = descriptions::due(&context.pool, context.key, BATCH_MAX).await?;
        let asked = !(waiting.is_empty() && nameless.is_empty());
        let worked = asked && self.ask(&waiting, nameless).await?;
        Ok(if forgotten > 0 || worked { Pass::Worked } else { Pass::Idle })
    }

    /// Asks these contracts, if it is this replica's turn; whether there was anything to be done.
    async fn ask(
        &self,
        waiting: &[Waiting],
        nameless: Vec<(probes::Due, Address)>,
    ) -> anyhow::Result<bool> {
        let context = &self.context;
        let Some(lease) = self.lease.take(context).await? else { return Ok(false) };
        let work = async {
            let judged = self.judge(waiting).await?;
            let described = describe::describe(context, &self.descriptions, nameless).await?;
            Ok(judged || described)
        };
        tokio::select! {
            outcome = work => outcome,
            never = lease::keep(context, &lease) => match never {},
        }
    }
}

/// Judges one contract.
async fn one<'a>(
    chain: &Chain<'_>,
    wish: &'a Waiting,
    is_patient: bool,
) -> (&'a Waiting, Result<Verdict, ChainError>) {
    let ask = Ask { context: chain.context, address: wish.address, is_patient };
    (wish, judge(chain, &ask, wish).await)
}

#[async_trait]
impl Worker for Probe {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn topic(&self) -> Option<Topic> {
        Some(Topic::Contracts)
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        unless_passing(self.work().await)
    }
}
