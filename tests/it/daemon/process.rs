//! The built program as a process of its own.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tokio::process::{Child, Command};

use super::client::Client;
use super::log::Log;
use super::setup::Setup;
use super::within;

/// Whether this line shows that a pass of a live edge begins: at least every 1.5 s on each chain.
fn is_beat(line: &str) -> bool {
    line.contains("insert into chain.leases")
}

/// A running program, killed when dropped; what it started is the folder's to end.
pub(super) struct Program {
    child: Child,
    /// What it says on standard error.
    pub(super) log: Log,
    /// What it answers on standard output.
    pub(super) out: Log,
}

/// How a program ended, and what it said until then.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) log: String,
    pub(super) out: String,
}

impl Ended {
    /// The exit code; none where a signal ended it.
    pub(super) fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl Program {
    /// Starts `herald` with these arguments on the configuration of `setup`, in a process group of
    /// its own and with nothing of the environment but the search path.
    pub(super) fn start(setup: &Setup, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_herald"))
            .arg("--config")
            .arg(setup.file())
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built with this test");
        let log = Log::of(child.stderr.take().expect("standard error is piped"));
        let out = Log::of(child.stdout.take().expect("standard output is piped"));
        Self { child, log, out }
    }

    /// Starts the daemon.
    pub(super) fn run(setup: &Setup) -> Self {
        Self::start(setup, &["run"])
    }

    /// Starts the daemon and waits until it answers.
    pub(super) async fn answering(setup: &Setup) -> (Self, Client) {
        let daemon = Self::run(setup);
        let client = daemon.client().await;
        (daemon, client)
    }

    /// The name that it has in leases and in the names of its connections.
    pub(super) async fn owner(&self) -> String {
        let (_, line) = self.says("answers at http://").await;
        let line: Value = serde_json::from_str(&line).expect("a line is a JSON object");
        line["replica"].as_str().expect("the line names the replica").to_owned()
    }

    /// Waits until the daemon has said where it answers.
    pub(super) async fn client(&self) -> Client {
        let (_, line) = self.says("answers at http://").await;
        let line: Value = serde_json::from_str(&line).expect("a line is a JSON object");
        Client::new(line["address"].as_str().expect("the line names the address"))
    }

    /// Waits for a line with these words, from the first line on.
    pub(super) async fn says(&self, words: &str) -> (usize, String) {
        self.says_from(0, words).await
    }

    /// Waits for a line with these words among the lines from `from` on.
    pub(super) async fn says_from(&self, from: usize, words: &str) -> (usize, String) {
        let line = self.log.line(from, |line| line.contains(words));
        match tokio::time::timeout(super::PATIENCE, line).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("it ended without `{words}`:\n{}", self.log.tail()),
            Err(_) => panic!("`{words}` did not come:\n{}", self.log.tail()),
        }
    }

    /// Looks after each beat of the daemon until `look` answers something.
    pub(super) async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let looking = async {
            loop {
                let from = self.log.len();
                if let Some(found) = look().await {
                    return found;
                }
                if self.log.line(from, is_beat).await.is_none() {
                    panic!("it ended before {what}:\n{}", self.log.tail());
                }
            }
        };
        match tokio::time::timeout(super::PATIENCE, looking).await {
            Ok(found) => found,
            Err(_) => panic!("{what} did not come:\n{}", self.log.tail()),
        }
    }

    /// Waits for the beginning of the next pass of a live edge.
    pub(super) async fn beat(&self) {
        let beat = within("a beat", self.log.line(self.log.len(), is_beat)).await;
        assert!(beat.is_some(), "it ended:\n{}", self.log.tail());
    }

    /// Its process id.
    pub(super) fn pid(&self) -> Pid {
        let id = self.child.id().expect("it was not waited for");
        Pid::from_raw(id.cast_signed()).expect("no process has the id 0")
    }

    /// Sends a signal to the program alone.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a child that was not waited for");
    }

    /// Sends a signal to its process group, as a terminal does.
    pub(super) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).expect("a child that was not waited for");
    }

    /// Waits for its end.
    pub(super) async fn ended(mut self) -> Ended {
        let status = within("the end", self.child.wait()).await.expect("a child can be waited for");
        self.log.ended().await;
        self.out.ended().await;
        Ended { status, log: self.log.text(), out: self.out.text() }
    }

    /// Asks it to stop and waits for its end, at most for the time that it promises.
    pub(super) async fn stops_within(mut self, promise: Duration) -> Ended {
        self.signal(Signal::TERM);
        let status = match tokio::time::timeout(promise, self.child.wait()).await {
            Ok(status) => status.expect("a child can be waited for"),
            Err(_) => panic!("it runs {promise:?} after SIGTERM:\n{}", self.log.tail()),
        };
        Ended { status, log: self.log.text(), out: self.out.text() }
    }

    /// Asks it to stop and waits until it has ended well.
    pub(super) async fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.ended().await;
        assert_eq!(ended.code(), Some(0), "{}", ended.log);
        ended
    }

    /// Ends it without a word.
    pub(super) async fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.ended().await
    }
}
