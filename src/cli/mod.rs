//! The command line: which commands there are, one file for each, and how the process ends.
//!
//! [`main`] parses the arguments, loads the configuration, starts the log and hands over to the
//! command. Answers go to standard output, everything else to standard error.

mod out;
mod duration;
mod words;
mod http;
mod stream;
pub mod shown;
mod signals;
mod database;
mod read_replica;
pub mod run;
pub mod migrate;
pub mod rewind;
pub mod check;
pub mod config;
#[cfg(feature = "dev")]
pub mod dev;
pub mod status;
pub mod spans;
pub mod progress;
pub mod keys;
pub mod contracts;
pub mod snapshot;
pub mod export;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::config::{Faults, Loaded, NoDatabase};
use crate::telemetry::logs;

/// The arguments of the program.
#[derive(Debug, Parser)]
#[command(
    name = "herald",
    version,
    about = "Follows NFT contracts on EVM chains and answers who owns what.",
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.\n\n\
                  Example:\n  herald check --offline --config herald.toml",
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    /// Configuration file (TOML); keys can also be set by variables such as HERALD_HTTP__LISTEN
    #[arg(long, global = true, value_name = "FILE", env = "HERALD_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    #[cfg(feature = "dev")]
    Dev(dev::Args),
    Check(check::Args),
    Config(config::Args),
    Migrate(migrate::Args),
    Rewind(rewind::Args),
    Status(status::Args),
    Spans(spans::Args),
    Keys(keys::Args),
    Contracts(contracts::Args),
    Snapshot(snapshot::Args),
    Export(export::Args),
}

impl Command {
    fn is_daemon(&self) -> bool {
        matches!(self, Self::Run(_))
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: wrong usage or configuration; trying again without a change is useless.
    Wrong,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::FAILURE,
            Exit::Wrong => Self::from(2),
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to clap; a closed terminal is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() { Exit::Wrong } else { Exit::Done }.into();
        }
    };
    run(cli).unwrap_or_else(|error| told(&error)).into()
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    let mut loaded = crate::config::load(cli.config.as_deref(), crate::config::variables())?;
    if !cli.command.is_daemon() && loaded.is_default("log.filter") {
        // What a command says is its answer; a running log beside it would hide it.
        loaded.config.log.filter = "warn".into();
    }
    logs::init(&loaded.config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the threads of the process could not be started")?;
    runtime.block_on(dispatch(cli.command, loaded))
}

async fn dispatch(command: Command, loaded: Loaded) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(loaded.config, args).await,
        #[cfg(feature = "dev")]
        Command::Dev(args) => {
            let listen_is_set = !loaded.is_default("http.listen");
            dev::run(loaded.config, dev::Args { listen_is_set, ..args }).await
        }
        Command::Migrate(migrate::Args {}) => migrate::run(loaded.config).await,
        Command::Rewind(args) => rewind::run(loaded.config, args).await,
        Command::Status(args) => status::run(loaded.config, args).await,
        Command::Spans(args) => spans::run(loaded.config, args).await,
        Command::Keys(args) => keys::run(loaded.config, args).await,
        Command::Contracts(args) => contracts::run(loaded.config, args).await,
        Command::Snapshot(args) => snapshot::run(loaded.config, args).await,
        Command::Export(args) => export::run(loaded.config, args).await,
        Command::Check(args) => check::run(loaded.config, args).await,
        Command::Config(args) => config::run(&loaded.settings, &args),
    }
}

/// Says on standard error why a command ended, and decides the exit code.
fn told(error: &anyhow::Error) -> Exit {
    if let Some(faults) = error.downcast_ref::<Faults>() {
        let count = faults.0.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        out::complain(&format!("error: the configuration has {count} {noun}\n{faults}"));
        return Exit::Wrong;
    }
    out::complain(&format!("error: {error:#}"));
    if error.is::<NoDatabase>() { Exit::Wrong } else { Exit::Failed }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Every command without commands below it, with the words that call it.
    fn leaves(command: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
        for below in command.get_subcommands() {
            let words = format!("{words} {}", below.get_name());
            if below.has_subcommands() {
                leaves(below, &words, found);
            } else {
                found.push((words, below.clone()));
            }
        }
    }

    #[test]
    fn every_command_is_sound_and_has_an_explanation_and_an_example_that_parses() {
        let root = Cli::command();
        root.clone().debug_assert();
        let mut found = Vec::new();
        leaves(&root, "herald", &mut found);
        assert!(found.len() >= 2);
        for (words, command) in found {
            assert!(command.get_about().is_some(), "{words}");
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = help.lines().find(|line| line.trim_start().starts_with(&words));
            let example = example.unwrap_or_else(|| panic!("{words} has no example: {help}"));
            let parsed = Cli::try_parse_from(example.split_whitespace());
            assert!(parsed.is_ok(), "{example}: {parsed:?}");
        }
    }

    #[test]
    fn faults_of_the_configuration_are_wrong_usage_and_other_errors_are_failures() {
        assert_eq!(told(&anyhow::Error::from(NoDatabase).context("starting")), Exit::Wrong);
        assert_eq!(told(&anyhow::Error::from(Faults(Vec::new()))), Exit::Wrong);
        assert_eq!(told(&anyhow::anyhow!("no route to host")), Exit::Failed);
    }
}
