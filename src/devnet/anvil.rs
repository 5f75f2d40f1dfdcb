//! One anvil process: found, started on a free port of the loopback address, and stopped.
//!
//! It runs in a process group of its own, so that Ctrl-C reaches Herald alone, which then ends the
//! node in its turn. Blocks come on command only.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::node::Node;

/// Blocks from the head to `safe`; to `finalized` twice as many. Small, so that a demo of a minute
/// sees blocks become final; larger than any reorg of the traffic.
pub const SLOTS_IN_AN_EPOCH: u64 = 8;

/// States that the node keeps; far more than the deepest reorg and the slowest reader need, and
/// few enough to run for days.
const STATES_KEPT: u64 = 512;

/// Longest an anvil takes until it listens; some tens of milliseconds on an idle machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest it may take to end when asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// What an anvil prints once it listens, before its address.
const LISTENING: &str = "Listening on 127.0.0.1:";

/// The option by which [`super::leftovers`] knows the anvils of a folder.
pub(super) const MARK: &str = "--config-out";

/// A running anvil.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    port: u16,
    name: String,
}

/// The program: the configured one, else the first in `bin` of the `tools` folders, else on the
/// search path.
pub fn find(configured: Option<&Path>, tools: &[PathBuf], path: &[PathBuf]) -> Result<PathBuf> {
    if let Some(program) = configured {
        let program = std::path::absolute(program)?;
        return match program.is_file() {
            true => Ok(program),
            false => bail!("dev.anvil: there is no file {}", program.display()),
        };
    }
    let installed = tools.iter().map(|folder| folder.join("bin"));
    let mut places = installed.chain(path.iter().cloned()).map(|folder| folder.join("anvil"));
    places.find(|program| program.is_file()).ok_or_else(|| {
        anyhow!("no anvil found: run `make setup`, which puts one into .tools/, or set dev.anvil")
    })
}

impl Anvil {
    /// Starts `program` as the chain `chain_id`, known as `name`; it writes into `dir` only.
    pub async fn start(program: &Path, dir: &Path, name: &str, chain_id: u64) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let errors = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--no-mining", "--order", "fifo"])
            .args(["--block-base-fee-per-gas", "0", "--gas-price", "0", "--no-cors"])
            .args(["--chain-id", &chain_id.to_string()])
            .args(["--slots-in-an-epoch", &SLOTS_IN_AN_EPOCH.to_string()])
            .args(["--prune-history", &STATES_KEPT.to_string()])
            .arg(MARK)
            .arg(dir.join(format!("{name}.json")))
            .env("HOME", dir)
            .current_dir(dir)
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let output = child.stdout.take().context("an anvil without standard output")?;
        let mut output = BufReader::new(output).lines();
        let port = tokio::time::timeout(START_TIMEOUT, listening(&mut output))
            .await
            .unwrap_or_else(|_| Err(anyhow!("not listening after {START_TIMEOUT:?}")))
            .with_context(|| format!("start {}; see {}", program.display(), log.display()))?;
        let anvil = Self { child, output, port, name: name.to_owned() };
        // From here on it is silent, so that nobody has to read for it to go on.
        Node::new(&anvil.http_url())?.be_quiet().await?;
        Ok(anvil)
    }

    /// Where it answers JSON-RPC over HTTP.
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it answers JSON-RPC over WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Its process id; absent once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns when the process ends without having been asked to, saying how. Reads what it
    /// prints meanwhile.
    pub async fn ended(&mut self) -> String {
        while let Ok(Some(line)) = self.output.next_line().await {
            tracing::trace!(line, "anvil says");
        }
        match self.child.wait().await {
            Ok(status) => format!("the node of {} ended: {status}", self.name),
            Err(err) => format!("the node of {} is lost: {err}", self.name),
        }
    }

    /// Ends the process: asked first, then killed. It is gone and reaped afterwards.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        // A child that was not waited for keeps its id, so the signal cannot reach strangers. The
        // group, because a script may stand between Herald and the node.
        if id.is_some_and(|id| kill_process_group(id, Signal::TERM).is_ok())
            && tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await.is_ok()
        {
            return Ok(());
        }
        self.child.kill().await.with_context(|| format!("end the node of {}", self.name))
    }
}

/// Reads until the process says where it listens.
async fn listening(output: &mut Lines<BufReader<ChildStdout>>) -> Result<u16> {
    while let Some(line) = output.next_line().await? {
        if let Some(port) = port_in(&line) {
            return Ok(port);
        }
    }
    bail!("it ended before it listened")
}

/// The port in the line that says where an anvil listens.
fn port_in(line: &str) -> Option<u16> {
    line.trim().strip_prefix(LISTENING)?.parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_line_of_a_listening_anvil_only() {
        assert_eq!(port_in("Listening on 127.0.0.1:36247"), Some(36_247));
        assert_eq!(port_in("  Listening on 127.0.0.1:1 \r"), Some(1));
        for line in [
            "",
            "Listening on 127.0.0.1:0",
            "Listening on 127.0.0.1:65536",
            "Listening on 0.0.0.0:8545",
            "Chain ID: 31337",
        ] {
            assert_eq!(port_in(line), None, "{line}");
        }
    }

    #[test]
    fn a_configured_program_that_is_missing_is_named_and_nothing_else_is_taken() {
        let here = std::path::absolute(".").unwrap();
        let said = find(Some(Path::new("no/such/anvil")), &[here], &[]).unwrap_err().to_string();
        assert!(said.starts_with("dev.anvil: there is no file /"), "{said}");
    }

    #[test]
    fn tools_come_before_the_search_path() {
        let dir = tempfile::tempdir().unwrap();
        let (tools, path) = (dir.path().join("tools"), dir.path().join("path"));
        std::fs::create_dir_all(tools.join("bin")).unwrap();
        std::fs::create_dir_all(&path).unwrap();
        File::create(path.join("anvil")).unwrap();
        let found = || find(None, std::slice::from_ref(&tools), std::slice::from_ref(&path));
        assert_eq!(found().unwrap(), path.join("anvil"));
        File::create(tools.join("bin/anvil")).unwrap();
        assert_eq!(found().unwrap(), tools.join("bin/anvil"));
        assert!(find(None, &[], &[]).unwrap_err().to_string().contains("make setup"));
    }
}
