//! A running server that this process may use: started, adopted or attached to.
//!
//! What happens when the server ends while Herald runs is not decided here: [`Cluster::ended`]
//! tells it, and starting anew is the caller's.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::process::Child;
use tokio::time::timeout;

use super::place::{PORT, Place};
use super::server::{self, Patience};
use super::{PostgresError, binaries, claim, create, password, process, transplant};
use crate::config::Embedded;
use crate::store;

/// Longest a fast shutdown may take before an immediate one: its checkpoint writes all that the
/// shared buffers hold. With `IMMEDIATE_MAX` below the 10 s in which Herald ends.
const FAST_MAX: Duration = Duration::from_millis(3_500);

/// Longest an immediate shutdown may take.
const IMMEDIATE_MAX: Duration = Duration::from_millis(1_500);

/// A running server. Dropping it leaves the server running.
#[derive(Debug)]
pub struct Cluster {
    place: Place,
    secret: SecretString,
    pid: i32,
    version: String,
    process: Process,
}

/// How this process came by its server, which decides whether it stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Started by this process, which stops it.
    Started,
    /// Left over by a Herald that was killed; this process stops it.
    Adopted,
    /// Of another Herald that runs now and stops it.
    Attached,
}

#[derive(Debug)]
enum Process {
    Started(Child),
    Adopted,
    Attached,
}

impl Cluster {
    /// Makes the cluster run: adopts the server that runs on it, or starts one, creating the
    /// cluster where there is none. Safe to call from several processes at once: one starts, the
    /// others adopt. Dropping the future ends a server that it has started.
    pub async fn start(config: &Embedded) -> Result<Self, PostgresError> {
        let place = Place::make(config)?;
        let _lock = claim::start_lock(&place).await?;
        let secret = password::read_or_create(&place)?;
        if let Some((pid, mut connection)) = enter_running(&place, &secret).await? {
            store::embedded::ensure_database(&mut connection).await?;
            let version = shown(&connection);
            tracing::info!(home = %place.home.display(), pid, "using the postgres that runs");
            return Ok(Self {
                place,
                secret: secret.into(),
                pid,
                version,
                process: Process::Adopted,
            });
        }
        let made_by = binaries::made_by(&place.cluster())?;
        let binaries = binaries::choose(config, &place, made_by).await?;
        let binaries = transplant::reachable(binaries, &place)?;
        if made_by.is_none() {
            tracing::info!(home = %place.home.display(), version = %binaries.version,
                "creating a postgres cluster");
            create::initdb(&place, &binaries, &secret).await?;
        }
        let mut starting = server::spawn(&place, &binaries).await?;
        let pid = starting.pid();
        let mut connection = starting.ready(&place, &secret).await?;
        store::embedded::ensure_database(&mut connection).await?;
        let version = shown(&connection);
        let process = Process::Started(starting.keep());
        Ok(Self { place, secret: secret.into(), pid, version, process })
    }

    /// Attaches to a server that another process runs; `None` where none runs. Changes nothing.
    pub async fn attach(config: &Embedded) -> Result<Option<Self>, PostgresError> {
        let Some(place) = Place::find(config)? else { return Ok(None) };
        let Some(secret) = password::read(&place)? else { return Ok(None) };
        let Some((pid, connection)) = enter_running(&place, &secret).await? else {
            return Ok(None);
        };
        let version = shown(&connection);
        let process = Process::Attached;
        Ok(Some(Self { place, secret: secret.into(), pid, version, process }))
    }

    /// How to reach the database `herald` on this server.
    pub fn options(&self) -> PgConnectOptions {
        server::options(&self.place, self.secret.expose_secret())
    }

    /// The same as a URL, for `psql` and for other processes of the same user.
    pub fn url(&self) -> SecretString {
        let mut url = url::Url::parse("postgres://herald@localhost/herald")
            .expect("a constant that is a URL");
        url.set_password(Some(self.secret.expose_secret()))
            .and_then(|()| url.set_port(Some(PORT)))
            .expect("a URL with a host");
        url.query_pairs_mut()
            .append_pair("host", &self.sockets().to_string_lossy())
            .append_pair("sslmode", "disable");
        url.to_string().into()
    }

    /// How this process came by the server.
    pub fn ownership(&self) -> Ownership {
        match self.process {
            Process::Started(_) => Ownership::Started,
            Process::Adopted => Ownership::Adopted,
            Process::Attached => Ownership::Attached,
        }
    }

    /// Process id of the server.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Folder of the server's socket.
    pub fn sockets(&self) -> PathBuf {
        self.place.sockets()
    }

    /// Version, place and process of the server, in one line for people.
    pub fn describe(&self) -> String {
        format!(
            "Postgres {} in {} (process {}, socket in {})",
            self.version,
            self.place.home.display(),
            self.pid,
            self.sockets().display()
        )
    }

    /// Returns when the server has ended, whoever ended it. May be dropped and called again.
    pub async fn ended(&mut self) {
        match &mut self.process {
            Process::Started(child) => {
                // Fails only where the process is already waited for: it has ended.
                let _ = child.wait().await;
            }
            Process::Adopted | Process::Attached => process::gone(&self.place.cluster()).await,
        }
    }

    /// Stops the server within 8 s: connections are closed, and where the shutdown takes too long
    /// it is cut short, which costs the next start a recovery and loses nothing. Leaves a server
    /// alone that another process stops.
    pub async fn stop(mut self) -> Result<(), PostgresError> {
        if self.ownership() == Ownership::Attached {
            return Ok(());
        }
        for (signal, longest) in [(Signal::INT, FAST_MAX), (Signal::QUIT, IMMEDIATE_MAX)] {
            if process::running(&self.place.cluster()) == Some(self.pid) {
                process::signal(self.pid, signal);
            }
            if timeout(longest, self.ended()).await.is_ok() {
                return Ok(());
            }
            tracing::warn!(pid = self.pid, "postgres takes long to stop");
        }
        Err(PostgresError::WouldNotStop { pid: self.pid })
    }
}

/// Waits until the server that runs on the cluster lets connections in; `None` where none runs,
/// or where it was just shutting down.
async fn enter_running(
    place: &Place,
    secret: &str,
) -> Result<Option<(i32, PgConnection)>, PostgresError> {
    let Some(pid) = process::running(&place.cluster()) else { return Ok(None) };
    let mut patience = Patience::new(place, pid);
    while process::running(&place.cluster()) == Some(pid) {
        match server::enter(place, secret).await {
            Ok(connection) => return Ok(Some((pid, connection))),
            Err(refusal) => patience.after(refusal).await?,
        }
    }
    Ok(None)
}

/// The server's version for people: it numbers 15.14 as 150014.
fn shown(connection: &PgConnection) -> String {
    connection
        .server_version_num()
        .map_or_else(|| "?".to_owned(), |number| format!("{}.{}", number / 10_000, number % 10_000))
}
