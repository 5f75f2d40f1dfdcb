//! `herald migrate`: brings the schema up to this release.

use super::database::{Need, open};
use super::{Exit, out};
use crate::config::Config;
use crate::store::migrate::Schema;

/// Bring the database's schema up to this release; `herald run` does it too
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = "Example:\n  herald migrate --config herald.toml")]
pub struct Args {}

/// Applies what is missing; a schema that is too new is refused and left alone.
pub async fn run(config: Config) -> anyhow::Result<Exit> {
    let opened = open(&config.database, ("migrate", Need::Command)).await?;
    let outcome = opened.migrate().await;
    opened.close().await?;
    match outcome? {
        Schema::Behind { applied, newest } => {
            out::line(format!("schema: migrated from {applied} to {newest}"))?;
        }
        Schema::Current | Schema::TooNew { .. } => out::line("schema: current")?,
    }
    Ok(Exit::Done)
}
