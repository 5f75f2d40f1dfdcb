//! Streams of the API as files: `herald snapshot` and `herald export`.
//!
//! `source` answers a stream, from the database of the configuration or from a running daemon; both
//! are the same API. `copy` brings its lines into a `sink`, which becomes a file only when it is
//! whole, and `told` says how far it is.

mod copy;
mod sink;
mod source;
mod told;

use anyhow::bail;
use axum::http::HeaderMap;

use super::contracts::place::Refusal;
use super::signals::Signals;
use super::{Exit, out};

pub(super) use copy::{Copied, Cut, copy};
pub(super) use sink::Sink;
pub(super) use source::Source;
pub(super) use told::Told;

/// Arguments that both commands have.
#[derive(Clone, Debug, clap::Args)]
pub struct Whereto {
    /// `csv` or `ndjson`
    #[arg(long, value_name = "FORMAT", default_value = "csv", value_parser = ["csv", "ndjson"])]
    pub format: String,
    /// File that is written, once it is whole; without it, standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<std::path::PathBuf>,
    /// A running daemon; without it, the database of the configuration
    #[arg(long, value_name = "URL", value_parser = super::contracts::base)]
    pub url: Option<url::Url>,
}

/// Does `work` with a source, and says `again` where its stream is cut off.
pub(super) async fn run_on(
    source: Source,
    again: &str,
    work: impl AsyncFnOnce(&Source) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    let mut signals = Signals::catch()?;
    let done = tokio::select! {
        done = work(&source) => done,
        () = signals.asked() => Err(anyhow::anyhow!("stopped before its end")),
    };
    source.close().await?;
    match done {
        Err(error) if error.is::<Refusal>() => {
            out::complain(&format!("error: {error}"));
            Ok(error.downcast_ref().map_or(Exit::Failed, Refusal::exit))
        }
        Err(error) if error.is::<Cut>() => bail!("{error}: {again}"),
        done => done,
    }
}

/// The block that an answer shows, in words.
pub(super) fn block(headers: &HeaderMap) -> String {
    let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let hash = of("x-herald-block-hash").map(|hash| format!(" ({hash})")).unwrap_or_default();
    format!("block {}{hash}", of("x-herald-block").unwrap_or("unknown"))
}
