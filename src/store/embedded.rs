//! The database that Herald's own server holds its rows in.

use sqlx::PgConnection;

use super::StoreError;

/// Name of the database and of its owner in an embedded cluster.
pub const DATABASE: &str = "herald";

/// Creates the database where it is missing. The caller makes sure that nobody else does so now.
pub async fn ensure_database(connection: &mut PgConnection) -> Result<(), StoreError> {
    let there: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut *connection)
            .await?;
    if !there {
        sqlx::query("create database herald").execute(&mut *connection).await?;
    }
    Ok(())
}
