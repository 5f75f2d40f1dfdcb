//! The seams between the spans of a set, and the end of a set.
//!
//! Spans of one set are read by different workers from different endpoints. When all of them are
//! done, the last block of each must be the parent of the first of the next; where it is not, both
//! are read anew. Then its contracts own what the set has loaded.

use sqlx::PgConnection;

use super::{Context, allot};
use crate::store::load_sets::{self, Ends};
use crate::store::spans::{self, Span};
use crate::store::{StoreError, chains, load_members, notify};
use crate::types::ContractKey;
use crate::work::{Pass, Topic};

/// Finishes a set of the chain whose spans are all done, if there is one; else lets go who waits for
/// nothing.
pub(super) async fn finish(context: &Context) -> anyhow::Result<Pass> {
    if load_sets::whole(&context.pool, context.key).await?.is_none() {
        return let_go(context).await;
    }
    let mut tx = context.pool.begin().await?;
    chains::lock(&mut tx, context.key).await?;
    let Some(set) = load_sets::whole(&mut *tx, context.key).await? else {
        return Ok(Pass::Worked);
    };
    let broken = broken(&load_sets::ends(&mut tx, &[set]).await?);
    if broken.is_empty() {
        load_members::bank(&mut tx, &[set], None, &[]).await?;
        load_sets::finish(&mut tx, set).await?;
        tx.commit().await?;
        notify::send(&context.pool, Topic::Indexes.as_str()).await?;
        notify::send(&context.pool, Topic::Folds.as_str()).await?;
        return Ok(Pass::Worked);
    }
    spans::restart(&mut tx, &broken).await?;
    tx.commit().await?;
    tracing::warn!(
        chain.id = %context.id,
        spans = broken.len(),
        "{} reads {} parts of a past again: neighbouring blocks do not stand on each other",
        context.name, broken.len()
    );
    Ok(Pass::Worked)
}

/// Has a claimed span read anew: nothing shows which side of a broken seam inside it was right.
pub(super) async fn read_again(
    context: &Context,
    span: &Span,
    why: &anyhow::Error,
) -> anyhow::Result<Pass> {
    let mut tx = context.pool.begin().await?;
    spans::check(&mut tx, span).await?;
    spans::restart(&mut tx, &[span.id]).await?;
    tx.commit().await?;
    tracing::warn!(
        chain.id = %context.id,
        block.number = span.next,
        "{} reads a past again from its beginning: {why}", context.name
    );
    Ok(Pass::Worked)
}

/// Failures of a span after which contracts that need nothing of it are no longer kept waiting.
const FAILURES_MAX: i32 = 3;
/// Most contracts let go in one transaction, which holds the chain's lock.
const LET_GO_MAX: i64 = 500;

/// Lets contracts go whose own past is read while their set cannot be finished, because a span below
/// their first blocks fails.
async fn let_go(context: &Context) -> anyhow::Result<Pass> {
    let bounds = (FAILURES_MAX, LET_GO_MAX);
    if load_members::beyond_failures(&context.pool, context.key, bounds).await?.is_empty() {
        return Ok(Pass::Idle);
    }
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    let members = load_members::beyond_failures(&mut *tx, context.key, bounds).await?;
    leave(&mut tx, &members).await?;
    // What lay beside a broken seam, or is missing of other kinds of logs, is still to be read.
    allot::plan(&mut tx, context, &row.log_kinds, &members).await?;
    tx.commit().await?;
    notify::send(&context.pool, Topic::Spans.as_str()).await?;
    notify::send(&context.pool, Topic::Indexes.as_str()).await?;
    notify::send(&context.pool, Topic::Folds.as_str()).await?;
    Ok(Pass::Worked)
}

/// Takes contracts out of the sets that load them. What those have read of them stays theirs, but for
/// parts beside a broken seam. The caller holds the chain's lock, and none of the contracts'.
pub(super) async fn leave(
    tx: &mut PgConnection,
    contracts: &[ContractKey],
) -> Result<(), StoreError> {
    let sets = load_members::fence(tx, contracts).await?;
    let broken = broken(&load_sets::ends(tx, &sets).await?);
    load_members::bank(tx, &sets, Some(contracts), &broken).await?;
    load_members::drop_members(tx, &sets, contracts).await
}

/// The spans beside a seam whose sides disagree.
fn broken(ends: &[Ends]) -> Vec<i64> {
    let pairs = ends.windows(2).filter_map(|pair| match pair {
        [lower, upper] if lower.set == upper.set && lower.to + 1 == upper.from => {
            Some((lower, upper))
        }
        _ => None,
    });
    let disagree = |(lower, upper): &(&Ends, &Ends)| {
        let sides = lower.last_hash.zip(upper.first_parent);
        sides.is_some_and(|(last, parent)| last != parent)
    };
    let mut broken: Vec<i64> =
        pairs.filter(disagree).flat_map(|(lower, upper)| [lower.id, upper.id]).collect();
    broken.dedup();
    broken
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;

    fn ends(id: i64, (from, to): (i64, i64), parent: u8, last: u8) -> Ends {
        let hash = |byte| Some(B256::repeat_byte(byte));
        Ends { id, set: 1, from, to, first_parent: hash(parent), last_hash: hash(last) }
    }

    #[test]
    fn both_sides_of_a_seam_that_does_not_fit_are_read_again() {
        let fits = [ends(1, (0, 9), 9, 1), ends(2, (10, 19), 1, 2), ends(3, (20, 29), 2, 3)];
        assert!(broken(&fits).is_empty());
        let mut torn = fits;
        torn[2].first_parent = Some(B256::repeat_byte(8));
        assert_eq!(broken(&torn), [2, 3]);
        torn[1].first_parent = Some(B256::repeat_byte(7));
        assert_eq!(broken(&torn), [1, 2, 3]);
    }

    #[test]
    fn spans_apart_and_spans_that_were_clipped_have_no_seam() {
        let apart = [ends(1, (0, 9), 9, 1), ends(2, (11, 19), 5, 2)];
        assert!(broken(&apart).is_empty());
        let other_set = [ends(1, (0, 9), 9, 1), Ends { set: 2, ..ends(2, (10, 19), 5, 2) }];
        assert!(broken(&other_set).is_empty());
        let clipped = [ends(1, (0, 9), 9, 1), Ends { last_hash: None, ..ends(2, (10, 12), 1, 2) }];
        assert!(broken(&clipped).is_empty());
    }
}
