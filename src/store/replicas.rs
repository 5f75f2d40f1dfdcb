//! Which processes are there, and what is done about one that has vanished: each keeps a lease of
//! its own in `chain.leases`, named `replica:` and its owner.
//!
//! A process that was killed leaves leases and claims behind. One that is frozen leaves more: its
//! server processes sit in the middle of their transactions with locks that no time limit ends,
//! because they wait for their client and not for a lock.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::{StoreError, folds};

/// Most replicas that are looked at; each has connections, so no server has as many.
const REPLICAS_MAX: i64 = 1_000;

/// Most claims on spans that are given back at once; the rest is the next try's.
const CLAIMS_MAX: i64 = 1_000;

/// SQLSTATE of a function that the user may not call.
const FORBIDDEN: &str = "42501";

/// A process that has said it is there.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Replica {
    /// Its name in leases.
    pub owner: String,
    /// Whether it should have said so again by now.
    pub vanished: bool,
}

/// What was ended of a vanished replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burial {
    /// Connections that were still open; `None` where the database user may not end them.
    pub connections: Option<u64>,
    /// Leases given back.
    pub leases: u64,
    /// Claims on spans given back.
    pub claims: u64,
}

/// Says that `owner` is there for `length` from now; never shortens what was said before.
///
/// Not [`super::leases::acquire`]: nobody competes for it, and it has no token.
pub async fn stay(
    connection: &mut PgConnection,
    owner: &str,
    length: Duration,
) -> Result<(), StoreError> {
    let kept = sqlx::query(
        r"
        update chain.leases
        set until = greatest(until, clock_timestamp() + $2 * interval '1 second')
        where name = 'replica:' || $1
        ",
    )
    .bind(owner)
    .bind(length.as_secs_f64())
    .execute(&mut *connection)
    .await?;
    if kept.rows_affected() == 0 {
        sqlx::query(
            r"
            insert into chain.leases (name, owner, until, token)
            values ('replica:' || $1, $1, clock_timestamp() + $2 * interval '1 second', 1)
            on conflict (name) do nothing
            ",
        )
        .bind(owner)
        .bind(length.as_secs_f64())
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Every replica but `owner`.
pub async fn others(
    connection: &mut PgConnection,
    owner: &str,
) -> Result<Vec<Replica>, StoreError> {
    let found = sqlx::query_as(
        r"
        select owner, until < clock_timestamp() as vanished from chain.leases
        where starts_with(name, 'replica:') and owner <> $1 order by name limit $2
        ",
    )
    .bind(owner)
    .bind(REPLICAS_MAX)
    .fetch_all(connection)
    .await?;
    Ok(found)
}

/// Whether the server shows under which name this connection was opened: where a pooler hides it,
/// the connections of others cannot be found either.
pub async fn named(connection: &mut PgConnection, name: &str) -> Result<bool, StoreError> {
    let shown = sqlx::query_scalar(
        r"
        select exists (
            select from pg_stat_activity where pid = pg_backend_pid() and application_name = $1
        )
        ",
    )
    .bind(name)
    .fetch_one(connection)
    .await?;
    Ok(shown)
}

/// Ends the connections of `owner`, gives back its leases and claims with new tokens, and forgets
/// it; `None` where it is there again, or another replica is doing this.
///
/// Nothing waits while a span is locked, so that the order of locks holds: leases first, then those
/// spans and folds that nobody holds. A claim that was passed over for that keeps the presence, so that the
/// next try comes to it.
pub async fn bury(
    connection: &mut PgConnection,
    owner: &str,
) -> Result<Option<Burial>, StoreError> {
    let mut tx = connection.begin().await?;
    let vanished = sqlx::query(
        r"
        select from chain.leases
        where name = 'replica:' || $1 and until < clock_timestamp() for update skip locked
        ",
    )
    .bind(owner)
    .execute(&mut *tx)
    .await?;
    if vanished.rows_affected() == 0 {
        return Ok(None);
    }
    let connections = end(&mut tx, owner).await?;
    let leases = return_leases(&mut tx, owner).await?;
    let claims = return_claims(&mut tx, owner).await?;
    sqlx::query(
        r"
        delete from chain.leases where name = 'replica:' || $1 and not exists (
            select from chain.spans where state = 'pending'
                and split_part(lease_owner, '#', 1) = $1 and lease_until > clock_timestamp()
        ) and not exists (
            select from chain.folds where lease_owner = $1 and lease_until > clock_timestamp()
        )
        ",
    )
    .bind(owner)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(Burial { connections, leases, claims }))
}

/// Ends the server's side of every connection of `owner` to this database by this user.
async fn end(connection: &mut PgConnection, owner: &str) -> Result<Option<u64>, StoreError> {
    let mut try_it = connection.begin().await?;
    let ended: Result<i64, sqlx::Error> = sqlx::query_scalar(
        r"
        select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and usename = session_user and pid <> pg_backend_pid()
            and starts_with(application_name, 'herald/')
            and split_part(application_name, '/', 3) = $1
        ",
    )
    .bind(owner)
    .fetch_one(&mut *try_it)
    .await;
    match ended {
        Ok(count) => {
            try_it.commit().await?;
            Ok(Some(count.unsigned_abs()))
        }
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(FORBIDDEN) => {
            try_it.rollback().await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A lease under a new token: what `owner` had in hand is void, even if nobody takes the lease
/// before it wakes.
async fn return_leases(connection: &mut PgConnection, owner: &str) -> Result<u64, StoreError> {
    let returned = sqlx::query(
        r"
        with held as (
            select name from chain.leases where owner = $1 and name <> 'replica:' || $1
            order by name for update
        )
        update chain.leases l set until = least(l.until, clock_timestamp()), token = l.token + 1
        from held where l.name = held.name
        ",
    )
    .bind(owner)
    .execute(connection)
    .await?;
    Ok(returned.rows_affected())
}

async fn return_claims(connection: &mut PgConnection, owner: &str) -> Result<u64, StoreError> {
    let returned = sqlx::query(
        r"
        with held as (
            select id from chain.spans
            where state = 'pending' and split_part(lease_owner, '#', 1) = $1
                and lease_until > clock_timestamp()
            order by id limit $2 for update skip locked
        )
        update chain.spans s set lease_until = null, lease_token = s.lease_token + 1
        from held where s.id = held.id
        ",
    )
    .bind(owner)
    .bind(CLAIMS_MAX)
    .execute(&mut *connection)
    .await?;
    folds::release(connection, owner).await?;
    Ok(returned.rows_affected())
}
