//! Lines of a command: answers on standard output, complaints on standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use crate::telemetry::screen;

/// Writes one line of an answer.
///
/// # Errors
///
/// When it cannot be written, such as to a full disk. A reader that has gone (`herald … | head`)
/// has what it wanted and is no error.
pub(super) fn line(text: impl Display) -> io::Result<()> {
    screen::above(|| line_to(&mut io::stdout().lock(), text))
}

/// Writes a complaint; one that cannot be written has nobody to be told to.
pub(super) fn complain(text: &str) {
    let _ = screen::above(|| writeln!(io::stderr().lock(), "{text}"));
}

fn line_to(target: &mut impl Write, text: impl Display) -> io::Result<()> {
    match writeln!(target, "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refusing(ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_a_reader_that_has_gone_is_no_error() {
        let mut written = Vec::new();
        line_to(&mut written, "a").unwrap();
        assert_eq!(written, b"a\n");
        assert!(line_to(&mut Refusing(ErrorKind::BrokenPipe), "a").is_ok());
        assert!(line_to(&mut Refusing(ErrorKind::StorageFull), "a").is_err());
    }
}
