//! Creating a cluster with `initdb`: beside its place first, so that one that was killed half-way
//! is never taken for a cluster.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::PostgresError;
use super::binaries::Binaries;
use super::error::io;
use super::password;
use super::place::Place;
use crate::store::embedded::DATABASE;

/// It takes two seconds on a fast disk and ends with flushing some 40 MB.
const INITDB_TIMEOUT: Duration = Duration::from_secs(180);

/// Last bytes of output that an error shows.
const OUTPUT_BYTES_MAX: usize = 4096;

/// Creates the cluster of `place`. The caller holds the start lock.
pub(super) async fn initdb(
    place: &Place,
    binaries: &Binaries,
    secret: &str,
) -> Result<(), PostgresError> {
    let scratch = place.home.join("new");
    remove(&scratch)?;
    DirBuilder::new().mode(0o711).create(&scratch).map_err(io("create", &scratch))?;
    fs::set_permissions(&scratch, Permissions::from_mode(0o711)).map_err(io("open", &scratch))?;
    let (cluster, pwfile) = (scratch.join("cluster"), scratch.join("password"));
    DirBuilder::new().mode(0o700).create(&cluster).map_err(io("create", &cluster))?;
    place.hand_over(&cluster)?;
    password::write_private(&pwfile, secret).map_err(io("write", &pwfile))?;
    place.hand_over(&pwfile)?;

    run(place, binaries, &cluster, &pwfile).await?;

    fs::rename(&cluster, place.cluster()).map_err(io("rename", &cluster))?;
    File::open(&place.home).and_then(|home| home.sync_all()).map_err(io("flush", &place.home))?;
    remove(&scratch)
}

async fn run(
    place: &Place,
    binaries: &Binaries,
    cluster: &Path,
    pwfile: &Path,
) -> Result<(), PostgresError> {
    let program = binaries.dir.join("initdb");
    let mut command = command(place, &program);
    command
        .current_dir(cluster)
        .arg("--pgdata")
        .arg(cluster)
        .arg("--pwfile")
        .arg(pwfile)
        .args(["--username", DATABASE, "--encoding", "UTF8", "--no-locale", "--data-checksums"])
        // The socket's folder is closed already; a password makes its mode no single defence.
        .args(["--auth-local", "scram-sha-256", "--auth-host", "reject"])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let failed = |status: String, output: String| PostgresError::Failed {
        program: "initdb",
        status,
        output,
    };
    let output = timeout(INITDB_TIMEOUT, command.output())
        .await
        .map_err(|_| failed("no end in sight".to_owned(), String::new()))?
        .map_err(io("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let shown = &said[said.len().saturating_sub(OUTPUT_BYTES_MAX)..];
    Err(failed(output.status.to_string(), String::from_utf8_lossy(shown).into_owned()))
}

/// A program of Postgres as the server's user, with nothing of Herald's environment: `PG…`
/// variables would change what it does. Its other groups are dropped with the user.
pub(super) fn command(place: &Place, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
    if let Some(user) = &place.user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

fn remove(scratch: &Path) -> Result<(), PostgresError> {
    match fs::remove_dir_all(scratch) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io("remove", scratch)(error)),
        _ => Ok(()),
    }
}
