//! Which user the server runs as, and what that user may reach.
//!
//! Groups other than the user's own are not looked at: they are dropped when the server starts.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::PostgresError;
use super::error::io;

/// Users that root may run the server as where none is configured, best first: one made for
/// Herald, the distribution's Postgres user, the one that every Linux has.
const PREFERRED: [&str; 3] = ["herald", "postgres", "nobody"];

/// Accounts of this machine (passwd(5)); users that come from elsewhere are configured by making
/// the data directory theirs.
const PASSWD: &str = "/etc/passwd";

/// The user that the server runs as when Herald runs as root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerUser {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// `None` where the server runs as the same user as Herald. Otherwise the owner of the data
/// directory `cluster` where that exists (a user added later must not take it over), else the
/// configured user, else the first of those preferred.
pub(super) fn choose(
    configured: Option<&str>,
    cluster: &Path,
) -> Result<Option<ServerUser>, PostgresError> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string(PASSWD).map_err(io("read", Path::new(PASSWD)))?;
    let wanted = configured.map(|name| {
        by_name(&passwd, name)
            .ok_or_else(|| unusable(name.to_owned(), "there is no such user in /etc/passwd"))
    });
    let user = match (wanted.transpose()?, fs::symlink_metadata(cluster)) {
        (Some(user), Ok(found)) if found.uid() != user.uid => {
            return Err(PostgresError::Owner {
                path: cluster.to_owned(),
                owner: found.uid(),
                expected: user.uid,
                way_out: "remove database.embedded_user, or give the folder and all in it to \
                          that user",
            });
        }
        (Some(user), _) => user,
        (None, Ok(found)) => by_uid(&passwd, found.uid()).unwrap_or_else(|| ServerUser {
            name: found.uid().to_string(),
            uid: found.uid(),
            gid: found.gid(),
        }),
        (None, Err(_)) => PREFERRED
            .iter()
            .find_map(|name| by_name(&passwd, name))
            .ok_or_else(|| unusable(PREFERRED.join(", "), "none of them exists"))?,
    };
    if user.uid == 0 {
        return Err(unusable(user.name, "Postgres refuses to run as root"));
    }
    Ok(Some(user))
}

impl ServerUser {
    /// The first folder from the root down to `folder` itself that this user may not enter.
    pub(super) fn barred_at(&self, folder: &Path) -> Option<PathBuf> {
        let mut way: Vec<&Path> = folder.ancestors().collect();
        way.reverse();
        way.into_iter()
            .find(|folder| !fs::metadata(folder).is_ok_and(|found| self.may_enter(&found)))
            .map(Path::to_owned)
    }

    fn may_enter(&self, found: &fs::Metadata) -> bool {
        enters((found.uid(), found.gid(), found.mode()), (self.uid, self.gid))
    }
}

/// Whether a folder of (user, group, mode) lets (user, group) in (path_resolution(7)): only the
/// first class that matches counts.
fn enters(folder: (u32, u32, u32), user: (u32, u32)) -> bool {
    let bit = if folder.0 == user.0 {
        0o100
    } else if folder.1 == user.1 {
        0o010
    } else {
        0o001
    };
    folder.2 & bit != 0
}

fn by_name(passwd: &str, name: &str) -> Option<ServerUser> {
    passwd.lines().filter_map(parse).find(|user| user.name == name)
}

fn by_uid(passwd: &str, uid: u32) -> Option<ServerUser> {
    passwd.lines().filter_map(parse).find(|user| user.uid == uid)
}

/// `name:password:uid:gid:comment:home:shell`
fn parse(line: &str) -> Option<ServerUser> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(ServerUser { name, uid, gid })
}

fn unusable(name: String, reason: &'static str) -> PostgresError {
    PostgresError::NoUser { name, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n# note\n+::::::\n\
                          postgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n\
                          nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";

    #[test]
    fn users_are_found_by_name_and_by_id() {
        let postgres = ServerUser { name: "postgres".into(), uid: 101, gid: 104 };
        assert_eq!(by_name(PASSWD, "postgres"), Some(postgres.clone()));
        assert_eq!(by_uid(PASSWD, 101), Some(postgres));
        assert_eq!(by_name(PASSWD, "herald"), None);
        assert_eq!(by_name(PASSWD, "+"), None, "a line without ids");
    }

    #[test]
    fn only_the_first_class_that_matches_counts() {
        for (mode, owner, group, other) in [
            (0o700, true, false, false),
            (0o710, true, true, false),
            (0o711, true, true, true),
            (0o611, false, true, true),
            (0o701, true, false, true),
            (0o666, false, false, false),
        ] {
            assert_eq!(enters((1, 1, mode), (1, 9)), owner, "owner {mode:o}");
            assert_eq!(enters((1, 1, mode), (9, 1)), group, "group {mode:o}");
            assert_eq!(enters((1, 1, mode), (9, 9)), other, "other {mode:o}");
        }
    }
}
