//! How a Rust file opens, and how long it may be. The length of functions is clippy's.

use super::complaint::{Complaint, holds, places};
use super::house::House;

/// Most lines of a file that gives no reason.
const LINES_MAX: usize = 250;

/// Most lines of any file.
const LINES_LIMIT: usize = 400;

/// How the reason begins, in the file's opening comment.
const REASON: &str = "//! Long because";

fn opening(house: &House) -> Vec<Complaint> {
    rust(house)
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| Complaint::at(path, 1, "opens without `//!`: say its one responsibility"))
        .collect()
}

fn length(house: &House) -> Vec<Complaint> {
    let too_long = |(path, text): (&str, &str)| {
        let lines = text.lines().count();
        let reason = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .any(|line| line.starts_with(REASON) && line.len() > REASON.len() + 1);
        let most = if reason { LINES_LIMIT } else { LINES_MAX };
        let what = match reason {
            true => format!("{lines} lines, and no reason is good for more than {LINES_LIMIT}"),
            false => format!("{lines} lines of {LINES_MAX}; split it, or give a `{REASON} …`"),
        };
        (lines > most).then(|| Complaint::about(path, what))
    };
    rust(house).filter_map(too_long).collect()
}

fn rust(house: &House) -> impl Iterator<Item = (&str, &str)> {
    ["src/", "tests/", "benches/"].into_iter().flat_map(|under| house.files(under, ".rs"))
}

#[test]
fn every_rust_file_opens_with_its_responsibility() {
    holds(opening);
    let files =
        [("src/a.rs", "//! Does a thing.\n"), ("src/b.rs", "use x;\n//! late"), ("tests/c.rs", "")];
    assert_eq!(places(opening, &files), ["src/b.rs:1", "tests/c.rs:1"]);
}

#[test]
fn no_file_is_long_without_a_reason() {
    holds(length);
    let lines = |count: usize, head: &str| format!("{head}\n{}", "x\n".repeat(count - 1));
    let reason = format!("{REASON} one table fills it.");
    let files = [
        ("src/fits.rs", lines(LINES_MAX, "//! x")),
        ("src/long.rs", lines(LINES_MAX + 1, "//! x")),
        ("src/reason.rs", lines(LINES_LIMIT, &reason)),
        ("src/endless.rs", lines(LINES_LIMIT + 1, &reason)),
        ("tests/none.rs", lines(LINES_MAX + 1, REASON)),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    assert_eq!(places(length, &files), ["src/endless.rs", "src/long.rs", "tests/none.rs"]);
}
