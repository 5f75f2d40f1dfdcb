//! Where lines go: standard output, or a file that is there only when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::telemetry::screen;

/// Takes bytes.
pub(in crate::cli) enum Sink {
    /// Standard output.
    Stdout,
    /// A file under a temporary name beside its own, removed unless it is finished.
    File(Temporary),
}

/// A file that is not whole.
pub(in crate::cli) struct Temporary {
    file: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
    finished: bool,
}

impl Sink {
    /// The file at `path`, or standard output.
    pub(in crate::cli) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        let mut name = path.file_name().context("--output: it names no file")?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let temporary = path.with_file_name(name);
        let file = File::create(&temporary)
            .with_context(|| format!("{} cannot be written", temporary.display()))?;
        let (file, path) = (BufWriter::new(file), path.to_owned());
        Ok(Self::File(Temporary { file, temporary, path, finished: false }))
    }

    /// Whether what is written is read by whoever would see a bar.
    pub(in crate::cli) fn is_on_screen(&self) -> bool {
        matches!(self, Self::Stdout) && io::IsTerminal::is_terminal(&io::stdout())
    }

    /// Makes the file appear.
    pub(in crate::cli) fn finish(self) -> anyhow::Result<()> {
        let Self::File(mut file) = self else {
            return Ok(io::stdout().flush()?);
        };
        let named = || format!("{} cannot be written", file.path.display());
        let whole = file.file.flush().and_then(|()| file.file.get_ref().sync_all());
        whole.and_then(|()| fs::rename(&file.temporary, &file.path)).with_context(named)?;
        file.finished = true;
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => screen::above(|| io::stdout().write(bytes)),
            Self::File(file) => file.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().flush(),
            Self::File(file) => file.file.flush(),
        }
    }
}

impl Drop for Temporary {
    /// Leaves no half file behind.
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Whether a reader of standard output (`herald … | head`) has gone, who has what it wanted.
pub(super) fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}
