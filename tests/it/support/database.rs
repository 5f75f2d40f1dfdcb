//! A database of its own for each test, cloned from a template that is migrated once.
//!
//! All tests of a checkout share one embedded cluster, whichever process they run in; whoever comes
//! first starts it, and `.ci/test-postgres stop` stops it. Nothing in it is worth keeping.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use alloy::primitives::hex;
use herald::config::Embedded;
use herald::postgres::Cluster;
use herald::store::{self, Pool};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// Connections of a test: a few, because many tests run at once on one server of 100.
const CONNECTIONS_MAX: u32 = 5;

/// A migrated, empty database. Dropped with this value; what a killed test leaves, the next sweeps.
pub(crate) struct TestDatabase {
    /// Connections to it.
    pub(crate) pool: Pool,
    /// How another process reaches it, as `database.url`.
    pub(crate) url: SecretString,
    name: String,
    admin: PgConnectOptions,
}

/// A new database that no other test sees.
pub(crate) async fn fresh() -> TestDatabase {
    let settings = settings();
    let cluster = Cluster::start(&settings).await.expect("the test cluster starts");
    let admin = cluster.options().database("postgres");
    let mut connection = admin.connect().await.expect("the test cluster answers");
    let template = template(&mut connection, &cluster, &settings).await;

    let name = format!("test_{}_{:016x}", std::process::id(), rand::random::<u64>());
    run(&mut connection, format!(r#"create database "{name}" template "{template}""#)).await;
    connection.close().await.expect("a connection closes");
    let mut url: url::Url = cluster.url().expose_secret().parse().expect("the cluster has a URL");
    url.set_path(&name);
    let pool = store::pool::open(cluster.options().database(&name), CONNECTIONS_MAX);
    TestDatabase { pool, url: url.to_string().into(), name, admin }
}

impl Drop for TestDatabase {
    /// On a thread and a runtime of its own, because the test's are blocked by this very call.
    fn drop(&mut self) {
        let statement = format!(r#"drop database if exists "{}" with (force)"#, self.name);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(async {
                    if let Ok(mut connection) = self.admin.connect().await {
                        let _ =
                            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await;
                    }
                });
            });
        });
    }
}

/// Settings of the cluster that the tests of this checkout share. Root's lies outside the
/// checkout, which the server's user may not be able to enter.
pub(crate) fn settings() -> Embedded {
    let checkout = fs::canonicalize(env!("CARGO_MANIFEST_DIR")).expect("the checkout exists");
    let home = if rustix::process::geteuid().is_root() {
        let hash = Sha256::digest(checkout.as_os_str().as_encoded_bytes());
        PathBuf::from(format!("/var/lib/herald/test-{}", hex::encode(&hash[..4])))
    } else {
        checkout.join("target/test-postgres")
    };
    Embedded { data_dir: Some(home), binaries: None, user: None }
}

/// The name of a migrated database, made and swept for under a lock on a file of the cluster.
async fn template(connection: &mut PgConnection, cluster: &Cluster, settings: &Embedded) -> String {
    let home = settings.data_dir.as_deref().expect("the test cluster has a home");
    let lock = File::create(home.join("template.lock")).expect("the home is writable");
    lock.lock().expect("a lock");
    let template = format!("template_{}", migrations());
    let names: Vec<String> = sqlx::query_scalar("select datname from pg_database")
        .fetch_all(&mut *connection)
        .await
        .expect("the databases");
    for name in names.iter().filter(|name| left_over(name)) {
        run(connection, format!(r#"drop database if exists "{name}" with (force)"#)).await;
    }
    if !names.contains(&template) {
        // Losing the test cluster costs nothing; waiting for the disk would.
        run(connection, "alter system set fsync = off".to_owned()).await;
        run(connection, "alter system set synchronous_commit = off".to_owned()).await;
        run(connection, "select pg_reload_conf()".to_owned()).await;
        build(connection, cluster, &template).await;
    }
    template
}

/// Migrates under another name first, so that a test killed meanwhile leaves no half template.
async fn build(connection: &mut PgConnection, cluster: &Cluster, template: &str) {
    run(connection, "drop database if exists building with (force)".to_owned()).await;
    run(connection, "create database building".to_owned()).await;
    let options = cluster.options().database("building");
    let mut migrating = options.connect().await.expect("a new database answers");
    let mut guard = options.connect().await.expect("a new database answers");
    store::migrate::apply(&mut migrating, &mut guard).await.expect("the migrations apply");
    migrating.close().await.expect("a connection closes");
    guard.close().await.expect("a connection closes");
    run(connection, format!(r#"alter database building rename to "{template}""#)).await;
    run(connection, format!(r#"alter database "{template}" allow_connections false"#)).await;
}

/// Whether a database belonged to a test process that is gone.
fn left_over(name: &str) -> bool {
    let pid = name.strip_prefix("test_").and_then(|name| name.split('_').next());
    pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
}

/// Sixteen hexadecimal digits over all migrations.
fn migrations() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let entries = fs::read_dir(folder).expect("the migrations exist");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(fs::read(file).expect("a readable migration"));
    }
    hex::encode(&hash.finalize()[..8])
}

async fn run(connection: &mut PgConnection, statement: String) {
    let shown = statement.clone();
    let done = sqlx::query(AssertSqlSafe(statement)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{shown}: {error}"));
}
