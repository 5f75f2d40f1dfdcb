//! What a rewind does to the past: `chain.spans`, `chain.loaded` and the contracts' place in it.

use sqlx::PgConnection;

use super::{StoreError, height};
use crate::types::ChainKey;

/// After a rewind to `to` nothing above it is loaded or waits to be, claims under way are fenced, those
/// on folds where they read above it, and the live edge writes every contract from the next block on.
pub async fn clip(
    connection: &mut PgConnection,
    chain: ChainKey,
    to: u64,
) -> Result<(), StoreError> {
    for statement in [
        r"
        update chain.spans set
            to_block = greatest($2, from_block - 1),
            next_block = least(next_block, greatest($2, from_block - 1) + 1),
            state = case when least(next_block, greatest($2, from_block - 1) + 1)
                > greatest($2, from_block - 1) then 'done' else 'pending' end,
            last_hash = case when next_block > $2 + 1 then null else last_hash end,
            lease_until = null,
            lease_token = lease_token + 1
        where chain = $1 and to_block > $2
        ",
        r"
        update chain.loaded set blocks = blocks * int8multirange(int8range(null, $2 + 1))
        where chain = $1 and upper(blocks) > $2 + 1
        ",
        r"
        select from chain.contracts where chain = $1 and (live_from > $2 + 1 or live_to > $2)
        order by id for no key update
        ",
        "update chain.contracts set live_from = $2 + 1 where chain = $1 and live_from > $2 + 1",
        "update chain.contracts set live_to = $2 where chain = $1 and live_to > $2",
        r"
        update chain.folds set lease_until = null, lease_token = pg_current_xact_id()::text::int8
        where chain = $1 and done and to_block <= $2
        ",
        "delete from chain.folds where chain = $1 and to_block > $2",
    ] {
        sqlx::query(statement).bind(chain.0).bind(height(to)).execute(&mut *connection).await?;
    }
    Ok(())
}
