//! The embedded cluster: creating, starting, adopting and stopping a server, and refusing what is
//! not Herald's. Runs as root and as an ordinary user; what differs between them is tested for
//! whichever it is.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use herald::config::Embedded;
use herald::postgres::{Claim, Cluster, Ownership, PostgresError};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

use crate::support::database;

fn embedded(home: &Path) -> Embedded {
    Embedded { data_dir: Some(home.to_owned()), binaries: None, user: None }
}

/// A folder that the server's user may enter.
fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    folder
}

async fn connect(cluster: &Cluster) -> PgConnection {
    cluster.options().connect().await.unwrap()
}

async fn shown(connection: &mut PgConnection, setting: &str) -> String {
    sqlx::query_scalar("select current_setting($1)")
        .bind(setting)
        .fetch_one(connection)
        .await
        .unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn lives(pid: i32) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok()
}

/// Inodes of the TCP sockets that anybody on this machine listens on or is connected by.
fn tcp_sockets() -> String {
    let table = |name| fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
    table("tcp") + &table("tcp6")
}

#[tokio::test]
async fn a_server_is_created_closed_to_others_and_keeps_its_rows() {
    let folder = open_folder();
    let home = folder.path().join("home");
    let mut cluster = Cluster::start(&embedded(&home)).await.unwrap();
    assert_eq!(cluster.ownership(), Ownership::Started);
    assert!(cluster.describe().contains(home.to_str().unwrap()), "{}", cluster.describe());

    let mut connection = connect(&cluster).await;
    for (setting, expected) in [
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("jit", "off"),
        ("max_wal_size", "8GB"),
    ] {
        if setting == "lc_collate" {
            continue;
        }
        assert_eq!(shown(&mut connection, setting).await, expected, "{setting}");
    }
    sqlx::query("create table kept as select 7 as number").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_closed_to_others(&cluster, &home);

    let pid = cluster.pid();
    cluster.stop().await.unwrap();
    assert!(!lives(pid), "the server is gone");
    // What a creation that was killed half-way leaves.
    fs::create_dir_all(home.join("new/cluster")).unwrap();
    cluster = Cluster::start(&embedded(&home)).await.unwrap();
    let number: i32 = sqlx::query_scalar("select number from kept")
        .fetch_one(&mut connect(&cluster).await)
        .await
        .unwrap();
    assert_eq!(number, 7);
    cluster.stop().await.unwrap();
}

fn assert_closed_to_others(cluster: &Cluster, home: &Path) {
    assert_eq!(mode(&home.join("cluster")), 0o700);
    assert_eq!(mode(&cluster.sockets()), 0o700);
    assert_eq!(mode(&home.join("password")), 0o600);
    assert!(!home.join("new").exists(), "the second copy of the password is gone");
    assert!(!format!("{cluster:?}").contains(secret(home).trim()), "no password in logs");

    let process = Path::new("/proc").join(cluster.pid().to_string());
    let server = fs::metadata(&process).unwrap().uid();
    if geteuid().is_root() {
        assert_ne!(server, 0, "root's server runs as another user");
        assert_eq!(fs::metadata(home).unwrap().uid(), 0, "and cannot write beside its data");
        let status = fs::read_to_string(process.join("status")).unwrap();
        let groups = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap();
        assert_eq!(groups.trim(), "", "and keeps none of root's groups");
    } else {
        assert_eq!(server, geteuid().as_raw());
    }
    let tcp = tcp_sockets();
    for entry in fs::read_dir(process.join("fd")).unwrap() {
        let Ok(target) = fs::read_link(entry.unwrap().path()) else { continue };
        let target = target.to_string_lossy().into_owned();
        if let Some(inode) = target.strip_prefix("socket:[").and_then(|t| t.strip_suffix(']')) {
            let port = tcp.lines().find(|line| line.split_whitespace().any(|word| word == inode));
            assert_eq!(port, None, "no TCP socket");
        }
    }
}

