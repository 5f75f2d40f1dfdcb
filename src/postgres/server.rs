//! Starting the server and getting in.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::PostgresError;
use super::binaries::Binaries;
use super::create::command;
use super::error::io;
use super::place::{PORT, Place};
use super::{process, settings};
use crate::store::embedded::DATABASE;

/// Longest a server may say nothing at all after its start.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Longest it may repeat its log after a crash: `max_wal_size` at a slow disk's 20 MB a second.
const RECOVERY_MAX: Duration = Duration::from_secs(600);

/// Longest that the remains of a server are waited for: they end when they next look up.
const ORPHANS_MAX: Duration = Duration::from_secs(30);

/// Between two attempts to get in, at first and at last: each leaves two lines in the log.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Longest one attempt to get in may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A log larger than this is emptied at the next start; the server writes about 1 MB a month.
const LOG_BYTES_MAX: u64 = 16 << 20;

/// Last bytes of the log that an error shows.
const TAIL_BYTES_MAX: u64 = 4096;

/// A server that this process has started and that is not ready yet: ended when dropped, so that a
/// cancelled start leaves nothing.
pub(super) struct Starting {
    child: Option<Child>,
    log_from: u64,
}

/// Starts the server, in a process group of its own: Ctrl-C on the terminal is for Herald alone.
///
/// The caller holds the start lock and knows that no server runs.
pub(super) async fn spawn(place: &Place, binaries: &Binaries) -> Result<Starting, PostgresError> {
    // A server that lost its first process refuses a new one until its other processes are gone.
    if timeout(ORPHANS_MAX, process::deserted(&place.cluster())).await.is_ok() {
        for lock in place.locks() {
            process::forget(&lock, &place.cluster()).map_err(io("remove", &lock))?;
        }
    }
    let sockets = place.create_sockets()?;
    let program = binaries.dir.join("postgres");
    let (path, log) = (place.log(), open_log(&place.log())?);
    let log_from = log.metadata().map_err(io("read", &path))?.size();
    let errors = log.try_clone().map_err(io("open", &path))?;
    let child = command(place, &program)
        .args(settings::arguments(place, &sockets))
        .current_dir(place.cluster())
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(io("run", &program))?;
    Ok(Starting { child: Some(child), log_from })
}

impl Starting {
    /// Process id of the server; 0 once it has ended.
    pub(super) fn pid(&self) -> i32 {
        self.child.as_ref().and_then(Child::id).map_or(0, u32::cast_signed)
    }

    /// Waits until the server lets connections in.
    pub(super) async fn ready(
        &mut self,
        place: &Place,
        secret: &str,
    ) -> Result<PgConnection, PostgresError> {
        let mut patience = Patience::new(place, self.pid());
        loop {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait().map_err(io("wait for", &place.cluster()))?
            {
                return Err(PostgresError::Failed {
                    program: "postgres",
                    status: status.to_string(),
                    output: tail(&place.log(), self.log_from),
                });
            }
            match enter(place, secret).await {
                Ok(connection) => return Ok(connection),
                Err(refusal) => patience.after(refusal).await?,
            }
        }
    }

    /// Lets the server live on.
    pub(super) fn keep(mut self) -> Child {
        self.child.take().expect("nothing else takes it")
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        process::signal(self.pid(), Signal::QUIT);
    }
}

/// How long a start is waited for: little without a sign of life, long while it recovers.
pub(super) struct Patience<'a> {
    place: &'a Place,
    pid: i32,
    began: Instant,
    told: bool,
}

impl<'a> Patience<'a> {
    pub(super) fn new(place: &'a Place, pid: i32) -> Self {
        Self { place, pid, began: Instant::now(), told: false }
    }

    /// Waits a moment where the refusal is one that passes, else fails with it.
    pub(super) async fn after(&mut self, refusal: sqlx::Error) -> Result<(), PostgresError> {
        // Starting, shutting down, or recovering (`57P0x`), as opposed to full (`53300`).
        let busy = code(&refusal).is_some_and(|code| code.starts_with("57P0"));
        let full = code(&refusal).is_some_and(|code| code == "53300");
        let absent = matches!(&refusal, sqlx::Error::Io(error)
            if error.kind() != ErrorKind::PermissionDenied);
        let limit = if busy { RECOVERY_MAX } else { SILENCE_MAX };
        if !(busy || full || absent) || self.began.elapsed() > limit {
            let home = self.place.home.clone();
            return Err(PostgresError::Silent { home, pid: self.pid, source: Some(refusal) });
        }
        if busy && !self.told {
            self.told = true;
            tracing::info!(pid = self.pid, "waiting for postgres to recover or to shut down");
        }
        sleep((self.began.elapsed() / 10).clamp(PAUSE_MIN, PAUSE_MAX)).await;
        Ok(())
    }
}

/// How to reach the cluster's database `herald`.
pub(super) fn options(place: &Place, secret: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(place.sockets())
        .port(PORT)
        .username(DATABASE)
        .password(secret)
        .database(DATABASE)
        .ssl_mode(PgSslMode::Disable)
}

/// Opens a connection to the database that every cluster has.
pub(super) async fn enter(place: &Place, secret: &str) -> Result<PgConnection, sqlx::Error> {
    let options = options(place, secret).database("postgres");
    let late = |_| sqlx::Error::Io(ErrorKind::TimedOut.into());
    timeout(CONNECT_TIMEOUT, options.connect()).await.map_err(late)?
}

/// SQLSTATE of a refusal that the server itself spoke (Postgres manual, appendix A).
fn code(refusal: &sqlx::Error) -> Option<Cow<'_, str>> {
    refusal.as_database_error().and_then(|error| error.code())
}

fn open_log(path: &Path) -> Result<File, PostgresError> {
    let log = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let log = log.map_err(io("open", path))?;
    if log.metadata().map_err(io("read", path))?.size() > LOG_BYTES_MAX {
        log.set_len(0).map_err(io("empty", path))?;
    }
    Ok(log)
}

/// What the server has said since `from`, at most `TAIL_BYTES_MAX`; reading it is best effort.
fn tail(path: &Path, from: u64) -> String {
    let mut said = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let size = file.metadata().map_or(0, |found| found.size());
        let start = from.max(size.saturating_sub(TAIL_BYTES_MAX));
        let _ = file.seek(SeekFrom::Start(start));
        let _ = file.take(TAIL_BYTES_MAX).read_to_end(&mut said);
    }
    String::from_utf8_lossy(&said).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_tail_of_a_log_is_bounded_and_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        fs::write(&path, "old\nnew\n").unwrap();
        assert_eq!(tail(&path, 4), "new");
        fs::write(&path, "x".repeat(10_000)).unwrap();
        assert_eq!(tail(&path, 4).len() as u64, TAIL_BYTES_MAX);
        assert_eq!(tail(&dir.path().join("missing"), 0), "");
    }
}
