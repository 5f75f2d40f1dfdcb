//! Ends the anvils and the replicas that a killed `herald dev` left behind.
//!
//! Each of them carries a path of its folder on its command line. The kernel keeps that for as
//! long as the process lives, so no file has to be written in time and none can be out of date. A
//! process is signalled through a descriptor opened before its command line was read: its number
//! cannot have passed on to a stranger in between.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::time::{Instant, sleep};

use super::anvil::MARK;
use super::replicas;

/// Longest a process may take to end after each of the two signals.
const END_TIMEOUT: Duration = Duration::from_secs(3);

/// Between two looks at whether it has ended.
const POLL: Duration = Duration::from_millis(20);

/// Ends every anvil and replica that was started on `dir`; answers how many there were. Only whoever holds the
/// claim on `dir` may call this, else it ends the nodes of a demo that is running.
pub async fn end_leftovers(dir: &Path) -> Result<usize> {
    let mut ended = 0;
    for entry in fs::read_dir("/proc").context("list the processes")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| Pid::from_raw(name.parse().ok()?)) else {
            continue;
        };
        // Of another user, or gone since: in both cases none of ours.
        let Ok(process) = pidfd_open(id, PidfdFlags::empty()) else { continue };
        if is_running(id, dir) {
            end(id, process, dir)
                .await
                .with_context(|| format!("end the left-over process {id}"))?;
            ended += 1;
        }
    }
    Ok(ended)
}

async fn end(id: Pid, process: OwnedFd, dir: &Path) -> Result<()> {
    for signal in [Signal::TERM, Signal::KILL] {
        match pidfd_send_signal(&process, signal) {
            Ok(()) => {}
            Err(Errno::SRCH) => return Ok(()),
            Err(err) => return Err(err.into()),
        }
        let sent = Instant::now();
        while is_running(id, dir) && sent.elapsed() < END_TIMEOUT {
            sleep(POLL).await;
        }
        if !is_running(id, dir) {
            return Ok(());
        }
    }
    bail!("it does not end")
}

/// Whether this process is an anvil or a replica on `dir`. One that has ended and was not reaped has no command
/// line any more.
fn is_running(id: Pid, dir: &Path) -> bool {
    fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|command| is_ours(&command, dir))
}

/// Whether this command line (arguments ended by zero bytes, proc(5)) is of an anvil or a replica on
/// `dir`, or of a script that started one.
fn is_ours(command: &[u8], dir: &Path) -> bool {
    let arguments: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
    arguments.windows(2).any(|pair| {
        let file = Path::new(OsStr::from_bytes(pair[1]));
        (pair[0] == MARK.as_bytes() && file.parent() == Some(dir))
            || (pair[0] == replicas::MARK.as_bytes() && file == dir.join(replicas::FILE))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_anvil_of_this_folder_is_ours() {
        let dir = Path::new("/var/lib/herald/dev");
        let ours =
            b"/x/.tools/bin/anvil\0--port\x000\0--config-out\0/var/lib/herald/dev/dev-one.json\0";
        assert!(is_ours(ours, dir));
        let replica = b"/proc/self/exe\0run\0--config\0/var/lib/herald/dev/replica.toml\0";
        assert!(is_ours(replica, dir));
        for other in [
            b"".as_slice(),
            b"anvil\0--port\x000\0",
            b"herald\0dev\0--config\0/var/lib/herald/dev/mine.toml\0",
            b"anvil\0--config-out\0/var/lib/herald/other/dev-one.json\0",
            b"anvil\0--config-out\0/var/lib/herald/dev/deeper/dev-one.json\0",
            b"anvil\0/var/lib/herald/dev/dev-one.json\0--config-out\0",
        ] {
            assert!(!is_ours(other, dir), "{}", String::from_utf8_lossy(other));
        }
    }
}
