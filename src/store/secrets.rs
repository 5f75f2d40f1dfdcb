//! `platform.secrets`: what all replicas sign with, made once for a database.

use sqlx::PgExecutor;

use super::StoreError;

/// What signs cursors.
pub const CURSORS: &str = "cursors";

/// The secret of this name.
pub async fn named(executor: impl PgExecutor<'_>, name: &str) -> Result<[u8; 32], StoreError> {
    let value: Option<[u8; 32]> =
        sqlx::query_scalar("select value from platform.secrets where name = $1")
            .bind(name)
            .fetch_optional(executor)
            .await?;
    value.ok_or(StoreError::Corrupt { column: "secrets.name" })
}
