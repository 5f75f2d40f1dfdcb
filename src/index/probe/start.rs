//! The block in which a contract was deployed.
//!
//! Halving over whether there was code needs endpoints that keep old state. Most keep little of it:
//! honest ones say so, and others answer "no code" for a state they have forgotten, which would place
//! the deployment where their memory begins. Plain RPC has no proof of what was forgotten, so two
//! witnesses are asked about the block below the one that was found: contracts that logged a transfer
//! shortly before it, which must have code there, and the contract itself, which must not have
//! logged any.
//!
//! What this cannot see: an endpoint that lies about state and leaves out old logs too, whose past
//! would be loaded with the same gap; a chain on which nobody moves tokens, where only the
//! contract's own logs bear witness, which is all that is lost by a start too late; and two endpoints
//! of a chain of which only one lies, where the honest one may be asked for the witness. A contract
//! that was destroyed and made again at its address (CREATE2) is found by one of its lives; an
//! earlier one is looked for again where it logged shortly before, or, where there are no other
//! witnesses, at all. To look for it everywhere would cost busy chains a query over all of their
//! blocks for each contract.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};

use super::ask::Ask;
use crate::chain::{ChainError, Code, LogFilter, LogScope};
use crate::decode::ERC721_TRANSFER;

/// How many blocks below the found one are searched for witnesses, in turn until there are any: on
/// most chains the first holds some, and more would be a heavy answer there.
const WITNESS_BLOCKS: [u64; 4] = [1, 32, 512, 8_192];

/// Most witnesses asked: one may have been destroyed since it logged.
const WITNESSES_MAX: usize = 4;

/// Most requests for the contract's own logs below the found block, where an endpoint does not take
/// all blocks at once.
const REQUESTS_MAX: u64 = 16;

/// Most lives of a contract that are looked for; each was found by a log of its own.
const LIVES_MAX: usize = 8;

/// Where a contract begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At this block, or it logged nothing before.
    At(u64),
    /// The endpoints cannot tell, with the reason.
    Untold(String),
}

/// What bears witness about the block below a found one.
enum Below {
    /// Its state is known there, and nothing was logged before.
    Fits,
    /// The contract logged in this block already.
    Logged(u64),
    /// Why the found block is not believed.
    Doubtful(String),
}

/// Looks for the deployment of a contract that exists now. Where that lies above the `finalized` block
/// the answer is the block after this one: what is not final may be taken back, and happen earlier
/// on another branch.
pub(super) async fn find(ask: &Ask<'_>, finalized: u64) -> Result<Start, ChainError> {
    let mut found = match ask.code(Some(finalized)).await? {
        Code::Unknown => return Ok(Start::Untold(unkept(finalized))),
        Code::Absent => finalized + 1,
        Code::Present => match first(ask, finalized).await? {
            Start::At(block) => block,
            untold => return Ok(untold),
        },
    };
    for _ in 0..LIVES_MAX {
        let logged = match below(ask, found).await? {
            Below::Fits => return Ok(Start::At(found)),
            Below::Doubtful(why) => return Ok(Start::Untold(why)),
            Below::Logged(block) => block,
        };
        match ask.code(Some(logged)).await? {
            Code::Present => {}
            Code::Absent => return Ok(Start::Untold(forgotten(logged))),
            Code::Unknown => return Ok(Start::Untold(unkept(logged))),
        }
        found = match first(ask, logged).await? {
            Start::At(block) => block,
            untold => return Ok(untold),
        };
    }
    Ok(Start::Untold(format!("it was destroyed and made again {LIVES_MAX} times or more")))
}

/// The first block with code, by halving below `present`, which has code.
async fn first(ask: &Ask<'_>, present: u64) -> Result<Start, ChainError> {
    let (mut low, mut high) = (0, present);
    while low < high {
        let middle = low + (high - low) / 2;
        match ask.code(Some(middle)).await? {
            Code::Present => high = middle,
            Code::Absent => low = middle + 1,
            Code::Unknown => return Ok(Start::Untold(unkept(middle))),
        }
    }
    Ok(Start::At(high))
}

