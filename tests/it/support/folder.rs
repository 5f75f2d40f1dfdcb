//! A folder for the files and the processes of one test, none of which outlives it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A folder that the user of an embedded Postgres may enter.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// A new, empty one.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a place for temporary files");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).expect("it is ours");
        Self(folder)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The processes that work in it: servers of Postgres and anvils do. One that has ended and was
    /// not waited for works nowhere.
    pub(crate) fn inhabitants(&self) -> Vec<Pid> {
        let place = self.path().canonicalize().expect("it exists as long as this value");
        let inside = |process: &PathBuf| {
            fs::read_link(process.join("cwd")).is_ok_and(|directory| directory.starts_with(&place))
        };
        let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let inhabited = processes.map(|process| process.path()).filter(inside);
        inhabited
            .filter_map(|path| Pid::from_raw(path.file_name()?.to_str()?.parse().ok()?))
            .collect()
    }
}

impl Drop for Folder {
    /// Ends the processes that a failed test leaves, which would otherwise outlive it.
    fn drop(&mut self) {
        for pid in self.inhabitants() {
            // It may have ended meanwhile.
            let _ = kill_process(pid, Signal::QUIT);
        }
    }
}
