//! The steps of a fold that need no lock of the chain: they build from what is final.
//!
//! What a step writes of a contract nobody reads or writes beside it, since the contract is not
//! ready. Its transaction locks the contract's row and then the fold's, which it does not wait for,
//! only when everything is written: so nobody waits for a step, and a step whose fold was ended
//! meanwhile leaves nothing behind.

use std::collections::HashSet;

use alloy::primitives::U256;
use sqlx::PgConnection;

use super::Sizes;
use crate::index::{Context, hold};
use crate::store::contracts::{self, Contract};
use crate::store::counters::{self, Counts};
use crate::store::folds::{self, Folding};
use crate::store::transfers::{self, Blocks};
use crate::store::{self, StoreError, fold};
use crate::types::{ChainKey, ContractKey};

/// What a step does to the counters.
enum Counting {
    /// Nothing yet.
    Later,
    /// They are counted from what is built.
    Anew,
    /// They change by this.
    By(Vec<(ContractKey, Counts)>),
}

/// Removes a part of what was built before, or builds the next part up to the fold's block.
pub(super) async fn build(
    context: &Context,
    sizes: &Sizes,
    fold: &Folding,
) -> Result<(), StoreError> {
    let key = (context.key, fold.contract);
    let mut next = fold.clone();
    let mut tx = context.pool.begin().await?;
    // Facts and cursor vanish together, so a crash only costs the step.
    store::relax(&mut tx).await?;
    if !fold.cleared && fold::clear(&mut tx, key, sizes.removed).await? {
        return finish(tx, key, (fold, next), Counting::Later).await;
    }
    next.cleared = true;
    let contract = contracts::by_keys(&mut *tx, &[fold.contract]).await?.into_iter().next();
    let contract = contract.ok_or(StoreError::Fenced { what: "contract" })?;
    // A contract that moves its first range while its tokens are being built does so in a block that
    // is not final yet: its past is loaded.
    let by_blocks = fold.after_token.is_none() && contract.has_ranges;
    let counting = if by_blocks {
        let blocks = Blocks { after: fold.after_block, to: fold.to_block };
        let (reached, counts) = replay(&mut tx, context.key, (&contract, blocks), sizes).await?;
        next.after_block = Some(reached);
        next.done = reached == fold.to_block;
        Counting::By(counts)
    } else {
        next.after_token = Some(by_tokens(&mut tx, key, (&contract, fold), sizes).await?);
        next.done = next.after_token == Some(U256::MAX);
        if next.done { Counting::Anew } else { Counting::Later }
    };
    finish(tx, key, (fold, next), counting).await
}

/// Whether more has become final since than the last step should do under the chain's lock.
pub(super) async fn is_behind(
    context: &Context,
    sizes: &Sizes,
    fold: &Folding,
    to: u64,
) -> Result<bool, StoreError> {
    let blocks = Blocks { after: Some(fold.to_block), to };
    transfers::more_than(&context.pool, (context.key, fold.contract), blocks, sizes.last).await
}

/// Goes through a part of what has become final since, up to block `to`.
pub(super) async fn catch_up(
    context: &Context,
    sizes: &Sizes,
    fold: &Folding,
    to: u64,
) -> Result<(), StoreError> {
    let key = (context.key, fold.contract);
    let mut tx = context.pool.begin().await?;
    store::relax(&mut tx).await?;
    let contract = contracts::by_keys(&mut *tx, &[fold.contract]).await?.into_iter().next();
    let contract = contract.ok_or(StoreError::Fenced { what: "contract" })?;
    let blocks = Blocks { after: Some(fold.to_block), to };
    let (reached, counts) = replay(&mut tx, context.key, (&contract, blocks), sizes).await?;
    let next = Folding { to_block: reached, ..fold.clone() };
    finish(tx, key, (fold, next), Counting::By(counts)).await
}

/// Commits a step that got from `before` to `next`.
async fn finish(
    mut tx: sqlx::Transaction<'_, sqlx::Postgres>,
    key: (ChainKey, ContractKey),
    (before, next): (&Folding, Folding),
    counting: Counting,
) -> Result<(), StoreError> {
    match counting {
        Counting::Later => {}
        Counting::Anew => fold::count(&mut tx, key, next.to_block).await?,
        Counting::By(counts) => {
            if next.cleared && !before.cleared {
                counters::reset(&mut tx, key.1).await?;
            }
            counters::count(&mut tx, &counts).await?;
        }
    }
    folds::check(&mut tx, before).await?;
    folds::save(&mut tx, &next).await?;
    tx.commit().await?;
    Ok(())
}

/// Builds the next tokens by set and answers the last of them; the largest number there is where
/// none are left.
async fn by_tokens(
    tx: &mut PgConnection,
    key: (ChainKey, ContractKey),
    (contract, fold): (&Contract, &Folding),
    sizes: &Sizes,
) -> Result<U256, StoreError> {
    // No log has shown a standard, so there is no transfer.
    let Some(standard) = contract.standard else { return Ok(U256::MAX) };
    let after = fold.after_token;
    let last = fold::bound(tx, key, after, sizes.by_tokens).await?;
    let part = fold::Part { after, last, to_block: fold.to_block };
    fold::build(tx, key, standard, part).await?;
    Ok(last)
}

/// Goes through the transfers of these blocks in order, as the live edge does: a range changes any
/// number of tokens, which no window over single tokens sees. Answers the block that it came to.
pub(super) async fn replay(
    tx: &mut PgConnection,
    chain: ChainKey,
    (contract, blocks): (&Contract, Blocks),
    sizes: &Sizes,
) -> Result<(u64, Vec<(ContractKey, Counts)>), StoreError> {
    let part = transfers::following(tx, (chain, contract.key), blocks, sizes.by_blocks).await?;
    let last = part.last().filter(|_| part.len() as u64 >= sizes.by_blocks.unsigned_abs());
    let reached = last.map_or(blocks.to, |stored| stored.transfer.position.block);
    let ranged: HashSet<ContractKey> =
        contract.has_ranges.then_some(contract.key).into_iter().collect();
    let counts = hold::apply_uncounted(tx, chain, &ranged, part).await?;
    Ok((reached, counts))
}
