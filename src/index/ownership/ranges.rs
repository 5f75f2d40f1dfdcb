//! ERC-721 contracts that move tokens by ranges (ERC-2309).
//!
//! Tokens and ranges are intervals of ids, a token one of length one. Within a block the newest
//! transfer of each token is painted over the older ones; at the block's end every interval whose
//! owner changed closes, what is left of it goes on as shorter ranges, and what was painted begins.
//! So a block's outcome depends on what was held before it and on its transfers, and on nothing
//! else: passes that cut the chain differently write the same rows.

use std::collections::BTreeMap;

use alloy::primitives::{Address, U256};

use super::segments::Segments;
use super::{Changes, Held, Irregular, LISTED_MAX, Reason, block_of, single, somebody};
use crate::store::holdings::{Holding, PastHolding};
use crate::store::token_ranges::{OwnedRange, PastRange, TokenSpan};
use crate::store::transfers::StoredTransfer;
use crate::types::{ContractKey, Transfer};

/// Who owns an interval, and since when.
#[derive(Clone, Debug)]
struct Version {
    owner: Address,
    since: u64,
    acquired: u64,
    kind: Kind,
    /// Whether the tables hold it as current.
    stored: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A token that moved on its own, in this log.
    Token { since_log: u32 },
    /// A part of a range, that this log in the block of arrival gave.
    Range { acquired_log: u32, listed: bool },
}

/// The newest transfer of an interval within a block.
#[derive(Clone, Debug)]
struct Paint {
    to: Address,
    kind: Kind,
}

/// Applies the transfers of one contract, ordered by position.
pub(super) fn apply(
    contract: ContractKey,
    held: &Held,
    transfers: &[&StoredTransfer],
    changes: &mut Changes,
) {
    let mut state = state(contract, held);
    for in_block in transfers.chunk_by(|a, b| block_of(a) == block_of(b)) {
        let Some(block) = in_block.first().map(|stored| block_of(stored)) else { continue };
        let painted = painted(&state, in_block, changes);
        settle(contract, (&mut state, &painted), block, changes);
    }
    for (first, last, version) in state.into_segments().filter(|(_, _, version)| !version.stored) {
        match written(contract, (first, last), &version) {
            Written::Token(holding) => changes.begun.push(holding),
            Written::Range(range) => changes.ranges_begun.push(range),
        }
    }
}

fn state(contract: ContractKey, held: &Held) -> Segments<Version> {
    let mut state = Segments::default();
    for holding in held.holdings.values().filter(|holding| holding.token.0 == contract) {
        let Holding { owner, since, since_log, acquired, .. } = *holding;
        let kind = Kind::Token { since_log };
        let version = Version { owner, since, acquired, kind, stored: true };
        state.insert(single(holding.token.1), version);
    }
    for range in held.ranges.iter().filter(|range| range.span.contract == contract) {
        let OwnedRange { span, owner, since, acquired, acquired_log, listed } = *range;
        let kind = Kind::Range { acquired_log, listed };
        let version = Version { owner, since, acquired, kind, stored: true };
        state.insert((span.first, span.last), version);
    }
    state
}

/// The newest transfer of each token of the block; ranges that break the rules are noted.
fn painted(
    state: &Segments<Version>,
    in_block: &[&StoredTransfer],
    changes: &mut Changes,
) -> Segments<Paint> {
    let mut painted = Segments::<Paint>::default();
    for StoredTransfer { contract, transfer } in in_block {
        let tokens = transfer.tokens();
        let kind = if transfer.token_id_to.is_some() {
            let reason = fault(state, &painted, transfer);
            let (contract, position) = (*contract, transfer.position);
            changes.irregular.extend(reason.map(|reason| Irregular { contract, position, reason }));
            let acquired_log = transfer.position.log_index;
            Kind::Range { acquired_log, listed: listed(tokens) }
        } else {
            Kind::Token { since_log: transfer.position.log_index }
        };
        painted.paint(tokens, Paint { to: transfer.to, kind });
    }
    painted
}

