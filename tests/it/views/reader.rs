//! What a member of `herald_reader` may do.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::support::database::{TestDatabase, fresh};

/// SQLSTATE of what the user may not do (`insufficient_privilege`).
const FORBIDDEN: &str = "42501";

/// A user that only has what the role gives, connected.
pub(super) async fn reader(db: &TestDatabase) -> (PgConnection, String) {
    let name = format!("reader_{:016x}", rand::random::<u64>());
    let create = format!("create role {name} login password 'a' in role herald_reader");
    sqlx::query(AssertSqlSafe(create)).execute(&db.pool).await.unwrap();
    let owner: PgConnectOptions = db.pool.connect_options().as_ref().clone();
    let connection = owner.username(&name).password("a").connect().await.unwrap();
    (connection, name)
}

/// Users belong to the server, which outlives the database.
pub(super) async fn leave(db: &TestDatabase, (connection, name): (PgConnection, String)) {
    connection.close().await.unwrap();
    let drop = format!("drop role {name}");
    sqlx::query(AssertSqlSafe(drop)).execute(&db.pool).await.unwrap();
}

/// The names of all relations of a schema.
async fn relations(db: &TestDatabase, schema: &str) -> Vec<String> {
    sqlx::query_scalar(
        r"select format('%I.%I', n.nspname, c.relname) from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm') order by 1",
    )
    .bind(schema)
    .fetch_all(&db.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_reader_reads_the_views_and_nothing_else() {
    let db = fresh().await;
    let (mut connection, name) = reader(&db).await;
    let views = relations(&db, "herald_v1").await;
    assert!(views.len() >= 9, "{views:?}");
    for view in &views {
        let read = AssertSqlSafe(format!("select * from {view}"));
        sqlx::query(read).fetch_all(&mut connection).await.unwrap();
        for write in ["delete from", "truncate"] {
            let write = AssertSqlSafe(format!("{write} {view}"));
            assert!(sqlx::query(write).execute(&mut connection).await.is_err(), "{view}");
        }
    }
    let mut refused = Vec::new();
    for schema in ["chain", "platform"] {
        let tables = relations(&db, schema).await;
        assert!(tables.len() > 3, "{schema}");
        refused.extend(tables.into_iter().map(|table| format!("select * from {table}")));
    }
    refused.push("create view herald_v1.mine as select 1".to_owned());
    refused.push("select chain.create_partitions(1::int2)".to_owned());
    for statement in refused {
        let done = sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut connection).await;
        let error = done.expect_err(&statement).into_database_error().expect("the server's word");
        assert_eq!(error.code().as_deref(), Some(FORBIDDEN), "{statement}: {error}");
    }
    leave(&db, (connection, name)).await;
}

#[tokio::test]
async fn a_later_view_is_readable_too() {
    let db = fresh().await;
    let (mut connection, name) = reader(&db).await;
    let later = "create view herald_v1.later as select count(*) as n from chain.contracts";
    sqlx::query(later).execute(&db.pool).await.unwrap();
    let count: i64 = sqlx::query_scalar("select n from herald_v1.later")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(count, 0);
    leave(&db, (connection, name)).await;
}

#[tokio::test]
async fn a_user_who_may_not_make_roles_migrates_all_the_same() {
    let db = fresh().await;
    let text = include_str!("../../../migrations/0005_show_the_views.sql");
    let name = format!("owner_{:016x}", rand::random::<u64>());
    for statement in [
        "drop schema herald_v1 cascade".to_owned(),
        "delete from platform.migrations where version = 5".to_owned(),
        format!("create role {name} nocreaterole"),
        format!(
            "do $$ begin execute format('grant create on database %I to {name}', current_database()); end $$"
        ),
        format!("grant usage on schema chain, platform to {name}"),
        format!("grant select on all tables in schema chain to {name}"),
        format!("grant insert on platform.migrations to {name}"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&db.pool).await.unwrap();
    }
    let mut connection = db.pool.acquire().await.unwrap();
    let become_owner = format!("set role {name}");
    sqlx::query(AssertSqlSafe(become_owner)).execute(&mut *connection).await.unwrap();
    // The role of this server is there already, so a name that nobody has stands for it.
    let unknown = format!("{name}_reader");
    let text = text.replace("herald_reader", &unknown);
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await.unwrap();
    sqlx::query("reset role").execute(&mut *connection).await.unwrap();
    let made: bool = sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
        .bind(&unknown)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert!(!made);
    assert!(relations(&db, "herald_v1").await.len() >= 9);
    let gone = format!("drop owned by {name} cascade; drop role {name}");
    sqlx::raw_sql(AssertSqlSafe(gone)).execute(&mut *connection).await.unwrap();
}