/// Whether the found block stands up to what is known of the blocks below.
async fn below(ask: &Ask<'_>, found: u64) -> Result<Below, ChainError> {
    let Some(before) = found.checked_sub(1) else { return Ok(Below::Fits) };
    let mut is_kept = false;
    let witnesses = witnesses(ask, before).await?;
    for witness in &witnesses {
        match ask.context.chain.code(*witness, Some(before)).await? {
            Code::Present => is_kept = true,
            Code::Absent => continue,
            Code::Unknown => return Ok(Below::Doubtful(unkept(before))),
        }
        break;
    }
    if !is_kept && !witnesses.is_empty() {
        return Ok(Below::Doubtful(forgotten(before)));
    }
    let own = match is_kept {
        true => newest_logs(ask, before).await?,
        false => own_logs(ask, before).await?,
    };
    Ok(match own {
        Own::First(block) => Below::Logged(block),
        Own::None => Below::Fits,
        Own::Unknown if is_kept => Below::Fits,
        Own::Unknown => Below::Doubtful(format!(
            "nothing shows whether the endpoints keep the state of block {before}"
        )),
    })
}

/// Contracts that logged transfers shortly before, the newest first.
async fn witnesses(ask: &Ask<'_>, before: u64) -> Result<Vec<Address>, ChainError> {
    let widest = ask.context.chain.widest().unwrap_or(u64::MAX).max(1);
    for blocks in WITNESS_BLOCKS.map(|blocks| blocks.min(widest)) {
        let scope = LogScope::Range(before.saturating_sub(blocks - 1), before);
        let filter = LogFilter { addresses: Vec::new(), topics: ERC721_TRANSFER.topics.to_vec() };
        let logs = match ask.context.chain.logs(scope, &filter).await {
            Err(ChainError::RangeTooWide { .. } | ChainError::TooManyLogs { .. }) => break,
            logs => logs?,
        };
        let mut seen = BTreeSet::from([ask.address]);
        let emitters = logs.iter().rev().map(|log| log.address);
        let witnesses: Vec<_> =
            emitters.filter(|emitter| seen.insert(*emitter)).take(WITNESSES_MAX).collect();
        if !witnesses.is_empty() {
            return Ok(witnesses);
        }
    }
    Ok(Vec::new())
}

/// What the contract itself has logged below a block.
enum Own {
    /// The first log seen lies in this block.
    First(u64),
    /// It has logged nothing at all.
    None,
    /// Not every block could be asked for; what could holds nothing.
    Unknown,
}

/// Asks for the contract's transfers in `0..=before`: at once, else range by range, else in the
/// newest range only.
async fn own_logs(ask: &Ask<'_>, before: u64) -> Result<Own, ChainError> {
    let width = match logged(ask, (0, before)).await {
        Ok(first) => return Ok(first.map_or(Own::None, Own::First)),
        Err(ChainError::RangeTooWide { at_most, .. }) => at_most,
        // Some say so of a range that is only wide.
        Err(ChainError::TooManyLogs { .. }) => None,
        Err(error) if ask.is_patient => return Err(error),
        Err(_) => return Ok(Own::Unknown),
    };
    let width = width.unwrap_or(ask.context.rules.range_max).max(1);
    let requests = before / width + 1;
    if requests > REQUESTS_MAX {
        return newest_logs(ask, before).await;
    }
    for request in 0..requests {
        let to = before - request * width;
        match logged(ask, ((to + 1).saturating_sub(width), to)).await {
            Ok(None) => {}
            Ok(Some(first)) => return Ok(Own::First(first)),
            Err(error) => return unless_limit(error),
        }
    }
    Ok(Own::None)
}

/// Asks for the contract's transfers in the newest range of blocks that ends with `before`.
async fn newest_logs(ask: &Ask<'_>, before: u64) -> Result<Own, ChainError> {
    let widest = ask.context.chain.widest().unwrap_or(u64::MAX);
    let width = ask.context.rules.range_max.min(widest).max(1);
    match logged(ask, ((before + 1).saturating_sub(width), before)).await {
        Ok(first) => Ok(first.map_or(Own::Unknown, Own::First)),
        Err(error) => unless_limit(error),
    }
}

fn unless_limit(error: ChainError) -> Result<Own, ChainError> {
    match error {
        ChainError::RangeTooWide { .. } | ChainError::TooManyLogs { .. } => Ok(Own::Unknown),
        error => Err(error),
    }
}

/// The block of the contract's first transfer in a range.
async fn logged(ask: &Ask<'_>, (from, to): (u64, u64)) -> Result<Option<u64>, ChainError> {
    let topics: Vec<B256> =
        ask.context.kinds.iter().flat_map(|kind| kind.topics).copied().collect();
    let filter = LogFilter { addresses: vec![ask.address], topics };
    let logs = ask.context.chain.logs(LogScope::Range(from, to), &filter).await?;
    Ok(logs.first().map(|log| log.block))
}

fn unkept(block: u64) -> String {
    format!("the endpoints keep no state of block {block}")
}

fn forgotten(block: u64) -> String {
    format!(
        "the endpoints answer as if nothing existed at block {block}: they have forgotten its state"
    )
}
