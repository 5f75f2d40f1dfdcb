//! `herald status`: its arguments.

/// Say what is wrong, since when, and what to do next
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = "Examples:\n  herald status --config herald.toml\n  herald status --json")]
pub struct Args {
    /// Answer as one JSON object
    #[arg(long)]
    pub json: bool,
}