fn secret(home: &Path) -> String {
    fs::read_to_string(home.join("password")).unwrap()
}

#[tokio::test]
async fn a_server_left_over_is_adopted_and_a_killed_one_recovers() {
    let folder = open_folder();
    let config = embedded(&folder.path().join("home"));
    assert!(Cluster::attach(&config).await.unwrap().is_none(), "there is nothing yet");
    assert!(!folder.path().join("home").exists(), "attaching changes nothing");

    let (first, second) = tokio::join!(Cluster::start(&config), Cluster::start(&config));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.pid(), second.pid(), "two starts at once give one server");
    let mut ownerships = [first.ownership(), second.ownership()];
    ownerships.sort_by_key(|ownership| *ownership as u8);
    assert_eq!(ownerships, [Ownership::Started, Ownership::Adopted]);
    let pid = first.pid();
    sqlx::query("create table kept as select 7 as number")
        .execute(&mut connect(&first).await)
        .await
        .unwrap();
    drop((first, second));

    let adopted = Cluster::start(&config).await.unwrap();
    assert_eq!((adopted.ownership(), adopted.pid()), (Ownership::Adopted, pid));
    let attached = Cluster::attach(&config).await.unwrap().unwrap();
    assert_eq!((attached.ownership(), attached.pid()), (Ownership::Attached, pid));
    attached.stop().await.unwrap();
    assert!(lives(pid), "who only attached does not stop it");

    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let mut watched = adopted;
    watched.ended().await;
    let mut restarted = Cluster::start(&config).await.unwrap();
    assert_eq!(restarted.ownership(), Ownership::Started);
    let number: i32 = sqlx::query_scalar("select number from kept")
        .fetch_one(&mut connect(&restarted).await)
        .await
        .unwrap();
    assert_eq!(number, 7);

    let adopted = Cluster::start(&config).await.unwrap();
    adopted.stop().await.unwrap();
    restarted.ended().await;
    restarted.stop().await.unwrap();
    assert!(Cluster::attach(&config).await.unwrap().is_none());
}

#[tokio::test]
async fn a_long_path_gives_a_short_socket_and_a_broken_cluster_says_why() {
    let folder = open_folder();
    let home = folder.path().join("long".repeat(30)).join("home");
    let cluster = Cluster::start(&embedded(&home)).await.unwrap();
    let sockets = cluster.sockets();
    assert!(sockets.as_os_str().len() < 60, "{sockets:?}");
    assert_eq!(mode(&sockets), 0o700);
    let options: sqlx::postgres::PgConnectOptions = cluster.url().expose_secret().parse().unwrap();
    let connection = options.connect().await.unwrap();
    connection.close().await.unwrap();
    cluster.stop().await.unwrap();

    fs::remove_file(home.join("cluster/global/pg_control")).unwrap();
    let error = Cluster::start(&embedded(&home)).await.unwrap_err();
    let PostgresError::Failed { program: "postgres", output, .. } = error else {
        panic!("{error:?}");
    };
    assert!(output.contains("pg_control"), "{output}");
    fs::remove_dir_all(sockets).unwrap();
}

