//! What can be asked of the benchmark, on its command line or by the variables of `make bench`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;

/// How fast the API answers reads
#[derive(Debug, Parser)]
pub(crate) struct Settings {
    /// Transfers that are stored; a tenth as many tokens and blocks
    #[arg(long, env = "BENCH_TRANSFERS", default_value_t = 10_000_000,
        value_parser = clap::value_parser!(i64).range(40_000..=100_000_000))]
    pub(crate) transfers: i64,
    /// Seconds that each question is asked for
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// Where the draws of the keys begin
    #[arg(long, env = "BENCH_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder of the database and of the report; kept for the next run
    #[arg(long, env = "BENCH_DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench"))]
    pub(crate) dir: PathBuf,
    /// Sent by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

impl Settings {
    /// How long each question is asked for.
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// A file or folder of the benchmark.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.join(name)
    }
}
