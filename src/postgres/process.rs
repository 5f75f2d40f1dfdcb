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
}