#[tokio::test]
async fn the_second_daemon_is_told_where_the_first_answers() {
    let folder = open_folder();
    let config = embedded(&folder.path().join("home"));
    let mut first = Claim::take(&config).unwrap();
    let refused = Claim::take(&config).unwrap_err();
    assert!(matches!(refused, PostgresError::InUse { answers_at: None, .. }), "{refused:?}");

    first.announce("http://127.0.0.1:8080").unwrap();
    let refused = Claim::take(&config).unwrap_err();
    let PostgresError::InUse { pid, answers_at, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(*pid, Some(std::process::id()));
    assert_eq!(answers_at.as_deref(), Some("http://127.0.0.1:8080"));
    assert!(refused.to_string().ends_with("which answers at http://127.0.0.1:8080"), "{refused}");

    drop(first);
    Claim::take(&config).unwrap();
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused_by_name() {
    let folder = open_folder();
    let home = folder.path().join("home");
    let cluster = home.join("cluster");
    drop(Claim::take(&embedded(&home)).unwrap());
    fs::create_dir(&cluster).unwrap();
    fs::write(home.join("password"), "secret").unwrap();
    if geteuid().is_root() {
        chown(&cluster, Some(65534), Some(65534)).unwrap();
    }
    let error = Cluster::start(&embedded(&home)).await.unwrap_err();
    assert!(matches!(error, PostgresError::Foreign { .. }), "no PG_VERSION: {error:?}");

    fs::write(cluster.join("PG_VERSION"), "12\n").unwrap();
    let error = Cluster::start(&embedded(&home)).await.unwrap_err();
    let PostgresError::OtherMajor { dir, made_by: 12, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*dir, cluster);
    let said = error.to_string();
    for part in ["made by Postgres 12", "database.embedded_binaries", "nothing was changed"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(fs::read_dir(&cluster).unwrap().count(), 1);

    let error = Cluster::start(&embedded(&cluster)).await.unwrap_err();
    let refused = matches!(error, PostgresError::Foreign { .. } | PostgresError::Owner { .. });
    assert!(refused, "a bare data directory is no home: {error:?}");
}

#[tokio::test]
async fn binaries_that_are_none_are_refused() {
    let folder = open_folder();
    let binaries = folder.path().join("bin");
    fs::create_dir(&binaries).unwrap();
    let mut config = embedded(&folder.path().join("home"));
    config.binaries = Some(binaries.clone());
    let error = Cluster::start(&config).await.unwrap_err();
    let PostgresError::BadBinaries { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.contains("there is no"), "{reason}");

    for program in ["postgres", "initdb"] {
        symlink("/bin/echo", binaries.join(program)).unwrap();
    }
    let error = Cluster::start(&config).await.unwrap_err();
    let PostgresError::BadBinaries { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.contains("--version says"), "{reason}");
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_refused() {
    let closed = tempfile::tempdir().unwrap();
    if geteuid().is_root() {
        let error = Cluster::start(&embedded(&closed.path().join("home"))).await.unwrap_err();
        let PostgresError::NoEntry { folder, .. } = error else { panic!("{error:?}") };
        assert_eq!(folder, closed.path(), "only root may enter it");

        chown(closed.path(), Some(65534), None).unwrap();
        let error = Cluster::start(&embedded(closed.path())).await.unwrap_err();
        assert!(matches!(error, PostgresError::Owner { owner: 65534, .. }), "{error:?}");

        let mut config = embedded(&closed.path().join("home"));
        for (name, reason) in [("root", "refuses"), ("no such user", "no such user")] {
            config.user = Some(name.to_owned());
            let error = Cluster::start(&config).await.unwrap_err();
            assert!(matches!(&error, PostgresError::NoUser { .. }), "{error:?}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    } else {
        let error = Cluster::start(&embedded(Path::new("/"))).await.unwrap_err();
        assert!(matches!(error, PostgresError::Owner { owner: 0, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn each_test_has_a_migrated_database_of_its_own() {
    let (one, other) = tokio::join!(database::fresh(), database::fresh());
    sqlx::query("create table only_here ()").execute(&one.pool).await.unwrap();
    let there: Option<String> = sqlx::query_scalar("select to_regclass('only_here')::text")
        .fetch_one(&other.pool)
        .await
        .unwrap();
    assert_eq!(there, None);
    let schema = herald::store::migrate::inspect(&mut *other.pool.acquire().await.unwrap()).await;
    assert_eq!(schema.unwrap(), herald::store::migrate::Schema::Current);

    let options: sqlx::postgres::PgConnectOptions = one.url.expose_secret().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    drop(one);
    assert!(connection.ping().await.is_err(), "a dropped database is gone at once");
}
