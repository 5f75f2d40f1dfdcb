//! The release that answers, as a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::{Child, Command};

use crate::settings::Settings;

/// Longest that the daemon may take to start, or to stop: it promises ten seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often its log is looked at while it starts.
const LOOK: Duration = Duration::from_millis(50);

/// Stands before the address in the line that says where it answers.
const ANSWERS: &str = "answers at http://";

/// A running `herald run --roles api`; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    /// Where it answers.
    pub(crate) address: SocketAddr,
}

impl Daemon {
    /// Starts it on a free port, with the settings that everybody has, and waits until it answers.
    pub(crate) async fn start(
        settings: &Settings,
        database: &SecretString,
    ) -> anyhow::Result<Self> {
        let (config, log) = (settings.file("herald.toml"), settings.file("herald.log"));
        std::fs::write(&config, "[http]\nlisten = '127.0.0.1:0'\n[log]\nformat = 'json'\n")?;
        let said = std::fs::File::create(&log)?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_herald"))
            .arg("--config")
            .arg(&config)
            .args(["run", "--roles", "api"])
            .env_clear()
            .env("HERALD_DATABASE__URL", database.expose_secret())
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .context("herald cannot be started")?;
        let started = tokio::time::timeout(PATIENCE, address(&mut child, &log)).await;
        let address = started
            .unwrap_or_else(|_| Err(anyhow::anyhow!("it took longer than {PATIENCE:?}")))
            .with_context(|| format!("herald does not answer; see {}", log.display()))?;
        Ok(Self { child, address })
    }

    /// Has it stop.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("herald has ended by itself")?;
        let pid = Pid::from_raw(id.cast_signed()).context("no process has the id 0")?;
        kill_process(pid, Signal::TERM)?;
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .context("herald does not stop")??;
        anyhow::ensure!(status.success(), "herald ended with {status}");
        Ok(())
    }
}

/// Waits for the line that says where it answers.
async fn address(child: &mut Child, log: &Path) -> anyhow::Result<SocketAddr> {
    loop {
        let text = std::fs::read_to_string(log)?;
        if let Some((_, rest)) = text.split_once(ANSWERS) {
            let end = rest.find(|mark: char| !(mark.is_ascii_digit() || ".:".contains(mark)));
            if let Some(end) = end {
                return Ok(rest[..end].parse()?);
            }
        }
        if let Some(status) = child.try_wait()? {
            anyhow::bail!("it ended with {status}");
        }
        tokio::time::sleep(LOOK).await;
    }
}
