//! The database that Herald's own server holds its rows in.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

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

/// Throws the database away with everything in it, whoever is connected, and creates it empty.
/// `options` reach it, as a user who may do so.
pub async fn recreate_database(options: PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.database("postgres").connect().await?;
    sqlx::query("drop database if exists herald with (force)").execute(&mut connection).await?;
    ensure_database(&mut connection).await?;
    Ok(connection.close().await?)
}
