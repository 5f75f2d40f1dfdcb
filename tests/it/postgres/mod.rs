//! The embedded cluster. Runs as root and as an ordinary user; what differs between them is tested
//! for whichever it is.

mod life;
mod refused;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use herald::config::Embedded;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

fn embedded(home: &Path) -> Embedded {
    Embedded { data_dir: Some(home.to_owned()), binaries: None, user: None }
}

/// A folder that the server's user may enter.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    /// Ends the servers that a failed test leaves, which would otherwise outlive it.
    fn drop(&mut self) {
        for process in fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
            let inside = fs::read_link(process.path().join("cwd"))
                .is_ok_and(|directory| directory.starts_with(self.path()));
            let pid = process.file_name().to_str().and_then(|name| name.parse().ok());
            if inside && let Some(pid) = pid.and_then(Pid::from_raw) {
                // It may have ended meanwhile.
                let _ = kill_process(pid, Signal::QUIT);
            }
        }
    }
}
