//! `chain.contracts`, lower starts: asked for by whoever names a contract again, applied by the
//! tracker.

use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
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

/// Applies the lower starts of followed contracts and answers whose start has moved; their ownership
/// is no longer whole.
pub async fn apply(
    connection: &mut PgConnection,
    chain: ChainKey,
) -> Result<Vec<ContractKey>, StoreError> {
    let moved: Vec<i32> = sqlx::query_scalar(
        r"
        with waiting as (
            select id, start_block as before from chain.contracts
            where chain = $1 and wanted_start is not null and state in ('loading', 'folding', 'ready')
            order by id for no key update
        ), applied as (
            update chain.contracts c set wanted_start = null,
                start_block = least(start_block, wanted_start),
                state = case when wanted_start < before then 'loading' else state end,
                folded_to = case when wanted_start < before then null else folded_to end
            from waiting w where c.id = w.id
            returning c.id, c.start_block < w.before as moved
        ), begun as (
            delete from chain.folds f using applied a where f.contract_id = a.id and a.moved
        )
        select id from applied where moved order by id
        ",
    )
    .bind(chain.0)
    .fetch_all(connection)
    .await?;
    Ok(moved.into_iter().map(ContractKey).collect())
}
