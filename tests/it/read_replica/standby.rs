//! A cluster and a standby of it: a copy made while it was down, which then replays its log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use herald::api::router_beside;
use herald::config::Embedded;
use herald::postgres::Cluster;
use herald::store::read_replica::{ReadReplica, replayed, written};
use herald::store::{self, Pool};
use herald::upkeep::Lookout;
use herald::work::{Pass, Worker};
use secrecy::ExposeSecret;
use sqlx::ConnectOptions;

use crate::api::state;
use crate::support::folder::Folder;
use crate::support::seed::SeedChain;

/// Most looks at something that happens by itself: each takes a round trip, so that a minute passes
/// before it is given up.
const LOOKS_MAX: usize = 200_000;

/// Most that the standby may lag in these tests: nothing at all.
const LAG_MAX: Duration = Duration::ZERO;

/// Writes one record of the log that changes nothing.
const RECORD: &str = "select pg_logical_emit_message(false, 'herald', 'on')";

/// Two servers, a chain in both, and the API over them.
pub(super) struct Pair {
    pub(super) primary: Pool,
    pub(super) replica: Arc<ReadReplica>,
    pub(super) lookout: Lookout,
    pub(super) router: Router,
    pub(super) one: SeedChain,
    pub(super) standby: Option<Cluster>,
    cluster: Option<Cluster>,
    folder: Folder,
}

fn settings(home: &Path) -> Embedded {
    Embedded { data_dir: Some(home.to_owned()), binaries: None, user: None }
}

/// Copies a stopped cluster and has the copy follow the original, which is reached at `url`.
fn copy(from: &Path, to: &Path, url: &str) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for part in ["cluster", "password"] {
        let copied = Command::new("cp").arg("-a").arg(from.join(part)).arg(to).status().unwrap();
        assert!(copied.success());
    }
    let append = |path: PathBuf, text: String| {
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, before + &text).unwrap();
    };
    let conf = to.join("cluster/postgresql.auto.conf");
    append(
        conf,
        format!(
            "primary_conninfo = '{url}'\nwal_retrieve_retry_interval = '50ms'\nmax_standby_streaming_delay = 0\nhot_standby_feedback = off\n"
        ),
    );
    append(to.join("cluster/standby.signal"), String::new());
    let owned = Command::new("chown")
        .arg(format!("--reference={}", to.join("cluster").display()))
        .arg(to.join("cluster/standby.signal"))
        .status();
    assert!(owned.unwrap().success());
}

impl Pair {
    /// A chain at block 40, in both servers.
    pub(super) async fn start() -> Self {
        let folder = Folder::new();
        let (home, other) = (folder.path().join("primary"), folder.path().join("standby"));
        let cluster = Cluster::start(&settings(&home)).await.expect("a cluster");
        let url = cluster.url().expose_secret().to_owned();
        cluster.stop().await.expect("it stops");
        copy(&home, &other, &url);
        let cluster = Cluster::start(&settings(&home)).await.expect("it starts again");
        let standby = Cluster::start(&settings(&other)).await.expect("its standby");
        let options = cluster.options();
        let mut migrating = options.connect().await.unwrap();
        let mut guard = options.connect().await.unwrap();
        store::migrate::apply(&mut migrating, &mut guard).await.unwrap();
        let primary = store::pool::open(options, 3);
        let one = SeedChain::add(&primary, "eip155:1", "ethereum").await;
        one.commit(1, 40).await;
        let limit = Duration::from_secs(10);
        let replica = Arc::new(ReadReplica::open(&standby.options(), 3, limit));
        let lookout = Lookout::new(primary.clone(), &standby.options(), replica.clone(), LAG_MAX);
        let router = router_beside(state(&primary), Some(replica.clone()));
        let (cluster, standby) = (Some(cluster), Some(standby));
        let pair = Self { primary, replica, lookout, router, one, standby, cluster, folder };
        pair.level().await;
        pair.until_fit().await;
        pair
    }

    /// Has the worker look once.
    pub(super) async fn look(&self) -> bool {
        assert_eq!(self.lookout.pass().await.unwrap(), Pass::Idle);
        self.replica.fits()
    }

    /// Looks until the replica is fit.
    pub(super) async fn until_fit(&self) {
        for _ in 0..LOOKS_MAX {
            if self.look().await {
                return;
            }
        }
        panic!("the replica is never fit");
    }

    /// Waits until the standby has all that was committed.
    pub(super) async fn level(&self) {
        // A record behind the last commit, so that the place lies on the border of a record.
        self.run(RECORD).await;
        let place = written(&self.primary).await.unwrap();
        for _ in 0..LOOKS_MAX {
            match replayed(&self.replica.pool).await {
                Ok(Some(there)) if there >= place => return,
                _ => self.run(RECORD).await,
            }
        }
        panic!("the standby does not replay");
    }

    async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.primary).await.unwrap();
    }

    /// Stops the standby's replay.
    pub(super) async fn pause(&self) {
        self.standby_runs("select pg_wal_replay_pause()").await;
        for _ in 0..LOOKS_MAX {
            let state: String = sqlx::query_scalar("select pg_get_wal_replay_pause_state()")
                .fetch_one(&self.replica.pool)
                .await
                .unwrap();
            if state == "paused" {
                return;
            }
            // It stops before the next record.
            self.run(RECORD).await;
        }
        panic!("the replay does not stop");
    }

    /// Lets the standby go on.
    pub(super) async fn resume(&self) {
        self.standby_runs("select pg_wal_replay_resume()").await;
    }

    /// Starts the standby that was stopped.
    pub(super) async fn begin_again(&mut self) {
        let home = self.folder.path().join("standby");
        self.standby = Some(Cluster::start(&settings(&home)).await.expect("it starts again"));
    }

    async fn standby_runs(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.replica.pool).await.unwrap();
    }

    /// Ends both servers.
    pub(super) async fn stop(mut self) {
        for cluster in [self.standby.take(), self.cluster.take()].into_iter().flatten() {
            cluster.stop().await.unwrap();
        }
    }
}
