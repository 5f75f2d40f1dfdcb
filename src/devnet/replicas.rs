//! Replicas of the demo: processes of the same binary that index, so that one can be killed while
//! another takes over.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::{Child, Command};

use crate::config::ChainConfig;

/// The binary that runs now, whatever its file is called or was replaced by.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Longest a replica may take to end when asked to: its own drain ends before.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The option by which [`super::leftovers`] knows the replicas of a folder.
pub(super) const MARK: &str = "--config";

/// What follows it, in that folder.
pub(super) const FILE: &str = "replica.toml";

/// The replicas of a demo that still run.
#[derive(Debug)]
pub struct Replicas(Vec<Child>);

impl Replicas {
    /// Starts `count` of them on the database at `url`; they write into `dir` only.
    pub fn start(
        dir: &Path,
        url: &SecretString,
        chains: &[ChainConfig],
        count: usize,
    ) -> Result<Self> {
        let file = dir.join(FILE);
        std::fs::write(&file, configuration(chains))
            .with_context(|| format!("write {}", file.display()))?;
        let start = |which: usize| start((dir, &file), &format!("replica-{which}.log"), url);
        (1..=count).map(start).collect::<Result<_>>().map(Self)
    }

    /// Their process ids.
    pub fn ids(&self) -> Vec<u32> {
        self.0.iter().filter_map(Child::id).collect()
    }

    /// Kills one without a word while another is left to take over, and answers its process id.
    pub async fn kill_one(&mut self) -> Result<Option<u32>> {
        if self.0.len() < 2 {
            return Ok(None);
        }
        let mut child = self.0.remove(0);
        let id = child.id();
        child.kill().await.context("kill a replica")?;
        Ok(id)
    }

    /// Ends all of them: asked first, then killed.
    pub async fn stop(self) -> Result<()> {
        for mut child in self.0 {
            let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            let asked = id.is_some_and(|id| kill_process(id, Signal::TERM).is_ok());
            if !asked || tokio::time::timeout(STOP_TIMEOUT, child.wait()).await.is_err() {
                child.kill().await.context("end a replica")?;
            }
        }
        Ok(())
    }
}

fn start((dir, file): (&Path, &Path), log: &str, url: &SecretString) -> Result<Child> {
    let log = dir.join(log);
    let out = File::create(&log).with_context(|| format!("create {}", log.display()))?;
    let errors = out.try_clone().with_context(|| format!("write {}", log.display()))?;
    Command::new(THIS_PROGRAM)
        .args(["run", MARK])
        .arg(file)
        .env("HERALD_DATABASE__URL", url.expose_secret())
        .current_dir(dir)
        .process_group(0)
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .context("start a replica")
}

/// What a replica is told of the demo; the URL of the database stays out of it, because it has a
/// password.
fn configuration(chains: &[ChainConfig]) -> String {
    let mut text = String::from("roles = [\"index\"]\n\n[http]\nlisten = \"127.0.0.1:0\"\n");
    for chain in chains {
        let urls: Vec<String> =
            chain.endpoints.iter().map(|one| format!("{:?}", one.url.expose_secret())).collect();
        let _ = writeln!(
            text,
            "\n[chains.{}]\nid = {}\nfinality = \"tag\"\nfinality_seconds = {}\nblock_time_ms = {}\n\
             range_max = {}\nload_workers = {}\nendpoints = [{}]",
            chain.name,
            chain.id.0,
            chain.finality_depth.as_secs(),
            chain.block_time.as_millis(),
            chain.range_max,
            chain.load_workers,
            urls.join(", "),
        );
        for contract in &chain.contracts {
            let _ = writeln!(
                text,
                "\n[[chains.{}.contracts]]\naddress = \"{}\"",
                chain.name, contract.address
            );
            if let Some(block) = contract.start_block {
                let _ = writeln!(text, "start_block = {block}");
            }
            if let Some(standard) = contract.standard {
                let _ = writeln!(text, "standard = \"{standard}\"");
            }
        }
    }
    text
}
