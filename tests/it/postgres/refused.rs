//! What is in use, not Herald's, or out of reach is refused by name, and nothing is changed.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use herald::postgres::{Claim, Cluster, PostgresError};
use rustix::process::geteuid;

use super::{Folder, embedded};

#[tokio::test]
async fn the_second_daemon_is_told_where_the_first_answers() {
    let folder = Folder::new();
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
    let folder = Folder::new();
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
    let folder = Folder::new();
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
    let closed = Folder::new();
    fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).unwrap();
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
