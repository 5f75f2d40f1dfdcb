//! What a check finds wrong, and how it fails a test.

use super::house::House;

/// Something wrong at a place.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// `path` or `path:line`.
    place: String,
    /// What is wrong and what to do.
    what: String,
}

impl Complaint {
    /// About a line.
    pub(crate) fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { place: format!("{path}:{line}"), what: what.into() }
    }

    /// About a whole file.
    pub(crate) fn about(path: &str, what: impl Into<String>) -> Self {
        Self { place: path.to_owned(), what: what.into() }
    }
}

/// Looks at a house and complains.
pub(crate) type Check = fn(&House) -> Vec<Complaint>;

/// Fails with all complaints about this checkout.
#[track_caller]
pub(crate) fn holds(check: Check) {
    let found = check(&House::real());
    let lines: Vec<String> =
        found.iter().map(|one| format!("{}: {}", one.place, one.what)).collect();
    assert!(found.is_empty(), "{} to mend\n{}", found.len(), lines.join("\n"));
}

/// The places that a check complains of in a house made up for it.
pub(crate) fn places(check: Check, files: &[(&str, &str)]) -> Vec<String> {
    check(&House::of(files)).into_iter().map(|one| one.place).collect()
}
