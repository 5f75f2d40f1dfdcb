//! Has the dataset stored: made once, found again by its mark.

use std::time::Instant;

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::cluster::Server;
use crate::keys::Dataset;
use crate::say;
use crate::settings::Settings;

/// Counts what `dataset.sql` makes; a database with another number is made again.
const VERSION: i32 = 1;

/// What makes it, in steps.
const STEPS: &str = include_str!("dataset.sql");

/// What divides the steps.
const MARK: &str = "\n-- step: ";

/// The dataset that is asked for; what is stored of another is thrown away.
pub(crate) async fn prepare(settings: &Settings, server: &Server) -> anyhow::Result<Dataset> {
    let mut connection = server.connect().await?;
    if let Some(found) = find(&mut connection, settings.transfers).await? {
        say(&format!("using the {} transfers that are stored", found.transfers));
        return Ok(found);
    }
    let begun = Instant::now();
    let empty: bool = sqlx::query_scalar(
        "select not exists (select from chain.chains) and to_regnamespace('bench') is null",
    )
    .fetch_one(&mut connection)
    .await?;
    anyhow::ensure!(
        empty,
        "the database in {} holds something else, or a part: remove that folder",
        settings.dir.display()
    );
    make(&mut connection, settings.transfers).await?;
    let made = find(&mut connection, settings.transfers).await?;
    connection.close().await?;
    say(&format!("the dataset took {} s", begun.elapsed().as_secs()));
    made.context("the dataset was made and is not there")
}

async fn find(connection: &mut PgConnection, transfers: i64) -> anyhow::Result<Option<Dataset>> {
    let there: bool = sqlx::query_scalar("select to_regclass('bench.dataset') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(None);
    }
    let found = sqlx::query_as(
        "select transfers, tokens, contracts, blocks, wallets, collectors from bench.dataset
        where finished and version = $1 and transfers = $2",
    )
    .bind(VERSION)
    .bind(transfers)
    .fetch_optional(connection)
    .await?;
    Ok(found)
}

async fn make(connection: &mut PgConnection, transfers: i64) -> anyhow::Result<()> {
    let settings = format!(
        "set bench.version = {VERSION}; set bench.transfers = {transfers}; set work_mem = '1GB';
        set maintenance_work_mem = '1GB'"
    );
    sqlx::raw_sql(AssertSqlSafe(settings)).execute(&mut *connection).await?;
    for step in STEPS.split(MARK).skip(1) {
        let (name, statements) = step.split_once('\n').context("a step is a name and its lines")?;
        say(&format!("making the dataset: {name}"));
        sqlx::raw_sql(statements)
            .execute(&mut *connection)
            .await
            .with_context(|| name.to_owned())?;
    }
    Ok(())
}
