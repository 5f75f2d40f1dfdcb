//! Where a cluster lies: its home, the paths in it, and a folder for its socket that is short
//! enough and closed to everybody else.

use std::fs::{self, DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use sha2::{Digest, Sha256};

use super::PostgresError;
use super::error::io;
use super::user::{self, ServerUser};
use crate::config::{self, Embedded};

/// Where Herald keeps things when it runs as root.
pub(super) const ROOT_DIR: &str = "/var/lib/herald";

/// Part of the socket's name; no port is ever opened.
pub(super) const PORT: u16 = 5432;

/// Longest path of a Unix socket: `sun_path` without its closing zero (unix(7)).
const SOCKET_PATH_MAX: usize = 107;

/// The home of a cluster and the user its server runs as.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Canonical, so that one home has one name.
    pub(super) home: PathBuf,
    /// `None` where the server runs as the same user as Herald.
    pub(super) user: Option<ServerUser>,
}

impl Place {
    /// The place of a cluster whose home exists; changes nothing.
    pub(super) fn find(config: &Embedded) -> Result<Option<Self>, PostgresError> {
        let home = wanted_home(config)?;
        match fs::canonicalize(&home) {
            Ok(home) => Self::at(home, config).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("open", &home)(error)),
        }
    }

    /// The place, its home created where it is missing, and fit to start a server in.
    pub(super) fn make(config: &Embedded) -> Result<Self, PostgresError> {
        let wanted = wanted_home(config)?;
        if !wanted.exists() {
            create_home(&wanted)?;
        }
        let home = fs::canonicalize(&wanted).map_err(io("open", &wanted))?;
        let place = Self::at(home, config)?;
        if let Some(user) = &place.user
            && let Some(folder) = user.barred_at(&place.home)
        {
            return Err(PostgresError::NoEntry {
                user: user.name.clone(),
                folder,
                target: place.home,
                setting: "database.data_dir",
            });
        }
        Ok(place)
    }

    fn at(home: PathBuf, config: &Embedded) -> Result<Self, PostgresError> {
        let owner = fs::metadata(&home).map_err(io("read", &home))?.uid();
        let own = geteuid().as_raw();
        if owner != own {
            return Err(PostgresError::Owner {
                path: home,
                owner,
                expected: own,
                way_out: "choose another database.data_dir, or run herald as its owner",
            });
        }
        if home.join("PG_VERSION").exists() {
            let reason = "it is itself the data directory of a Postgres server";
            return Err(PostgresError::Foreign { dir: home, reason });
        }
        let user = user::choose(config.user.as_deref(), &home.join("cluster"))?;
        Ok(Self { home, user })
    }

    /// The server's data directory.
    pub(super) fn cluster(&self) -> PathBuf {
        self.home.join("cluster")
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    /// The superuser's password.
    pub(super) fn password(&self) -> PathBuf {
        self.home.join("password")
    }

    /// The folder of the socket: in the home where its path is short enough, else one whose name
    /// is derived from the home, so that two clusters never meet.
    pub(super) fn sockets(&self) -> PathBuf {
        let inside = self.home.join("run");
        if inside.as_os_str().len() + format!("/.s.PGSQL.{PORT}").len() <= SOCKET_PATH_MAX {
            return inside;
        }
        let hash =
            alloy::primitives::hex::encode(&Sha256::digest(self.home.as_os_str().as_bytes())[..6]);
        match geteuid().as_raw() {
            0 => PathBuf::from(format!("/run/herald-{hash}")),
            uid => PathBuf::from(format!("/tmp/herald-{uid}-{hash}")),
        }
    }

    /// The files by which a server keeps others away from its data directory and from its socket.
    pub(super) fn locks(&self) -> [PathBuf; 2] {
        let socket = self.sockets().join(format!(".s.PGSQL.{PORT}.lock"));
        [self.cluster().join("postmaster.pid"), socket]
    }

    /// Creates the folder of the socket. Refuses one that somebody else has prepared: `/tmp` is
    /// open to all, and its owner could answer in the server's stead.
    pub(super) fn create_sockets(&self) -> Result<PathBuf, PostgresError> {
        let sockets = self.sockets();
        match DirBuilder::new().mode(0o700).create(&sockets) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(io("create", &sockets)(error));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(&sockets).map_err(io("read", &sockets))?;
        let own = geteuid().as_raw();
        let servers = self.user.as_ref().map_or(own, |user| user.uid);
        if !found.is_dir() || (found.uid() != own && found.uid() != servers) {
            return Err(PostgresError::Owner {
                path: sockets,
                owner: found.uid(),
                expected: servers,
                way_out: "remove it",
            });
        }
        fs::set_permissions(&sockets, Permissions::from_mode(0o700))
            .map_err(io("close", &sockets))?;
        self.hand_over(&sockets)?;
        Ok(sockets)
    }

    /// Gives a file or folder to the user that the server runs as.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), PostgresError> {
        match &self.user {
            Some(user) => {
                chown(path, Some(user.uid), Some(user.gid)).map_err(io("change the owner of", path))
            }
            None => Ok(()),
        }
    }
}

fn wanted_home(config: &Embedded) -> Result<PathBuf, PostgresError> {
    match &config.data_dir {
        Some(dir) => std::path::absolute(dir).map_err(io("find", dir)),
        None if geteuid().is_root() => Ok(Path::new(ROOT_DIR).join("postgres")),
        None => config::data_home()
            .map(|data| data.join("herald/postgres"))
            .ok_or(PostgresError::NoHome),
    }
}

/// Creates the home, open to be crossed where another user runs the server and closed otherwise,
/// whatever the mask of this process says.
fn create_home(home: &Path) -> Result<(), PostgresError> {
    let root = geteuid().is_root();
    fs::create_dir_all(home).map_err(io("create", home))?;
    if home.starts_with(ROOT_DIR) && root {
        fs::set_permissions(ROOT_DIR, Permissions::from_mode(0o755))
            .map_err(io("open", Path::new(ROOT_DIR)))?;
    }
    let mode = if root { 0o711 } else { 0o700 };
    fs::set_permissions(home, Permissions::from_mode(mode)).map_err(io("set the mode of", home))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets_of(home: &str) -> PathBuf {
        Place { home: PathBuf::from(home), user: None }.sockets()
    }

    #[test]
    fn a_socket_lies_in_the_home_while_its_path_is_short_enough() {
        let longest = format!("/{}", "h".repeat(SOCKET_PATH_MAX - "//run/.s.PGSQL.5432".len()));
        assert_eq!(sockets_of(&longest), Path::new(&longest).join("run"));
        let elsewhere = sockets_of(&format!("{longest}h"));
        assert!(!elsewhere.starts_with(&longest), "{elsewhere:?}");
        assert_ne!(elsewhere, sockets_of(&format!("{longest}i")), "two homes never meet");
    }
}
