//! The transaction back: `commit`'s mirror.
//!
//! Facts above the common block go, touched holdings are put back from their versions, a removal
//! is appended for every event told, newest first, with what holds now; spans and the live edge are
//! clipped; the journal and the checkpoint say where the chain stands. Committing A, rewinding and
//! committing B leaves exactly what committing B alone leaves.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::{Address, B256};
use sqlx::PgConnection;

use super::commit::subjects;
use super::ownership::touched;
use super::{Context, count_told, tell};
use crate::store::blocks::{self, GoneBlock};
use crate::store::chains::{self, ChainRow};
use crate::store::contracts::{self, Contract};
use crate::store::counters::{self, Counts};
use crate::store::events::{self, EventBlock, NewEvent};
use crate::store::holdings::{self, Holding, TokenKey};
use crate::store::rewinds::{self, Rewind};
use crate::store::transfers::{self, StoredTransfer};
use crate::store::{StoreError, leases, spans, versions};
use crate::types::{ContractKey, ContractState};

/// A rewind that was decided.
pub struct Order<'a> {
    /// The checkpoint that the decision was made on.
    pub expected: (u64, B256),
    /// The common block.
    pub to: (u64, B256),
    /// Hashes that the chain shows at heights above it, for the removals.
    pub shown: &'a BTreeMap<u64, B256>,
    /// `reorg`, or `operator`.
    pub cause: &'static str,
}

/// What went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Blocks between the old checkpoint and the common block.
    pub depth: u64,
    /// Transfers removed.
    pub transfers: usize,
}

/// Takes back everything above `order.to`.
pub async fn rewind(
    context: &Context,
    lease: &leases::Lease,
    order: &Order<'_>,
) -> Result<Outcome, StoreError> {
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    leases::check(&mut tx, lease).await?;
    fence(&mut tx, context, &row, order).await?;
    let (outcome, events) = take_back(&mut tx, context, order).await?;
    tx.commit().await?;
    count_told(context, &events);
    Ok(outcome)
}

async fn fence(
    tx: &mut PgConnection,
    context: &Context,
    row: &ChainRow,
    order: &Order<'_>,
) -> Result<(), StoreError> {
    if row.checkpoint != Some(order.expected) {
        return Err(StoreError::Fenced { what: "checkpoint" });
    }
    if row.finalized.is_some_and(|mark| order.to.0 < mark) {
        return Err(StoreError::Fenced { what: "final mark" });
    }
    let stored = blocks::hashes(tx, context.key, (order.to.0, order.to.0)).await?;
    if stored.get(&order.to.0) != Some(&order.to.1) {
        return Err(StoreError::Fenced { what: "common block" });
    }
    Ok(())
}

async fn take_back(
    tx: &mut PgConnection,
    context: &Context,
    order: &Order<'_>,
) -> Result<(Outcome, Vec<NewEvent>), StoreError> {
    let (key, to) = (context.key, order.to.0);
    spans::clip(tx, key, to).await?;
    let gone_blocks = blocks::take_back(tx, key, to).await?;
    let gone = transfers::take_back(tx, key, to).await?;
    let concerned = contracts_of(tx, &gone).await?;
    contracts::clip_live(tx, key, to).await?;
    let now = restore(tx, context, &concerned, &gone, to).await?;
    let events = told(context, order, (&gone_blocks, &gone), &concerned, &now);
    let outcome = Outcome { depth: order.expected.0.saturating_sub(to), transfers: gone.len() };
    let entry = Rewind {
        from: order.expected,
        to: order.to,
        transfers_removed: gone.len() as u64,
        events_appended: events.len() as u64,
        cause: order.cause,
    };
    rewinds::append(tx, key, entry).await?;
    chains::move_checkpoint(tx, key, order.to, true).await?;
    events::append(tx, (key, context.id), &events).await?;
    Ok((outcome, events))
}

async fn contracts_of(
    tx: &mut PgConnection,
    gone: &[StoredTransfer],
) -> Result<Vec<Contract>, StoreError> {
    let mut keys: Vec<ContractKey> = gone.iter().map(|stored| stored.contract).collect();
    keys.sort_unstable();
    keys.dedup();
    contracts::by_keys(tx, &keys).await
}

