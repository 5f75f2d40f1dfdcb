//! `herald config show`: the configuration in force, secrets hidden, each value with its origin.

use crate::config::{Setting, lines};

use super::{Exit, out};

/// Show the configuration in force
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Command {
    /// Print every key with its value and where it comes from; secrets are hidden
    #[command(after_help = "Example:\n  herald config show --config herald.toml")]
    Show,
}

/// Prints the settings, one a line.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn run(settings: &[Setting], args: &Args) -> anyhow::Result<Exit> {
    match args.command {
        Command::Show => {
            for line in lines(settings) {
                out::line(line)?;
            }
            Ok(Exit::Done)
        }
    }
}
