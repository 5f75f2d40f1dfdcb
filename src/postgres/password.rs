//! The superuser's password: random, and known to nobody but the user that Herald runs as.
//!
//! Peer authentication would need no password, but where root runs the server as another user, the
//! two ends of the socket are not the same user.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use super::PostgresError;
use super::error::io;
use super::place::Place;

/// Random bytes in a password: beyond guessing.
const BYTES: usize = 32;

/// The password of the cluster. `None` where neither password nor cluster exist yet.
pub(super) fn read(place: &Place) -> Result<Option<String>, PostgresError> {
    let path = place.password();
    match fs::read_to_string(&path) {
        Ok(password) => Ok(Some(password.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound && !place.cluster().exists() => Ok(None),
        Err(error) => Err(io("read", &path)(error)),
    }
}

/// The password of the cluster, made up where there is no cluster yet. The caller holds the start
/// lock.
pub(super) fn read_or_create(place: &Place) -> Result<String, PostgresError> {
    if let Some(password) = read(place)? {
        return Ok(password);
    }
    let source = std::path::Path::new("/dev/urandom");
    let mut bytes = [0; BYTES];
    File::open(source)
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(io("read", source))?;
    let password = alloy::primitives::hex::encode(bytes);
    let partial = place.home.join("password.new");
    write_private(&partial, &password).map_err(io("write", &partial))?;
    fs::rename(&partial, place.password()).map_err(io("rename", &partial))?;
    Ok(password)
}

/// Writes a file that only this user can read, and makes sure that it is on the disk.
pub(super) fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
