//! The terminal that standard error is, where it is one: bars at its bottom, lines above them.
//!
//! A process has one terminal, so there is one of these. Whoever prints while bars may be shown does
//! so through [`above`]; the log does.

use std::io::{self, Write};
use std::sync::LazyLock;

use indicatif::{MultiProgress, ProgressBar};
use tracing_subscriber::fmt::MakeWriter;

static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Whether standard error can show bars: it is a terminal, and not a dumb one.
pub fn shows_bars() -> bool {
    !BARS.is_hidden()
}

/// Adds a bar below those that there are.
pub fn add(bar: ProgressBar) -> ProgressBar {
    BARS.add(bar)
}

/// Writes to standard output or standard error while the bars stand aside. Bars and other lines wait
/// for it.
pub fn above<T>(write: impl FnOnce() -> T) -> T {
    BARS.suspend(write)
}

/// Standard error for the log: each write is a whole line.
pub(super) struct Above;

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        above(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Above {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}
