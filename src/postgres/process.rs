//! The processes of a server: recognising one that runs, waiting for its end, and signals.
//!
//! A process is the server of a data directory where it works in it (proc_pid_cwd(5)): numbers of
//! processes are used again, and files that name them outlive them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

/// Between two looks at whether a process has ended.
const POLL: Duration = Duration::from_millis(50);

/// Process id of the server that runs on `cluster`, as its `postmaster.pid` says. A file left
/// behind is not believed: the process must work in that directory.
pub(super) fn running(cluster: &Path) -> Option<i32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid = postmaster(&text)?;
    works_in(&Path::new("/proc").join(pid.to_string()), cluster).then_some(pid)
}

/// First line of `postmaster.pid`; negative for a server without a postmaster.
fn postmaster(text: &str) -> Option<i32> {
    text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 1)
}

/// Waits until no server runs on `cluster`.
pub(super) async fn gone(cluster: &Path) {
    while running(cluster).is_some() {
        sleep(POLL).await;
    }
}

/// Waits until no process of a server works in `cluster`, its first or any other.
pub(super) async fn deserted(cluster: &Path) {
    while inhabited(cluster) {
        sleep(POLL).await;
    }
}

/// Removes the file `lock` where its number belongs to a process that is not the server of
/// `cluster`: a server refuses to start while any process has that number, also one that has ended
/// and that nobody has waited for, or a stranger after the machine or its container started anew.
///
/// The caller holds the start lock and knows that no process of a server works in `cluster`.
pub(super) fn forget(lock: &Path, cluster: &Path) -> std::io::Result<()> {
    let named = fs::read_to_string(lock).ok().and_then(|text| postmaster(&text));
    let Some(process) = named.map(|pid| Path::new("/proc").join(pid.to_string())) else {
        return Ok(());
    };
    if !process.exists() || works_in(&process, cluster) {
        return Ok(());
    }
    tracing::info!(path = %lock.display(), "removing the lock file of a server that is gone");
    fs::remove_file(lock)
}

fn inhabited(cluster: &Path) -> bool {
    let mut processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    processes.any(|process| {
        // A person's shell may stand in the directory.
        let command = fs::read_to_string(process.path().join("comm"));
        command.is_ok_and(|name| name.trim_end() == "postgres")
            && works_in(&process.path(), cluster)
    })
}

/// Whether a process, given by its folder in `/proc`, works in `directory`; one that has ended and
/// is not yet waited for does not.
fn works_in(process: &Path, directory: &Path) -> bool {
    fs::read_link(process.join("cwd")).is_ok_and(|found| found == directory)
}

/// Sends a signal; a process that is gone needs none.
pub(super) fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid)
        && let Err(error) = kill_process(pid, signal)
    {
        tracing::debug!(pid = pid.as_raw_nonzero().get(), %error, "signal not sent");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_in_the_data_directory_is_its_server() {
        assert_eq!(postmaster("4711\n/data\n"), Some(4711));
        assert_eq!(postmaster("-4711\n/data\n"), None, "single-user mode");
        assert_eq!(postmaster("0\n"), None);
        assert_eq!(postmaster(""), None);
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("postmaster.pid"), format!("{}\n", std::process::id())).unwrap();
        assert_eq!(running(dir.path()), None, "this test runs elsewhere");
        assert_eq!(running(&dir.path().join("missing")), None);
    }

    #[test]
    fn only_a_lock_file_that_names_a_stranger_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postmaster.pid");
        forget(&path, dir.path()).unwrap();
        // No process has such a number (PID_MAX_LIMIT, proc(5)); the server itself judges that.
        for (text, stays) in
            [("4194305\n".to_owned(), true), (format!("{}\n", std::process::id()), false)]
        {
            fs::write(&path, text).unwrap();
            forget(&path, dir.path()).unwrap();
            assert_eq!(path.exists(), stays);
        }
        let own = fs::read_link("/proc/self/cwd").unwrap();
        assert!(works_in(Path::new("/proc/self"), &own), "a process in its place is its server");
    }
}
