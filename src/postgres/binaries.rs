//! Which binaries run the cluster: the configured ones, else the system's, else those that the
//! set-up script fetched; those of the cluster's own major version before newer ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::PostgresError;
use super::place::Place;
use super::transplant;
use crate::config::{self, Embedded};

/// Oldest major version Herald runs on, as `store::pool::SERVER_OLDEST`.
const MAJOR_OLDEST: u32 = 14;

/// Folders that hold one folder a version, and how that is named: Debian's packages, and those of
/// postgresql.org for Red Hat's systems.
const PACKAGED: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];

/// Where Postgres installs itself when built from source.
const SELF_BUILT: &str = "/usr/local/pgsql/bin";

/// Printing a version takes milliseconds; a program that waits is not the one looked for.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// A version of Postgres, as in `17.10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A folder that holds `postgres` and `initdb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) version: Version,
}

/// Finds binaries for `place`, whose cluster was made by major version `made_by` if it exists.
pub(super) async fn choose(
    config: &Embedded,
    place: &Place,
    made_by: Option<u32>,
) -> Result<Binaries, PostgresError> {
    let (found, searched) = match &config.binaries {
        Some(dir) => {
            let version = version(dir).await.and_then(new_enough);
            let version = version
                .map_err(|reason| PostgresError::BadBinaries { dir: dir.clone(), reason })?;
            let dir = std::path::absolute(dir).map_err(super::error::io("find", dir))?;
            (vec![Binaries { dir, version }], String::new())
        }
        None => search(place).await,
    };
    let newest = found.first().cloned().ok_or(PostgresError::NoBinaries { searched })?;
    let Some(made_by) = made_by else { return Ok(newest) };
    found.into_iter().find(|one| one.version.major == made_by).ok_or_else(|| {
        PostgresError::OtherMajor {
            dir: place.cluster(),
            made_by,
            found: newest.version.to_string(),
            binaries: newest.dir,
        }
    })
}

/// All usable binaries, best first: the system's from new to old, then the fetched ones.
async fn search(place: &Place) -> (Vec<Binaries>, String) {
    let mut found: Vec<Binaries> = Vec::new();
    let mut searched = Vec::new();
    for places in [system_places(), fetched_places()] {
        let mut here = Vec::new();
        for dir in places {
            searched.push(dir.display().to_string());
            if found.iter().chain(&here).any(|one| one.dir == dir)
                || !transplant::reachable_or_movable(&dir, place)
            {
                continue;
            }
            match version(&dir).await.and_then(new_enough) {
                Ok(version) => here.push(Binaries { dir, version }),
                Err(reason) => tracing::debug!(dir = %dir.display(), reason, "no usable Postgres"),
            }
        }
        here.sort_by_key(|one| std::cmp::Reverse(one.version));
        found.append(&mut here);
    }
    searched.dedup();
    let searched = if searched.is_empty() {
        "the system's places, the search path and .tools/postgres".to_owned()
    } else {
        searched.join(", ")
    };
    (found, searched)
}

/// Folders of the system that hold a `postgres`, links resolved.
fn system_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    for (above, prefix) in PACKAGED {
        let versions = fs::read_dir(above).into_iter().flatten().filter_map(Result::ok);
        let versions =
            versions.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        places.extend(versions.map(|entry| entry.path().join("bin")));
    }
    places.push(PathBuf::from(SELF_BUILT));
    places.extend(config::search_path());
    let programs = places.into_iter().filter_map(|dir| fs::canonicalize(dir.join("postgres")).ok());
    let mut dirs: Vec<PathBuf> =
        programs.filter_map(|program| program.parent().map(Path::to_owned)).collect();
    dirs.sort();
    dirs.dedup();
    dirs
}

fn fetched_places() -> Vec<PathBuf> {
    config::tools_dirs()
        .into_iter()
        .map(|tools| tools.join("postgres/bin"))
        .filter(|dir| dir.join("postgres").exists())
        .collect()
}

/// Asks the `postgres` in a folder for its version; the error is a reason for people.
async fn version(dir: &Path) -> Result<Version, String> {
    let program = dir.join("postgres");
    if let Some(missing) = [&program, &dir.join("initdb")].into_iter().find(|file| !file.is_file())
    {
        return Err(format!("there is no {}", missing.display()));
    }
    let asked = Command::new(&program)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(VERSION_TIMEOUT, asked)
        .await
        .map_err(|_| format!("{} --version does not answer", program.display()))?
        .map_err(|error| format!("{} does not run: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    parse_version(&said).ok_or_else(|| {
        let said =
            if output.status.success() { said } else { String::from_utf8_lossy(&output.stderr) };
        format!("{} --version says {:?}", program.display(), said.trim())
    })
}

fn new_enough(version: Version) -> Result<Version, String> {
    if version.major >= MAJOR_OLDEST { Ok(version) } else { Err(format!("it is {version}")) }
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`; betas say `18beta1` and `18devel`.
fn parse_version(said: &str) -> Option<Version> {
    let shown = said.strip_prefix("postgres (PostgreSQL) ")?.split_whitespace().next()?;
    let digits = |text: &str| -> Option<u32> {
        text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let (major, minor) = shown.split_once('.').unwrap_or((shown, "0"));
    Some(Version { major: digits(major)?, minor: digits(minor)? })
}

/// The major version that made the cluster in `dir`; `None` where there is none.
pub(super) fn made_by(dir: &Path) -> Result<Option<u32>, PostgresError> {
    if !dir.exists() {
        return Ok(None);
    }
    let reason = "its PG_VERSION is missing or unreadable";
    let text = fs::read_to_string(dir.join("PG_VERSION"));
    let major = text.ok().and_then(|text| text.trim().parse().ok());
    major.map(Some).ok_or_else(|| PostgresError::Foreign { dir: dir.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_postgres_prints_them() {
        for (said, expected) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some((15, 14))),
            ("postgres (PostgreSQL) 17.10\n", Some((17, 10))),
            ("postgres (PostgreSQL) 18beta2\n", Some((18, 0))),
            ("postgres (PostgreSQL) 9.6.24\n", Some((9, 6))),
            ("postgres (PostgreSQL) ", None),
            ("initdb (PostgreSQL) 15.14", None),
            ("postgres (PostgreSQL) 99999999999.1", None),
            ("", None),
        ] {
            let found = parse_version(said).map(|version| (version.major, version.minor));
            assert_eq!(found, expected, "{said:?}");
        }
    }

    #[test]
    fn thirteen_is_too_old() {
        assert!(new_enough(Version { major: 13, minor: 22 }).is_err());
        assert!(new_enough(Version { major: 14, minor: 0 }).is_ok());
    }
}
