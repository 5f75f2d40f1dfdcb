//! All that `herald dev` needs beside the daemon: a folder of its own, a cluster with an empty
//! database, and the chains. Set up together, and taken down whatever fails.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::process::geteuid;
use sqlx::postgres::PgConnectOptions;

use super::anvil;
use super::chains::Devnet;
use super::leftovers::end_leftovers;
use super::replicas::Replicas;
use crate::config::{self, ChainConfig, Database, DatabaseSource, Dev, Embedded};
use crate::postgres::{Claim, Cluster};
use crate::store;

/// Where the demo of root is: as the cluster's own place, a folder that another user can enter.
const HOME_OF_ROOT: &str = "/var/lib/herald/dev";

/// The surroundings of a demo.
pub struct Stage {
    /// The chains.
    pub devnet: Devnet,
    dir: PathBuf,
    cluster: Cluster,
    claim: Claim,
}

impl Stage {
    /// Sets everything up; of `database` only the binaries and the user of an embedded cluster
    /// matter. Let it end even when it is no longer wanted, and then [`Self::stop`] it: a cluster
    /// that has just started outlives a dropped future. Fails with [`crate::postgres::PostgresError::InUse`] where a demo runs
    /// on the same folder. Chains and database are new each time: anvil keeps no chain.
    pub async fn set(dev: &Dev, database: &Database, seed: u64) -> Result<Self> {
        let tools = config::tools_dirs();
        let program = anvil::find(dev.anvil.as_deref(), &tools, &config::search_path())?;
        let dir = home(dev)?;
        let embedded = cluster_in(&dir, database);
        let claim = Claim::take(&embedded)?;
        let ended = end_leftovers(&dir).await?;
        if ended > 0 {
            tracing::info!(ended, "ended processes that a killed demo had left");
        }
        // Where anvil keeps scratch files; those of a killed one are of no use.
        let _ = std::fs::remove_dir_all(dir.join(".foundry"));
        let (cluster, devnet) =
            tokio::join!(fresh_cluster(&embedded), Devnet::start(&program, &dir, seed));
        match (cluster, devnet) {
            (Ok(cluster), Ok(devnet)) => Ok(Self { devnet, dir, cluster, claim }),
            (Err(err), Ok(devnet)) => {
                devnet.stop().await?;
                Err(err)
            }
            (Ok(cluster), Err(err)) => {
                cluster.stop().await?;
                Err(err)
            }
            (Err(err), Err(_)) => Err(err),
        }
    }

    /// How the daemon reaches its database, which is empty.
    pub fn database(&self) -> PgConnectOptions {
        self.cluster.options()
    }

    /// Starts daemons beside the demo's own that do nothing but index.
    pub fn replicas(&self, chains: &[ChainConfig], count: usize) -> Result<Replicas> {
        Replicas::start(&self.dir, &self.cluster.url(), chains, count)
    }

    /// Says where the daemon answers to whoever starts a second demo.
    pub fn announce(&mut self, address: SocketAddr) -> Result<()> {
        Ok(self.claim.announce(&format!("http://{address}"))?)
    }

    /// Ends the nodes and the cluster; the daemon must have let go of both.
    pub async fn stop(self) -> Result<()> {
        let (devnet, cluster) = tokio::join!(self.devnet.stop(), self.cluster.stop());
        devnet.and(cluster.context("stop postgres"))
    }
}

/// The address to listen on where nobody chose one: `usual` if it is free, else any port.
pub fn free_address(usual: SocketAddr) -> SocketAddr {
    match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}

/// The cluster of the demo: never the operator's own, but run in the same way.
fn cluster_in(dir: &Path, database: &Database) -> Embedded {
    let (binaries, user) = match &database.source {
        Some(DatabaseSource::Embedded(own)) => (own.binaries.clone(), own.user.clone()),
        Some(DatabaseSource::Url(_)) | None => (None, None),
    };
    Embedded { data_dir: Some(dir.join("postgres")), binaries, user }
}

async fn fresh_cluster(embedded: &Embedded) -> Result<Cluster> {
    let cluster = Cluster::start(embedded).await?;
    match store::embedded::recreate_database(cluster.options()).await {
        Ok(()) => Ok(cluster),
        Err(err) => {
            cluster.stop().await?;
            Err(err.into())
        }
    }
}

/// The folder of the demo, created where it is missing, by its one true name: the processes left
/// over on it are found by that.
fn home(dev: &Dev) -> Result<PathBuf> {
    let dir = match &dev.dir {
        Some(dir) => dir.clone(),
        None if geteuid().is_root() => Path::new(HOME_OF_ROOT).to_owned(),
        None => config::data_home().context("no home folder: set dev.dir")?.join("herald/dev"),
    };
    std::fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
    dir.canonicalize().with_context(|| format!("find {}", dir.display()))
}
