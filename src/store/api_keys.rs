//! `platform.accounts` and `platform.api_keys`: who may write.

use sqlx::FromRow;
use time::OffsetDateTime;

use super::{Pool, StoreError};

/// A key about to be stored. The key itself is never given to the database.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// Account by name; made where it does not exist.
    pub account: &'a str,
    /// What people call the key.
    pub name: &'a str,
    /// Public part that finds the row.
    pub prefix: &'a str,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// What the key may do.
    pub scopes: &'a [String],
    /// From when on it is refused.
    pub expires_at: Option<OffsetDateTime>,
}

/// A stored key, judged by the database's clock.
#[derive(Clone, Debug, FromRow)]
pub struct StoredKey {
    /// Surrogate number.
    pub id: i64,
    /// Its account.
    pub account_id: i64,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<String>,
    /// Whether its time is over.
    pub expired: bool,
    /// Whether it was taken back.
    pub revoked: bool,
    /// Whether it may be used from some networks only.
    pub restricted: bool,
}

/// Stores a key and, where needed, its account, in one statement; answers the key's number.
pub async fn create(pool: &Pool, key: &NewKey<'_>) -> Result<i64, StoreError> {
    let id = sqlx::query_scalar(
        r"with account as (
            insert into platform.accounts (name) values ($1)
            on conflict on constraint accounts_name_key do update set name = excluded.name
            returning id
        )
        insert into platform.api_keys (account_id, prefix, hash, name, scopes, expires_at)
        select account.id, $2, $3, $4, $5, $6 from account
        returning id",
    )
    .bind(key.account)
    .bind(key.prefix)
    .bind(key.hash)
    .bind(key.name)
    .bind(key.scopes)
    .bind(key.expires_at)
    .fetch_one(pool)
    .await?;
    Ok(id)
}

/// The key of this prefix.
pub async fn find(pool: &Pool, prefix: &str) -> Result<Option<StoredKey>, StoreError> {
    let row = sqlx::query_as(
        r"select id, account_id, hash, scopes,
            coalesce(expires_at <= clock_timestamp(), false) as expired,
            coalesce(revoked_at <= clock_timestamp(), false) as revoked,
            allowed_networks is not null as restricted
        from platform.api_keys
        where prefix = $1",
    )
    .bind(prefix)
    .fetch_optional(pool)
    .await?;
    Ok(row)
}
