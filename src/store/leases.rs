//! Leases: who may act on a thing, by the database's clock, with a token that grows with every new
//! owner and is checked in the transaction that acts.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor};

use super::StoreError;

/// A lease that this process held when it last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is leased.
    pub name: String,
    /// Grows with every new owner.
    pub token: i64,
}

/// Takes, or renews, the lease `name` for `owner`; `None` while another one holds it.
pub async fn acquire(
    executor: impl PgExecutor<'_>,
    name: &str,
    owner: &str,
    length: Duration,
) -> Result<Option<Lease>, StoreError> {
    let token: Option<i64> = sqlx::query_scalar(
        r"
        insert into chain.leases as held (name, owner, until, token)
        select $1::text, $2::text, clock_timestamp() + $3 * interval '1 second', 1
        -- Who waits for another's lease neither locks its row nor waits for a commit under it.
        where not exists (
            select from chain.leases
            where name = $1 and owner <> $2 and until >= clock_timestamp()
        )
        on conflict (name) do update set
            owner = excluded.owner,
            until = excluded.until,
            token = held.token + (held.owner <> excluded.owner)::int
        where held.owner = excluded.owner or held.until < clock_timestamp()
        returning token
        ",
    )
    .bind(name)
    .bind(owner)
    .bind(length.as_secs_f64())
    .fetch_optional(executor)
    .await?;
    Ok(token.map(|token| Lease { name: name.to_owned(), token }))
}

/// Fails unless nobody has taken the lease since; holds it until the transaction ends.
pub async fn check(connection: &mut PgConnection, lease: &Lease) -> Result<(), StoreError> {
    let token: Option<i64> =
        sqlx::query_scalar("select token from chain.leases where name = $1 for share")
            .bind(&lease.name)
            .fetch_optional(connection)
            .await?;
    match token {
        Some(token) if token == lease.token => Ok(()),
        _ => Err(StoreError::Fenced { what: "lease" }),
    }
}

/// Ends this lease, so that another replica takes it at once.
pub async fn give_back(executor: impl PgExecutor<'_>, lease: &Lease) -> Result<(), StoreError> {
    sqlx::query("update chain.leases set until = clock_timestamp() where name = $1 and token = $2")
        .bind(&lease.name)
        .bind(lease.token)
        .execute(executor)
        .await?;
    Ok(())
}

/// Ends every lease of `owner` and its presence, so that another replica need wait for neither to
/// run out.
pub async fn release(executor: impl PgExecutor<'_>, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with gone as (delete from chain.leases where name = 'replica:' || $1)
        update chain.leases set until = clock_timestamp()
        where owner = $1 and name <> 'replica:' || $1
        ",
    )
    .bind(owner)
    .execute(executor)
    .await?;
    Ok(())
}

/// Ends every lease, every presence and every claim on a span, whoever holds them: for a process
/// that is alone on the database and starts after one that was killed.
pub async fn release_all(executor: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with claims as (
            update chain.spans set lease_until = null
            where state = 'pending' and lease_until is not null
        ), gone as (
            delete from chain.leases where starts_with(name, 'replica:')
        )
        update chain.leases set until = clock_timestamp()
        where until > clock_timestamp() and not starts_with(name, 'replica:')
        ",
    )
    .execute(executor)
    .await?;
    Ok(())
}
