//! Where a value comes from, so that `herald config show` and every fault can say it.

use std::fmt;
use std::sync::Arc;

/// The layer that decided a value, lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, or a rule stated there.
    Default,
    /// `config/chains.toml`.
    Preset,
    /// The operator's file.
    File {
        /// As it was named on the command line.
        name: Arc<str>,
        /// Line, counted from 1.
        line: usize,
    },
    /// An environment variable of this name.
    Variable(Arc<str>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Preset => f.write_str("preset"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}
