//! The status of a chain, and what a person decides about it.

use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height};
use crate::types::ChainKey;

/// Stores the status where it differs; `halted` and `paused` are left only by `resume`.
pub async fn set_status(
    executor: impl PgExecutor<'_>,
    key: ChainKey,
    status: &str,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.chains set
            status_since = case when status = $2 then status_since else clock_timestamp() end,
            status = $2, status_detail = $3
        where id = $1 and status not in ('halted', 'paused')
            and (status, status_detail) is distinct from ($2, $3)
        ",
    )
    .bind(key.0)
    .bind(status)
    .bind(detail)
    .execute(executor)
    .await?;
    Ok(())
}

/// Lowers the final mark: only for a person who has decided that what was final is not.
pub async fn lower_final(
    connection: &mut PgConnection,
    key: ChainKey,
    block: u64,
) -> Result<(), StoreError> {
    sqlx::query("update chain.chains set finalized = $2 where id = $1")
        .bind(key.0)
        .bind(height(block))
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a halt.
pub async fn resume(connection: &mut PgConnection, key: ChainKey) -> Result<(), StoreError> {
    sqlx::query(
        r"
        update chain.chains
        set status = 'loading', status_detail = null, status_since = clock_timestamp()
        where id = $1
        ",
    )
    .bind(key.0)
    .execute(connection)
    .await?;
    Ok(())
}
