//! The first step of a fold: noting up to which block it builds.

use std::time::Duration;

use super::{final_block, may_fold};
use crate::index::Context;
use crate::store::folds::{self, Folding};
use crate::store::{StoreError, chains, contracts, loaded};

/// Begins the fold of the next contract whose past is whole, claimed as `claim` says.
///
/// Under the chain's lock, so that what is found whole is stored up to the final mark that is noted.
pub(super) async fn begin(
    context: &Context,
    claim: (&str, Duration),
) -> Result<Option<Folding>, StoreError> {
    let kinds = context.kinds_named(|kind| kind.moves_tokens);
    while let Some(found) = loaded::next_whole(&context.pool, context.key, &kinds).await? {
        let key = (context.key, found.key);
        let mut tx = context.pool.begin().await?;
        let row = chains::lock(&mut tx, context.key).await?;
        let Some(to_block) = final_block(&row).filter(|_| may_fold(context, &row)) else {
            return Ok(None);
        };
        // Of this one alone, because others wait for the lock; its past may begin anew.
        if loaded::still_whole(&mut *tx, key, &kinds).await?.is_none() {
            return Ok(None);
        }
        let begun = folds::begin(&mut *tx, key, to_block, claim).await?;
        if begun.is_some() {
            contracts::set_folding(&mut *tx, found.key).await?;
            tx.commit().await?;
            return Ok(begun);
        }
        // Another replica has begun it since.
    }
    Ok(None)
}
