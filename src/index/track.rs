//! Joins contracts to their chain.
//!
//! The configuration and the API only write the wish. A pass takes the chain's lock, lets the live
//! edge write the contract from the block after the checkpoint on, plans spans for what lies below,
//! and raises the filter version, so that a live commit that was fetched with the old set of
//! contracts is refused. In the same way a lower start of a contract is applied, and a kind of log
//! that no release before has read.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;

use super::commit::subjects;
use super::wish::{self, Origin, Outcome};
use super::{Context, allot, count_told, seams, tell};
use crate::store::chains::{self, ChainRow};
use crate::store::events::{self, EventBlock, NewEvent};
use crate::store::wishes::Tracked;
use crate::store::{StoreError, blocks, contracts, load_members, loaded, notify, readings, starts};
use crate::types::EventKind;
use crate::work::{Pass, Topic, Worker};

/// Most contracts joined in one transaction, which holds the chain's lock.
const JOIN_MAX: i64 = 500;

/// A set of fewer contracts than this is small.
const MEMBERS_FEW: i64 = 50;
/// So many small sets are loaded beside each other before they are gathered.
const SETS_MAX: i64 = 8;
/// How long a small set is left alone, so that its steps get somewhere.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

/// Joins the contracts of one chain.
pub struct Track {
    context: Context,
    name: String,
}

impl Track {
    /// The worker of this chain.
    pub fn new(context: Context) -> Self {
        Self { name: format!("track {}", context.name), context }
    }

    /// Whether there is anything to do, looked at without a lock.
    async fn is_due(&self) -> Result<bool, StoreError> {
        let context = &self.context;
        let row = chains::load(&context.pool, context.key).await?;
        Ok(!context
            .kinds_named(|kind| !row.log_kinds.iter().any(|name| name == kind.name))
            .is_empty()
            || starts::any(&context.pool, context.key).await?
            || !contracts::probing(&context.pool, context.key, 1).await?.is_empty())
    }

    async fn join(&self) -> Result<Pass, StoreError> {
        let context = &self.context;
        if !self.is_due().await? {
            return Ok(Pass::Idle);
        }
        let mut tx = context.pool.begin().await?;
        let mut row = chains::lock(&mut tx, context.key).await?;
        let (Some((checkpoint, _)), true) = (row.checkpoint, row.is_followed()) else {
            return Ok(Pass::Idle);
        };
        let Some(block) = blocks::named(&mut *tx, context.key, checkpoint).await? else {
            return Err(StoreError::Corrupt { column: "chains.checkpoint" });
        };
        let changed = read_kinds(&mut tx, context, &mut row, checkpoint).await?
            | lower_starts(&mut tx, context, &row.log_kinds, checkpoint).await?;
        let events = join(&mut tx, context, &row, block).await?;
        if !changed && events.is_empty() {
            // Another replica was first.
            return Ok(Pass::Idle);
        }
        chains::bump_filter(&mut tx, context.key).await?;
        events::append(&mut tx, (context.key, context.id), &events).await?;
        tx.commit().await?;
        count_told(context, &events);
        if !events.is_empty() {
            tracing::info!(
                chain.id = %context.id,
                block.number = checkpoint + 1,
                "{} follows {} more contracts from block {} on",
                context.name, events.len(), checkpoint + 1
            );
        }
        notify::send(&context.pool, Topic::Spans.as_str()).await?;
        notify::send(&context.pool, Topic::Indexes.as_str()).await?;
        notify::send(&context.pool, Topic::Folds.as_str()).await?;
        Ok(Pass::Worked)
    }
}

/// Joins contracts that the probe has accepted, and answers what is to be told.
async fn join(
    tx: &mut PgConnection,
    context: &Context,
    row: &ChainRow,
    block: EventBlock,
) -> Result<Vec<NewEvent>, StoreError> {
    let waiting = contracts::probing(&mut *tx, context.key, JOIN_MAX).await?;
    let keys: Vec<_> = waiting.iter().map(|contract| contract.key).collect();
    let joined = contracts::join(tx, &keys, block.number + 1).await?;
    allot::plan(tx, context, &row.log_kinds, &joined).await?;
    if !joined.is_empty() {
        gather(tx, context, &row.log_kinds).await?;
    }
    let subjects = subjects(&waiting);
    let new = waiting.iter().filter(|contract| joined.contains(&contract.key));
    Ok(new
        .map(|contract| {
            let (kind, subject) = (EventKind::ContractAdded, subjects[&contract.key]);
            let told = (contract.start_block, row.filter_version);
            tell::contract(context.id, kind, subject, told, block)
        })
        .collect())
}

