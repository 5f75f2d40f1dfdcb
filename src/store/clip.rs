//! What a rewind does to the plans for the past: `chain.spans` and `chain.load_sets`.

use sqlx::PgConnection;

use super::{StoreError, height};
use crate::types::ChainKey;

/// After a rewind to `to` nothing above it is loaded or waits to be; claims under way are fenced.
pub async fn clip(
    connection: &mut PgConnection,
    chain: ChainKey,
    to: u64,
) -> Result<(), StoreError> {
    sqlx::query(
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
    )
    .bind(chain.0)
    .bind(height(to))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        r"
        update chain.load_sets set loaded = loaded * int8multirange(int8range(null, $2 + 1))
        where chain = $1 and upper(loaded) > $2 + 1
        ",
    )
    .bind(chain.0)
    .bind(height(to))
    .execute(connection)
    .await?;
    Ok(())
}
