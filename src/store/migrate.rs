//! The schema: which migrations there are, applying them, and whether this release can run on what
//! the database holds.
//!
//! Each migration records the oldest release that can run on the schema it leaves
//! (`platform.migrations.compatible_from`); a binary refuses only below that, so that replicas can
//! be upgraded one after the other and an upgrade can be rolled back.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr};

use super::StoreError;

/// Every migration, oldest first.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "create the lasting shapes",
        include_str!("../../migrations/0001_create_the_lasting_shapes.sql"),
    ),
    (2, "read every standard", include_str!("../../migrations/0002_read_every_standard.sql")),
    (3, "share the work", include_str!("../../migrations/0003_share_the_work.sql")),
    (
        4,
        "answer in one statement",
        include_str!("../../migrations/0004_answer_in_one_statement.sql"),
    ),
    (5, "show the views", include_str!("../../migrations/0005_show_the_views.sql")),
];

/// Serialises replicas that migrate at once. Taken for a transaction, not a session, so that it
/// works through poolers; the number is only a name.
const LOCK: i64 = 0x4845_5241_4C44;

/// SQLSTATE of a lock that was not had in time (`lock_not_available`).
const LOCK_TIMED_OUT: &str = "55P03";
/// What to tell then: a replica that was frozen in the middle holds the lock until its connection
/// ends.
const LOCKED: &str = "another process has been migrating the database for a minute: wait for it, or \
    end its connections (`select pid, application_name from pg_stat_activity where \
    application_name like 'herald/%'`)";

/// How the database's schema relates to this release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Everything this release knows is applied, and it may run.
    Current,
    /// Empty, or older than this release: `herald migrate` brings it up.
    Behind {
        /// Newest applied migration; 0 where there is none.
        applied: i64,
        /// Newest migration of this release.
        newest: i64,
    },
    /// Left by a newer release that this one cannot run beside.
    TooNew {
        /// Oldest release that can.
        compatible_from: String,
    },
}

/// Applies what is missing; `connection` is used for the migrations, `guard` only holds the lock.
pub async fn apply(
    connection: &mut PgConnection,
    guard: &mut PgConnection,
) -> Result<(), StoreError> {
    if inspect(connection).await? == Schema::Current {
        return Ok(());
    }
    let mut lock = guard.begin().await?;
    sqlx::query("set local lock_timeout = '60s'").execute(&mut *lock).await?;
    let locked = sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *lock);
    match locked.await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_TIMED_OUT) => {
            return Err(StoreError::Schema(LOCKED.into()));
        }
        done => done?,
    };
    if let Schema::TooNew { compatible_from } = inspect(connection).await? {
        return Err(StoreError::Schema(too_new(&compatible_from)));
    }
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            let sql: &'static str = sql;
            Migration::new(
                *version,
                Cow::Borrowed(*name),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_ignore_missing(true).set_locking(false);
    migrator
        .run(connection)
        .await
        .map_err(|error| StoreError::Schema(format!("migrating failed: {error}")))?;
    lock.rollback().await?;
    Ok(())
}

/// Reads how far the schema is; changes nothing.
pub async fn inspect(connection: &mut PgConnection) -> Result<Schema, StoreError> {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.0);
    let there: Option<String> =
        sqlx::query_scalar("select to_regclass('platform.migrations')::text")
            .fetch_one(&mut *connection)
            .await?;
    if there.is_none() {
        return Ok(Schema::Behind { applied: 0, newest });
    }
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select version, compatible_from from platform.migrations order by version")
            .fetch_all(&mut *connection)
            .await?;
    let own = release(env!("CARGO_PKG_VERSION"));
    if let Some((_, needed)) = rows.iter().rev().find(|(_, needed)| release(needed) > own) {
        return Ok(Schema::TooNew { compatible_from: needed.clone() });
    }
    let applied = rows.last().map_or(0, |row| row.0);
    if applied < newest { Ok(Schema::Behind { applied, newest }) } else { Ok(Schema::Current) }
}

/// What to tell an operator whose database is ahead of this release.
pub fn too_new(compatible_from: &str) -> String {
    format!(
        "the database was migrated by a newer release: it needs herald {compatible_from} or newer, \
         this is {}; nothing was changed",
        env!("CARGO_PKG_VERSION")
    )
}

fn release(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}
