//! `[log]`: what is logged and how.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::section::{Reader, Section};
use super::tree::Node;
use super::{Log, LogFormat};

/// Longest filter: some dozens of modules; more is a mistake.
const FILTER_BYTES_MAX: usize = 2048;

pub(super) fn read(reader: &mut Reader, node: Option<&Node>) -> Option<Log> {
    let mut section = Section::open(reader, "log", node);
    let format = section.required("format", "auto, pretty, json", |node| match node.text()? {
        "auto" => Some(LogFormat::Auto),
        "pretty" => Some(LogFormat::Pretty),
        "json" => Some(LogFormat::Json),
        _ => None,
    });
    let filter = section.required(
        "filter",
        "levels (off, error, warn, info, debug, trace), alone or by module, such as \
         info,herald::index=debug",
        |node| node.text().filter(|text| is_filter(text)).map(str::to_owned),
    );
    section.finish();
    Some(Log { format: format?, filter: filter? })
}

/// Whether `tracing` takes the filter, and every part of it names a level: `verbose` alone would
/// mean a module of that name and silence all others.
fn is_filter(text: &str) -> bool {
    let names_level = |part: &str| {
        part.contains('=') || (!part.is_empty() && part.parse::<LevelFilter>().is_ok())
    };
    let parts = text.split(',');
    text.len() <= FILTER_BYTES_MAX
        && EnvFilter::try_new(text).is_ok()
        && parts.filter(|part| !part.contains(['[', ']', '{', '}'])).all(names_level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_levels() {
        for (text, sound) in [
            ("info", true),
            ("warn,herald::index=debug", true),
            ("info, herald=trace", false),
            ("off", true),
            ("info,herald[pass{worker=live}]=debug", true),
            ("", false),
            ("verbose", false),
            ("info,herald=loud", false),
            ("info,,", false),
        ] {
            assert_eq!(is_filter(text), sound, "{text}");
        }
    }
}
