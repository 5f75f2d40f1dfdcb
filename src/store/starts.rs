//! `chain.contracts`, lower starts: asked for by whoever names a contract again, applied by the
//! tracker.

use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height, number};
use crate::types::{ChainKey, ContractKey};

/// Whether a lower start waits to be applied.
pub async fn any(executor: impl PgExecutor<'_>, chain: ChainKey) -> Result<bool, StoreError> {
    let any = sqlx::query_scalar(
        r"
        select exists (select from chain.contracts
            where chain = $1 and wanted_start is not null and state in ('loading', 'folding', 'ready'))
        ",
    )
    .bind(chain.0)
    .fetch_one(executor)
    .await?;
    Ok(any)
}

/// Applies the lower starts of followed contracts and answers whose start has moved, each with the
/// first block that the live edge has written of it until now. Their ownership is no longer whole, and
/// the live edge counts from the block after the `checkpoint` on.
pub async fn apply(
    connection: &mut PgConnection,
    chain: ChainKey,
    checkpoint: u64,
) -> Result<Vec<(ContractKey, u64)>, StoreError> {
    let moved: Vec<(i32, i64)> = sqlx::query_as(
        r"
        with waiting as (
            select id, start_block as before, live_from as wrote_from from chain.contracts
            where chain = $1 and wanted_start is not null and state in ('loading', 'folding', 'ready')
            order by id for no key update
        ), applied as (
            update chain.contracts c set wanted_start = null,
                start_block = least(start_block, wanted_start),
                state = case when wanted_start < before then 'loading' else state end,
                folded_to = case when wanted_start < before then null else folded_to end,
                live_from = case when wanted_start < before then $2 else live_from end
            from waiting w where c.id = w.id
            returning c.id, greatest(w.wrote_from, w.before) as wrote_from,
                c.start_block < w.before as moved
        ), begun as (
            delete from chain.folds f using applied a where f.contract_id = a.id and a.moved
        )
        select id, wrote_from from applied where moved order by id
        ",
    )
    .bind(chain.0)
    .bind(height(checkpoint) + 1)
    .fetch_all(connection)
    .await?;
    Ok(moved.into_iter().map(|(id, from)| (ContractKey(id), number(from))).collect())
}