/// Puts holdings and counters of ready contracts back and answers who holds each touched token.
async fn restore(
    tx: &mut PgConnection,
    context: &Context,
    concerned: &[Contract],
    gone: &[StoredTransfer],
    to: u64,
) -> Result<HashMap<TokenKey, Holding>, StoreError> {
    let ready: Vec<ContractKey> = concerned
        .iter()
        .filter(|contract| contract.state == ContractState::Ready)
        .map(|contract| contract.key)
        .collect();
    let mut tokens = touched(gone);
    tokens.retain(|token| ready.contains(&token.0));
    let before = holdings::current(tx, context.key, &tokens).await?;
    let after = versions::at(tx, context.key, &tokens, to).await?;
    let mut owners: Vec<(ContractKey, Address)> = before
        .values()
        .chain(after.values())
        .map(|holding| (holding.token.0, holding.owner))
        .collect();
    owners.sort_unstable();
    owners.dedup();
    let held_before = holdings::holders_among(tx, context.key, &owners).await?;
    versions::restore(tx, context.key, &tokens, to).await?;
    let held_after = holdings::holders_among(tx, context.key, &owners).await?;
    let count = |key: ContractKey| {
        let of = |map: &HashMap<TokenKey, Holding>| {
            map.keys().filter(|token| token.0 == key).count() as i64
        };
        let held = |map: &HashMap<ContractKey, i64>| map.get(&key).copied().unwrap_or(0);
        let transfers = gone.iter().filter(|stored| stored.contract == key).count() as i64;
        let counts = Counts {
            supply: of(&after) - of(&before),
            holders: held(&held_after) - held(&held_before),
            transfers: -transfers,
        };
        (key, counts)
    };
    counters::count(tx, &ready.iter().copied().map(count).collect::<Vec<_>>()).await?;
    Ok(after)
}

/// The reorg itself, then the removals, newest first: of every event that was told, and of every
/// transfer of a ready contract, because who began from a snapshot holds those for true as well.
fn told(
    context: &Context,
    order: &Order<'_>,
    (gone_blocks, gone): (&[GoneBlock], &[StoredTransfer]),
    concerned: &[Contract],
    now: &HashMap<TokenKey, Holding>,
) -> Vec<NewEvent> {
    let blocks: HashMap<u64, EventBlock> = gone_blocks
        .iter()
        .map(|gone| {
            let GoneBlock { number, hash, time, epoch } = *gone;
            (number, EventBlock { number, hash, time, epoch })
        })
        .collect();
    let (number, hash) = order.expected;
    let top = blocks.get(&number).copied();
    let top = top.unwrap_or(EventBlock { number, hash, time: None, epoch: 0 });
    let mut events = vec![tell::reorged(context.id, top, order.to, gone.len() as u64)];
    let owners = owners(concerned, gone, now);
    let subjects = subjects(concerned);
    let known_from: HashMap<ContractKey, u64> = concerned
        .iter()
        .filter_map(|contract| match contract.state {
            ContractState::Ready => Some((contract.key, 0)),
            _ => Some((contract.key, contract.live_from?)),
        })
        .collect();
    for stored in gone {
        let number = stored.transfer.position.block;
        let told = known_from.get(&stored.contract).is_some_and(|from| number >= *from);
        let (Some(block), Some(subject), true) =
            (blocks.get(&number), subjects.get(&stored.contract), told)
        else {
            continue;
        };
        let token = (stored.contract, stored.transfer.token_id);
        let now = (order.shown.get(&number).copied(), owners.get(&token).copied().flatten());
        events.push(tell::removed(context.id, *subject, *block, stored, now));
    }
    events
}

/// Who holds each token now. The holdings of a contract that is not ready are not built yet; there
/// the giver of the oldest removed transfer holds the token again, as custody has it.
fn owners(
    concerned: &[Contract],
    gone: &[StoredTransfer],
    now: &HashMap<TokenKey, Holding>,
) -> HashMap<TokenKey, Option<Address>> {
    let ready =
        |key| concerned.iter().any(|one| one.key == key && one.state == ContractState::Ready);
    let mut owners = HashMap::new();
    for stored in gone {
        let token = (stored.contract, stored.transfer.token_id);
        let owner = if ready(stored.contract) {
            now.get(&token).map(|holding| holding.owner)
        } else {
            Some(stored.transfer.from)
        };
        owners.insert(token, owner);
    }
    owners
}
