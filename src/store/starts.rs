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
            where chain = $1 and wanted_start < start_block and state in ('loading', 'folding', 'ready'))
        ",
    )
    .bind(chain.0)
    .fetch_one(executor)
    .await?;
    Ok(any)
}

/// At most `most` followed contracts whose lower start waits.
pub async fn waiting(
    connection: &mut PgConnection,
    chain: ChainKey,
    most: i64,
) -> Result<Vec<ContractKey>, StoreError> {
    let waiting: Vec<i32> = sqlx::query_scalar(
        r"
        select id from chain.contracts
        where chain = $1 and wanted_start < start_block and state in ('loading', 'folding', 'ready')
        order by id limit $2
        ",
    )
    .bind(chain.0)
    .bind(most)
    .fetch_all(connection)
    .await?;
    Ok(waiting.into_iter().map(ContractKey).collect())
}

/// Applies the lower starts of these contracts and answers whose start has moved, each with the first
/// block that the live edge has written of it until now. Their ownership is no longer whole, and the
/// live edge counts from the block after the `checkpoint` on.
pub async fn apply(
    connection: &mut PgConnection,
    contracts: &[ContractKey],
    checkpoint: u64,
) -> Result<Vec<(ContractKey, u64)>, StoreError> {
    let moved: Vec<(i32, i64)> = sqlx::query_as(
        r"
        with waiting as (
            select id, start_block as before, live_from as wrote_from from chain.contracts
            where id = any ($1) order by id for no key update
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
    .bind(contracts.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(height(checkpoint) + 1)
    .fetch_all(connection)
    .await?;
    Ok(moved.into_iter().map(|(id, from)| (ContractKey(id), number(from))).collect())
}

/// Notes for every followed contract that the live edge has written it up to the `checkpoint` for
/// these kinds; it counts from the next block on.
pub async fn note_live(
    connection: &mut PgConnection,
    chain: ChainKey,
    log_kinds: &[String],
    checkpoint: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with wrote as (
            select c.id, greatest(c.live_from, c.start_block) as first from chain.contracts c
            where chain = $1 and state in ('loading', 'folding', 'ready')
            order by id for no key update
        ), moved as (
            update chain.contracts c set live_from = $3 + 1
            from wrote where c.id = wrote.id and c.live_from <= $3
        )
        insert into chain.loaded as l (contract_id, chain, log_kinds, blocks)
        select id, $1, $2, int8multirange(int8range(first, greatest(first, $3 + 1))) from wrote
        on conflict (contract_id, log_kinds) do update set blocks = l.blocks + excluded.blocks
        ",
    )
    .bind(chain.0)
    .bind(log_kinds)
    .bind(height(checkpoint))
    .execute(connection)
    .await?;
    Ok(())
}
