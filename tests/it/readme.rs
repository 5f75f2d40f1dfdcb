//! Every command of the README: those of `make` reach what they promise, and the others run as
//! they stand, against a simulated chain in place of the mainnet and a free port.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use alloy::primitives::Address;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::documents::{blocks, document, example, root};
use crate::support::folder::Folder;
use crate::support::sim::{SimChain, SimNode, SimTx, erc721_transfer, serve};

/// Where the README's daemon listens, which a test must not.
const ADDRESS: &str = "http://127.0.0.1:8080";

/// Only a daemon that will never say it is waited for as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// What `make` would run for each of its commands, as the end of a line of `make -n`.
const RECIPES: &[(&str, &str)] = &[
    ("make demo", " -- dev"),
    (r#"make demo ARGS="--for 60s""#, " -- dev --for 60s"),
    ("make test", ".ci/test"),
    ("make build PROFILE=release", " --profile release"),
];

/// Of each request: a part of it, its route in docs/API.md, and what the answer holds where.
const ANSWERS: &[(&str, &str, (&str, &str))] = &[
    ("/v1/chains/", "GET /v1/chains/{chain}", ("/id", "eip155:1")),
    ("/v1/contracts/", "GET /v1/contracts/{chain}/{address}", ("/status", "ready")),
    ("/v1/tokens/", "GET /v1/tokens/{chain}/{contract}/{token_id}", ("/standard", "erc721")),
    ("/v1/wallets/", "GET /v1/wallets/{address}/tokens", ("/data/0/token_id", "77")),
    ("/v1/events?", "GET /v1/events", ("/data/0/type", "contract.added")),
    ("/v1/contracts -H", "POST /v1/contracts", ("/standard", "erc721")),
];

/// Of each command that ends by itself: what it says.
const SAYINGS: &[(&str, &str)] =
    &[("herald status", "ethereum (eip155:1): "), ("herald contracts list", " ready ")];

/// The commands of the README, one a line.
fn commands() -> Vec<String> {
    let shell = blocks(&document("README.md")).into_iter().filter(|block| block.kind == "sh");
    let lines: Vec<String> = shell.map(|block| block.text.replace("\\\n", " ")).collect();
    lines.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
}

/// The configuration of the README, as it stands.
fn configuration() -> String {
    let found = blocks(&document("README.md"));
    let mut tables = found.into_iter().filter(|block| block.kind == "toml");
    let table = tables.next().expect("the README shows a configuration");
    assert!(tables.next().is_none(), "which of the configurations is meant?");
    table.text
}

/// The word of the README that stands between `before` and `after`.
fn word(before: &str, after: &str) -> String {
    let text = document("README.md");
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    rest.split(after).next().unwrap_or_default().to_owned()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn every_make_command_of_the_readme_reaches_what_it_promises() {
    let mut count = 0;
    for command in commands().iter().filter(|command| command.starts_with("make ")) {
        let recipe = RECIPES.iter().find(|(known, _)| known == command);
        let (_, end) = recipe.unwrap_or_else(|| panic!("nothing is known of {command}"));
        let dry = command.replacen("make ", "make -n ", 1);
        // This test may itself run under make, whose variables would reach the inner one.
        let output = Command::new("sh")
            .args(["-c", &dry])
            .current_dir(root())
            .env_remove("MAKEFLAGS")
            .env_remove("MAKELEVEL")
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{dry}: {}", said(&output.stderr));
        let lines = said(&output.stdout);
        let reached = lines.lines().any(|line| line.trim_end().ends_with(end));
        assert!(reached, "{dry} would run:\n{lines}");
        count += 1;
    }
    assert_eq!(count, RECIPES.len());
    for script in [".ci/setup", ".ci/test"] {
        assert!(root().join(script).is_file(), "{script}");
    }
}

/// A place where the README's commands run.
struct Shell<'a> {
    folder: &'a Path,
    /// What the shell has been told before: where the program is, variables that were set.
    before: String,
}

impl<'a> Shell<'a> {
    fn new(folder: &'a Path) -> Self {
        // A failed request fails its command; requests to loopback pass no proxy.
        std::fs::write(folder.join(".curlrc"), "fail\nshow-error\nnoproxy = \"*\"\n").unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_herald")).parent().expect("it has a folder");
        Self { folder, before: format!("PATH='{}':\"$PATH\"\n", program.display()) }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-euc", &format!("{}{line}", self.before)])
            .current_dir(self.folder)
            .env("CURL_HOME", self.folder)
            .env("HERALD_HTTP__LISTEN", "127.0.0.1:0")
            .env("HERALD_DATABASE__DATA_DIR", self.folder.join("home"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end and answers what it said.
    async fn run(&self, line: &str) -> String {
        let Output { status, stdout, stderr } = self.command(line).output().await.unwrap();
        assert!(status.success(), "{line}: {status}: {}{}", said(&stdout), said(&stderr));
        said(&stdout)
    }
}

/// The daemon of the README.
struct Daemon {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Daemon {
    fn start(shell: &Shell<'_>, line: &str) -> Self {
        let mut command = shell.command(&format!("exec {line}"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        Self { child, log }
    }

    /// Waits for a line of the log and answers the rest of it.
    async fn says(&mut self, part: &str) -> String {
        let mut heard = String::new();
        let search = async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                if let Some((_, rest)) = line.split_once(part) {
                    return rest.to_owned();
                }
                heard.push_str(&line);
                heard.push('\n');
            }
            panic!("the daemon ended without saying {part}:\n{heard}")
        };
        timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("it never says {part}"))
    }

    /// Asks it to stop, as an operator does.
    async fn stop(mut self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.expect("it runs"), Signal::TERM).unwrap();
        self.says("herald has stopped").await;
        assert_eq!(self.child.wait().await.unwrap().code(), Some(0));
    }
}

/// A mainnet of some blocks, on which the README's wallet holds the README's token, and the contract
/// that the README asks for says what it is.
fn mainnet() -> SimNode {
    let holder: Address = word("/v1/wallets/", "/").parse().unwrap();
    let contract: Address = word("address = \"", "\"").parse().unwrap();
    let token = word("/v1/tokens/ethereum/", "\n").rsplit_once('/').unwrap().1.parse().unwrap();
    let mut chain = SimChain::new(1, 1);
    let later = word("\"contract\": \"", "\"").parse().unwrap();
    let mint = |contract| erc721_transfer(contract, Address::ZERO, holder, token);
    chain.mine(vec![SimTx::new(1, vec![mint(contract), mint(later)])]);
    chain.contracts.extend([(contract, 1), (later, 1)]);
    chain.says_erc721.insert(later);
    (0..40).for_each(|_| drop(chain.mine(Vec::new())));
    SimNode::new(chain)
}

/// The names of an object's members; of a list's rows as well.
fn names(answer: &Value) -> Vec<String> {
    let of = |value: &Value| -> Vec<String> {
        value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
    };
    [of(answer), of(&answer["data"][0]), of(&answer["page"]), of(&answer["meta"])].concat()
}

/// Holds the answer of a request against the documented one.
fn check(request: &str, answer: &str) {
    let known = ANSWERS.iter().find(|(part, ..)| request.contains(part));
    let (_, heading, (pointer, value)) = known.unwrap_or_else(|| panic!("{request} is not known"));
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer.pointer(pointer), Some(&Value::from(*value)), "{request}: {answer}");
    assert_eq!(names(&answer), names(&example(heading)), "{heading} is documented otherwise");
}

#[tokio::test]
async fn every_other_command_of_the_readme_runs_as_it_stands() {
    let (folder, node) = (Folder::new(), serve(mainnet()).await);
    let (file, mut shell) = (folder.path().join("herald.toml"), Shell::new(folder.path()));
    let all = commands();
    let of = |start: &str| all.iter().find(|line| line.starts_with(start)).unwrap();

    std::fs::write(&file, configuration()).unwrap();
    let summary = shell.run(of("herald check ")).await;
    assert!(summary.contains("chain ethereum (eip155:1): endpoints endpoint-1; contracts 1"));

    let endpoint = word("endpoints = [\"", "\"");
    let (start, later) = (word("start_block = ", " "), word("\"start_block\": ", "}"));
    let simulated = configuration().replace(&endpoint, &node.http).replace(&start, "1");
    std::fs::write(&file, simulated).unwrap();
    let mut daemon = Daemon::start(&shell, of("herald run "));
    let address = daemon.says("answers at ").await.split('"').next().unwrap().to_owned();
    daemon.says("has the whole history of").await;

    let mut answered = 0;
    let done = ["make ", "herald check ", "herald run "];
    for line in all.iter().filter(|line| !done.iter().any(|start| line.starts_with(start))) {
        let line = line.replace(ADDRESS, &address).replace(&later, "1");
        if line.starts_with("export ") || line.starts_with("KEY=") {
            shell.before.push_str(&format!("{line}\n"));
            continue;
        }
        let output = shell.run(&line).await;
        if line.starts_with("curl ") {
            check(&line, &output);
            answered += 1;
        } else {
            let known = SAYINGS.iter().find(|(start, _)| line.starts_with(start));
            let (_, part) = known.unwrap_or_else(|| panic!("nothing is known of {line}"));
            assert!(output.contains(part), "{line}: {output}");
        }
    }
    assert_eq!(answered, ANSWERS.len());
    daemon.stop().await;
    assert!(folder.inhabitants().is_empty(), "Postgres outlived the daemon");
}
