//! What can go wrong with the embedded cluster, in words that name the way out.

use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// A cluster that could not be found, created, started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No usable binaries in any of the places searched.
    #[error(
        "no Postgres 14 or newer found (searched {searched}): install one (`apt install \
         postgresql`), run `make setup`, which fetches one into .tools/postgres, or point \
         database.embedded_binaries at the folder that holds `postgres` and `initdb`"
    )]
    NoBinaries {
        /// The places.
        searched: String,
    },
    /// `database.embedded_binaries` does not hold what it should.
    #[error("{} holds no Postgres 14 or newer: {reason}", .dir.display())]
    BadBinaries {
        /// The configured folder.
        dir: PathBuf,
        /// What is wrong there.
        reason: String,
    },
    /// The cluster belongs to another major version than all binaries found.
    #[error(
        "the data directory {} was made by Postgres {made_by}, the binaries found are {found} \
         ({}); point database.embedded_binaries at Postgres {made_by}, or upgrade the data \
         directory with pg_upgrade; nothing was changed", .dir.display(), .binaries.display()
    )]
    OtherMajor {
        /// Data directory of the cluster.
        dir: PathBuf,
        /// Major version that made it.
        made_by: u32,
        /// Version of the newest binaries found.
        found: String,
        /// Where these are.
        binaries: PathBuf,
    },
    /// The data directory is there but no cluster of Herald's.
    #[error("{} is no cluster of Herald's ({reason}); choose another database.embedded_dir", .dir.display())]
    Foreign {
        /// The folder.
        dir: PathBuf,
        /// What was found instead.
        reason: &'static str,
    },
    /// The user that the server runs as cannot enter a folder on the way.
    #[error(
        "the server runs as user {user}, who may not enter {}, which is above {}; choose another \
         {setting}, or let that user enter the folder", .folder.display(), .target.display()
    )]
    NoEntry {
        /// Name of the user.
        user: String,
        /// First folder that is closed.
        folder: PathBuf,
        /// What was to be reached.
        target: PathBuf,
        /// The setting that named it.
        setting: &'static str,
    },
    /// A folder that must belong to somebody else.
    #[error("{} belongs to user id {owner} instead of {expected}: {way_out}", .path.display())]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        expected: u32,
        /// What to do.
        way_out: &'static str,
    },
    /// The user that the server should run as cannot be it.
    #[error("the server cannot run as user {name}: {reason}; set database.embedded_user")]
    NoUser {
        /// Name, or id where it has none.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// This user has no place for data.
    #[error("neither XDG_DATA_HOME nor HOME is set: set database.embedded_dir")]
    NoHome,
    /// Another daemon uses the cluster.
    #[error("{}", in_use(.home, *.pid, .answers_at.as_deref()))]
    InUse {
        /// Home of the cluster.
        home: PathBuf,
        /// Process id of that daemon, where it has written it.
        pid: Option<u32>,
        /// Where its API answers, once it does.
        answers_at: Option<String>,
    },
    /// Somebody else has been starting the server for too long.
    #[error("another process has been starting the server of {} for too long", .home.display())]
    Busy {
        /// Home of the cluster.
        home: PathBuf,
    },
    /// A program of Postgres failed.
    #[error("{program} failed ({status}):\n{output}")]
    Failed {
        /// `initdb` or `postgres`.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The last lines it said.
        output: String,
    },
    /// The server runs and does not let anybody in.
    #[error("the Postgres server of {} (process {pid}) does not answer", .home.display())]
    Silent {
        /// Home of the cluster.
        home: PathBuf,
        /// Process id of the server.
        pid: i32,
        /// The last refusal.
        source: Option<sqlx::Error>,
    },
    /// The server did not end in time.
    #[error("the Postgres server (process {pid}) did not stop in time")]
    WouldNotStop {
        /// Process id of the server.
        pid: i32,
    },
    /// The server let Herald in and refused what it asked for.
    #[error("the embedded database could not be prepared")]
    Prepare(#[from] StoreError),
    /// The operating system refused.
    #[error("cannot {doing} {}", .path.display())]
    Io {
        /// What was tried, as in `create`.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

/// Turns an I/O error into one that names the file and what was tried with it.
pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> PostgresError {
    let path = path.to_owned();
    move |source| PostgresError::Io { doing, path, source }
}

fn in_use(home: &Path, pid: Option<u32>, answers_at: Option<&str>) -> String {
    let pid = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    let answers_at = answers_at.map(|url| format!(", which answers at {url}")).unwrap_or_default();
    format!("{} is in use by another Herald{pid}{answers_at}", home.display())
}