fn listed((first, last): (U256, U256)) -> bool {
    last - first < U256::from(LISTED_MAX)
}

/// What is wrong with a transfer of a range where it stands.
fn fault(
    state: &Segments<Version>,
    painted: &Segments<Paint>,
    transfer: &Transfer,
) -> Option<Reason> {
    let (tokens, giver) = (transfer.tokens(), somebody(transfer.from));
    if !listed(tokens) {
        return Some(Reason::RangeTooLong);
    }
    let fits = painted.cover(tokens).all(|(first, last, over)| match over {
        Some((_, _, paint)) => somebody(paint.to) == giver,
        None => state
            .cover((first, last))
            .all(|(_, _, under)| under.map(|(_, _, version)| version.owner) == giver),
    });
    (!fits).then_some(Reason::RangeNotOwned)
}

/// Brings what is held to the block's end.
fn settle(
    contract: ContractKey,
    (state, painted): (&mut Segments<Version>, &Segments<Paint>),
    block: u64,
    changes: &mut Changes,
) {
    // By first id of each interval that loses tokens: which ones, ascending.
    let mut losses: BTreeMap<U256, Vec<(U256, U256)>> = BTreeMap::new();
    let mut begun = Vec::new();
    for (first, last, paint) in painted.iter() {
        let taker = somebody(paint.to);
        let mut run: Option<(U256, U256)> = None;
        for (from, to, under) in state.cover((first, last)) {
            if under.map(|(_, _, version)| version.owner) == taker {
                begun.extend(run.take().map(|tokens| (tokens, paint)));
                continue;
            }
            if let Some((start, ..)) = under {
                losses.entry(start).or_default().push((from, to));
            }
            run = Some((run.map_or(from, |run| run.0), to));
        }
        begun.extend(run.map(|tokens| (tokens, paint)));
    }
    for (start, lost) in losses {
        let Some((end, version)) = state.remove(start) else { continue };
        for rest in rests((start, end), &lost) {
            state.insert(rest, Version { since: block, stored: false, ..version.clone() });
        }
        close(contract, ((start, end), &version), block, changes);
    }
    for (tokens, paint) in begun {
        let Some(owner) = somebody(paint.to) else { continue };
        let kind = paint.kind;
        let version = Version { owner, since: block, acquired: block, kind, stored: false };
        state.insert(tokens, version);
    }
}

/// What is left of an interval without `lost`, which are ascending parts of it.
fn rests((start, end): (U256, U256), lost: &[(U256, U256)]) -> Vec<(U256, U256)> {
    let mut rests = Vec::new();
    let mut next = Some(start);
    for (first, last) in lost {
        if let Some(at) = next.filter(|at| at < first) {
            rests.push((at, *first - U256::ONE));
        }
        next = last.checked_add(U256::ONE);
    }
    rests.extend(next.filter(|at| *at <= end).map(|at| (at, end)));
    rests
}

fn close(
    contract: ContractKey,
    (tokens, version): ((U256, U256), &Version),
    until: u64,
    changes: &mut Changes,
) {
    match written(contract, tokens, version) {
        Written::Token(holding) => {
            if version.stored {
                changes.ended.push(holding.clone());
            }
            changes.past.push(PastHolding { holding, until });
        }
        Written::Range(range) if version.stored => {
            changes.ranges_ended.push(PastRange { range, until });
        }
        Written::Range(range) => changes.ranges_past.push(PastRange { range, until }),
    }
}

/// A version as its table has it.
enum Written {
    Token(Holding),
    Range(OwnedRange),
}

fn written(contract: ContractKey, (first, last): (U256, U256), version: &Version) -> Written {
    let Version { owner, since, acquired, .. } = *version;
    match version.kind {
        Kind::Token { since_log } => {
            let token = (contract, first);
            Written::Token(Holding { token, owner, balance: None, since, since_log, acquired })
        }
        Kind::Range { acquired_log, listed } => {
            let span = TokenSpan { contract, first, last };
            Written::Range(OwnedRange { span, owner, since, acquired, acquired_log, listed })
        }
    }
}
