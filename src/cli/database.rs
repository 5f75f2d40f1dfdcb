//! The database of a command: the operator's server, or the embedded one started or attached to.

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use url::Url;

use crate::config::{Database, DatabaseSource, Embedded};
use crate::postgres::{Claim, Cluster};
use crate::store::leases;
use crate::store::migrate::{self, Schema};
use crate::store::pool::{self, Server};

/// A database that answered.
pub(super) struct Opened {
    /// How to reach it.
    pub(super) options: PgConnectOptions,
    /// How to reach the read replica, where one is configured.
    pub(super) read: Option<PgConnectOptions>,
    /// What it says of itself.
    pub(super) server: Option<Server>,
    /// The embedded server, where it is one.
    pub(super) embedded: Option<Running>,
}

/// The embedded server of a command.
pub(super) struct Running {
    pub(super) cluster: Cluster,
    pub(super) settings: Embedded,
    /// Held by whoever may stop the server.
    pub(super) claim: Option<Claim>,
}

/// Who needs the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The daemon: alone on an embedded server.
    Daemon,
    /// A command that starts an embedded server for itself where none runs.
    Command,
    /// A command that only looks: an embedded server that does not run is an answer too.
    Look,
}

/// Reaches the database and makes sure that it will do, or says plainly why not.
/// The connections say `command` of themselves.
pub(super) async fn open(
    database: &Database,
    (command, need): (&str, Need),
) -> anyhow::Result<Opened> {
    let mut opened = reach(database, (command, need)).await?;
    match opened.probe().await {
        Ok(()) => Ok(opened),
        Err(error) => {
            opened.close().await?;
            Err(error)
        }
    }
}

/// Finds or starts the server. May be dropped: a server that was being started ends.
pub(super) async fn reach(
    database: &Database,
    (command, need): (&str, Need),
) -> anyhow::Result<Opened> {
    let mut opened = match database.required()? {
        DatabaseSource::Url(url) => {
            let options = options("database.url", url.expose_secret())?;
            Opened { options, read: None, server: None, embedded: None }
        }
        DatabaseSource::Embedded(settings) => embedded(settings, need).await?,
    };
    opened.options = opened.options.application_name(&format!("herald/{command}"));
    let read = database.read.as_ref();
    let read = read.map(|url| options("database.read_url", url.expose_secret())).transpose()?;
    opened.read = read.map(|read| read.application_name(&format!("herald/{command}")));
    Ok(opened)
}

/// Parameters of a URL that are read; `options[...]` besides.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Reads a URL. Parameters that mean nothing here, such as those of other drivers, are told by name
/// and left out: sqlx would log them with their values, among them `sslpassword`.
fn options(setting: &str, url: &str) -> anyhow::Result<PgConnectOptions> {
    let unread = || format!("{setting} cannot be read");
    let mut url = Url::parse(url).with_context(unread)?;
    let is_known = |key: &str| PARAMETERS.contains(&key) || key.starts_with("options[");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (key, _) in pairs.iter().filter(|(key, _)| !is_known(key)) {
        tracing::warn!("{setting}: the parameter {key} is unknown here and ignored");
    }
    url.set_query(None);
    let known = pairs.into_iter().filter(|(key, _)| is_known(key));
    for (key, value) in known {
        url.query_pairs_mut().append_pair(&key, &value);
    }
    url.as_str().parse().with_context(unread)
}

async fn embedded(settings: &Embedded, need: Need) -> anyhow::Result<Opened> {
    if need != Need::Daemon
        && let Some(cluster) = Cluster::attach(settings).await?
    {
        return Ok(Opened::of(cluster, settings, None));
    }
    if need == Need::Look {
        bail!("the embedded Postgres does not run; `herald run` starts it");
    }
    let claim = Claim::take(settings)?;
    let cluster = Cluster::start(settings).await?;
    Ok(Opened::of(cluster, settings, Some(claim)))
}

impl Opened {
    fn of(cluster: Cluster, settings: &Embedded, claim: Option<Claim>) -> Self {
        let options = cluster.options();
        let running = Running { cluster, settings: settings.clone(), claim };
        Self { options, read: None, server: None, embedded: Some(running) }
    }

    /// Asks the server what it is; fails where it does not answer or is too old.
    pub(super) async fn probe(&mut self) -> anyhow::Result<()> {
        let probed = pool::probe(&self.options).await.with_context(|| {
            let (port, host) = (self.options.get_port(), self.options.get_host());
            let place = match self.options.get_socket() {
                Some(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
                None => format!("{host}:{port}"),
            };
            format!("the database at {place} cannot be used; nothing was changed")
        });
        self.server = Some(probed?);
        Ok(())
    }

    /// Says how many connections a replica takes of the server, and warns where two do not fit. A
    /// private server has one replica.
    pub(super) fn say_share(&self, connections_max: u32) {
        let Some(server) = &self.server else { return };
        let share = server.share(connections_max);
        if self.embedded.is_none() && !server.takes_two(connections_max) {
            tracing::warn!("{share}: two replicas do not fit; lower database.connections_max");
        } else {
            tracing::info!("{share}");
        }
    }

    /// Brings the schema up to this release; refuses one that this release cannot run on.
    pub(super) async fn migrate(&self) -> anyhow::Result<Schema> {
        let mut connection = self.options.clone().connect().await?;
        let mut guard = self.options.clone().connect().await?;
        let before = migrate::inspect(&mut connection).await?;
        migrate::apply(&mut connection, &mut guard).await?;
        connection.close().await?;
        guard.close().await?;
        Ok(before)
    }

    /// Ends what a killed daemon still holds, where nobody else can hold anything: whoever has the
    /// claim on an embedded server is the only daemon on it.
    pub(super) async fn inherit(&self) -> anyhow::Result<()> {
        if self.embedded.as_ref().is_some_and(|running| running.claim.is_some()) {
            let mut connection = self.options.clone().connect().await?;
            leases::release_all(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// How the schema relates to this release.
    pub(super) async fn schema(&self) -> anyhow::Result<Schema> {
        let mut connection = self.options.clone().connect().await?;
        let schema = migrate::inspect(&mut connection).await?;
        connection.close().await?;
        Ok(schema)
    }

    /// Fails where the schema is not what this release runs on.
    pub(super) async fn require_current(&self) -> anyhow::Result<()> {
        match self.schema().await? {
            Schema::Current => Ok(()),
            Schema::Behind { applied, newest } => bail!(
                "the database's schema is at migration {applied}, this release needs {newest}: \
                 run `herald migrate`"
            ),
            Schema::TooNew { compatible_from } => bail!(migrate::too_new(&compatible_from)),
        }
    }

    /// Lets go of the database; stops an embedded server that this process started.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        if let Some(running) = self.embedded {
            running.cluster.stop().await?;
            drop(running.claim);
        }
        Ok(())
    }
}
