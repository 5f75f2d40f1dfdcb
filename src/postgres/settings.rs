//! How the server is set: its command line, and how much memory it may share.
//!
//! The settings stand on the command line and not in `postgresql.conf`, so that a newer Herald
//! brings its own to a cluster that an older one made.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::place::{PORT, Place};

/// Most memory for shared buffers: more gains little for Herald's mix of appends and lookups.
const SHARED_BUFFERS_MAX: u64 = 4 << 30;

/// Least memory for shared buffers: the server's own default.
const SHARED_BUFFERS_MIN: u64 = 128 << 20;

/// One part in so many of the memory is shared buffers, as Postgres' documentation advises.
const SHARED_BUFFERS_PART: u64 = 4;

/// Settings that do not depend on the place.
const FIXED: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=100",
    // Bulk loads write WAL faster than checkpoints of the default size could follow.
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    "wal_compression=on",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_destination=stderr",
    "logging_collector=off",
    "cluster_name=herald",
];

/// The arguments of `postgres`.
pub(super) fn arguments(place: &Place, sockets: &Path) -> Vec<OsString> {
    let mut arguments = vec![OsString::from("-D"), place.cluster().into_os_string()];
    let mut set = |setting: OsString| arguments.extend([OsString::from("-c"), setting]);
    for setting in FIXED {
        set(OsString::from(setting));
    }
    set(OsString::from(format!("port={PORT}")));
    set(OsString::from(format!("shared_buffers={}kB", shared_buffers(memory()) >> 10)));
    // The setting is a list; in quotes a comma in the path does not divide it.
    let quoted = sockets.to_string_lossy().replace('"', "\"\"");
    set(OsString::from(format!("unix_socket_directories=\"{quoted}\"")));
    arguments
}

fn shared_buffers(memory: u64) -> u64 {
    (memory / SHARED_BUFFERS_PART).clamp(SHARED_BUFFERS_MIN, SHARED_BUFFERS_MAX)
}

/// Bytes of memory that this process may use: the machine's, or what a control group (version 2,
/// or 1) allows where that is less.
fn memory() -> u64 {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let machine = total(&read(Path::new("/proc/meminfo"))).unwrap_or(0);
    let group = own_group(&read(Path::new("/proc/self/cgroup")));
    let limits = Path::new(&group)
        .ancestors()
        .map(|group| format!("/sys/fs/cgroup{}/memory.max", group.display()))
        .chain([
            "/sys/fs/cgroup/memory.max".to_owned(),
            "/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned(),
        ]);
    let limits = limits.filter_map(|path| read(Path::new(&path)).trim().parse().ok());
    limits.fold(machine, u64::min)
}

/// Bytes of `MemTotal` (proc_meminfo(5)).
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Path of the process's group in the unified hierarchy (cgroups(7)); empty where there is none.
fn own_group(cgroup: &str) -> String {
    let line = cgroup.lines().find_map(|line| line.strip_prefix("0::"));
    line.unwrap_or_default().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_memory_is_shared_within_bounds() {
        for (memory_mb, expected_mb) in
            [(0, 128), (256, 128), (1024, 256), (8192, 2048), (65536, 4096)]
        {
            assert_eq!(shared_buffers(memory_mb << 20), expected_mb << 20, "{memory_mb} MB");
        }
    }

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        assert_eq!(total("MemTotal:       24607412 kB\nMemFree: 1 kB\n"), Some(24_607_412 << 10));
        assert_eq!(total("MemTotal: 18446744073709551615 kB"), None);
        assert_eq!(total(""), None);
        assert_eq!(
            own_group("1:name=x:/a\n0::/system.slice/herald.service\n"),
            "/system.slice/herald.service"
        );
        assert_eq!(own_group("0::/\n"), "");
    }

    #[test]
    fn a_comma_in_the_path_does_not_divide_it() {
        let place = Place { home: "/a,b".into(), user: None };
        let arguments = arguments(&place, Path::new("/a,b/run"));
        assert!(arguments.contains(&OsString::from("unix_socket_directories=\"/a,b/run\"")));
    }
}
