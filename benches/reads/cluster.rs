//! The benchmark's own Postgres: started for a run, kept on disk for the next.

use std::path::PathBuf;

use anyhow::Context as _;
use herald::config::Embedded;
use herald::postgres::Cluster;
use herald::store;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use crate::settings::Settings;

/// Set before anything is stored. Losing this database costs a few minutes, waiting for the disk
/// would cost more; the prefix tells the statements of each program apart; what is measured is not to
/// be disturbed by cleaning.
const SETTINGS: [&str; 4] = [
    "alter system set fsync = off",
    "alter system set synchronous_commit = off",
    "alter system set log_line_prefix = '%a|'",
    "alter system set autovacuum = off",
];

/// The running server.
pub(crate) struct Server {
    cluster: Cluster,
    /// How Herald reaches it.
    pub(crate) url: SecretString,
    /// What it says.
    pub(crate) log: PathBuf,
}

impl Server {
    /// Starts it, or adopts one that a killed run left.
    pub(crate) async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let home = settings.file("postgres");
        std::fs::create_dir_all(&settings.dir)
            .with_context(|| format!("the folder {} cannot be made", settings.dir.display()))?;
        let log = home.join("server.log");
        let config = Embedded { data_dir: Some(home), binaries: None, user: None };
        let cluster = Cluster::start(&config).await.context("Postgres does not start")?;
        let url = cluster.url();
        let server = Self { cluster, url, log };
        let mut connection = server.connect().await?;
        for statement in SETTINGS {
            sqlx::query(statement).execute(&mut connection).await?;
        }
        sqlx::query("select pg_reload_conf()").execute(&mut connection).await?;
        let mut guard = server.connect().await?;
        store::migrate::apply(&mut connection, &mut guard).await?;
        Ok(server)
    }

    /// A connection of the superuser's.
    pub(crate) async fn connect(&self) -> anyhow::Result<PgConnection> {
        self.cluster.options().connect().await.context("Postgres does not answer")
    }

    /// As `url`, of sessions that log every statement with its parameters.
    pub(crate) fn talkative_url(&self) -> anyhow::Result<SecretString> {
        let mut url: url::Url = self.url.expose_secret().parse()?;
        url.query_pairs_mut().append_pair("options[log_statement]", "all");
        Ok(url.to_string().into())
    }

    /// What `pgbench` needs to reach it, as libpq's variables; a password does not belong among
    /// arguments, which everybody sees.
    pub(crate) fn variables(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let url: url::Url = self.url.expose_secret().parse()?;
        let host = self.cluster.sockets().display().to_string();
        let port = url.port().context("the cluster's URL has a port")?.to_string();
        let password = url.password().context("the cluster's URL has a password")?;
        Ok(vec![
            ("PGHOST", host),
            ("PGPORT", port),
            ("PGUSER", url.username().to_owned()),
            ("PGPASSWORD", password.to_owned()),
            ("PGDATABASE", url.path().trim_start_matches('/').to_owned()),
        ])
    }

    /// Version and memory, for people.
    pub(crate) async fn version(&self) -> anyhow::Result<String> {
        let mut connection = self.connect().await?;
        let said = sqlx::query_scalar(
            "select 'Postgres ' || current_setting('server_version') || ', shared_buffers '
                || current_setting('shared_buffers') || ', database '
                || pg_size_pretty(pg_database_size(current_database()))",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok(said)
    }

    /// Stops it.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.cluster.stop().await.context("Postgres does not stop")
    }
}