/// Plans contracts anew together that came one after the other and are loaded one by one, each with
/// requests of its own.
async fn gather(
    tx: &mut PgConnection,
    context: &Context,
    kinds: &[String],
) -> Result<(), StoreError> {
    let small = (MEMBERS_FEW, SETS_MAX);
    let scattered = load_members::scattered(tx, context.key, small, SETTLED_AFTER).await?;
    if scattered.is_empty() {
        return Ok(());
    }
    seams::leave(tx, &scattered).await?;
    allot::plan(tx, context, kinds, &scattered).await
}

/// Has the kinds of logs that this release reads and the chain does not yet read from the next block
/// on, and plans the past of every contract for them. Whether there were any.
async fn read_kinds(
    tx: &mut PgConnection,
    context: &Context,
    row: &mut ChainRow,
    checkpoint: u64,
) -> Result<bool, StoreError> {
    let new = context.kinds_named(|kind| !row.log_kinds.iter().any(|name| name == kind.name));
    if new.is_empty() {
        return Ok(false);
    }
    let (_, followed) = contracts::followed(&mut *tx, context.key).await?;
    let moves = |kind: &&str| context.kinds.iter().any(|it| it.name == *kind && it.moves_tokens);
    if new.iter().any(moves) {
        // What moves tokens is replaced together, and ownership is made of all of it.
        readings::begin_all_again(tx, context.key, checkpoint).await?;
    } else {
        // From here on the live edge reads all kinds of every contract; what it wrote until now it
        // wrote for the others.
        starts::note_live(tx, context.key, &row.log_kinds, checkpoint).await?;
    }
    chains::read_kinds(tx, context.key, &new).await?;
    row.log_kinds.extend(new.iter().map(|&kind| kind.to_owned()));
    let keys: Vec<_> = followed.iter().map(|contract| contract.key).collect();
    match new.iter().any(moves) {
        true => allot::plan(tx, context, &row.log_kinds, &keys).await?,
        false => allot::plan(tx, context, &new, &keys).await?,
    }
    Ok(true)
}

/// Gives contracts the lower starts that were asked for: their pasts grow downwards, and their
/// ownership is built anew when that is loaded. Whether there were any.
async fn lower_starts(
    tx: &mut PgConnection,
    context: &Context,
    kinds: &[String],
    checkpoint: u64,
) -> Result<bool, StoreError> {
    let waiting = starts::waiting(tx, context.key, JOIN_MAX).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    seams::leave(tx, &waiting).await?;
    let lowered = starts::apply(tx, &waiting, checkpoint).await?;
    loaded::add(tx, context.key, kinds, (&lowered, checkpoint)).await?;
    allot::plan(tx, context, kinds, &waiting).await?;
    Ok(true)
}

/// Writes the wishes of the configuration: what is new is followed, a lower start is applied, and what
/// differs otherwise is told and left as it is. A contract that was stopped stays stopped.
pub async fn ensure(context: &Context, wanted: &[Tracked]) -> Result<(), StoreError> {
    let outcomes = wish::all(&context.pool, context.key, wanted, Origin::Config).await?;
    for wish in wanted {
        let Some(wished) = outcomes.get(&wish.address) else { continue };
        let address = wish.address;
        if wished.outcome == Outcome::Stopped {
            tracing::info!(
                chain.id = %context.id,
                contract = %address,
                "{address} was stopped and stays so; `herald contracts add` follows it again"
            );
            continue;
        }
        for (setting, stored) in wished.differences(wish) {
            tracing::warn!(
                chain.id = %context.id,
                contract = %address,
                "{address} is {stored}; its configured {setting} is not applied"
            );
        }
    }
    Ok(())
}

#[async_trait]
impl Worker for Track {
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
        Ok(self.join().await?)
    }
}
