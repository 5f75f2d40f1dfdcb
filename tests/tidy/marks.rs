//! What never stays in code: notes to oneself, panics on what was not checked, silenced lints,
//! tests that wait or do not run.

use super::complaint::{Complaint, holds, places};
use super::house::House;
use super::tokens::{Token, begins, bracketed};
use super::tree::reached;

/// Notes to oneself, cut in two so that this file has none.
const NOTES: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

/// Macros that stand for code still to be written.
const STOPGAPS: [&str; 3] = ["dbg", "todo", "unimplemented"];

fn notes(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    let texts = ["src/", "tests/", "benches/", "migrations/", "contracts/src/"];
    for (path, text) in texts.into_iter().flat_map(|under| house.files(under, "")) {
        let noted = |line: &str| {
            line.split(|mark: char| !mark.is_ascii_alphanumeric()).any(|word| NOTES.contains(&word))
        };
        let lines = text.lines().enumerate().filter(|(_, line)| noted(line));
        out.extend(lines.map(|(at, _)| Complaint::at(path, at + 1, "do it now, or open an issue")));
    }
    out
}

/// Complains of the tokens under a folder that `wrong` answers for. It is told whether they are a
/// test's.
fn all_over(
    house: &House,
    under: &[&str],
    wrong: impl Fn(&[Token], bool) -> Option<&'static str>,
) -> Vec<Complaint> {
    let reached = reached(house);
    let mut out = Vec::new();
    for (path, all) in under.iter().flat_map(|under| house.code(under)) {
        let test_file = path.starts_with("tests/") || reached.get(path) == Some(&true);
        out.extend((0..all.len()).filter_map(|at| {
            let what = wrong(&all[at..], test_file || all[at].test)?;
            Some(Complaint::at(path, all[at].line, what))
        }));
    }
    out
}

fn stopgaps(house: &House) -> Vec<Complaint> {
    all_over(house, &["src/", "tests/", "benches/"], |rest, _| {
        let stopgap = STOPGAPS.iter().any(|name| begins(rest, &[name, "!"]));
        stopgap.then_some("a macro for code still to be written")
    })
}

fn unwraps(house: &House) -> Vec<Complaint> {
    all_over(house, &["src/", "benches/"], |rest, test| {
        let unwrap = begins(rest, &[".", "unwrap", "(", ")"]) && !test;
        unwrap.then_some("no `unwrap`: answer the error, or `expect` with the invariant that holds")
    })
}

fn silenced(house: &House) -> Vec<Complaint> {
    all_over(house, &["src/", "tests/", "benches/"], |rest, _| {
        let attribute = rest[0].attribute && rest.get(1).is_some_and(|open| open.text == "(");
        match rest[0].text.as_str() {
            "allow" if attribute => Some("write `expect` with a reason: it ends with its cause"),
            "expect" if attribute && !bracketed(&rest[1..]).iter().any(|t| t.text == "reason") => {
                Some("an `expect` gives its reason")
            }
            _ => None,
        }
    })
}

fn waiting_tests(house: &House) -> Vec<Complaint> {
    all_over(house, &["src/", "tests/"], |rest, test| {
        if rest[0].attribute && rest[0].text == "ignore" {
            return Some("a test that does not run keeps nothing; mend or delete it");
        }
        let sleeps = test && ["sleep", "sleep_until"].iter().any(|name| begins(rest, &[name, "("]));
        sleeps.then_some("no test sleeps: call `pass()`, or wait for what is to happen")
    })
}

#[test]
fn nothing_is_left_for_later() {
    holds(notes);
    holds(stopgaps);
    let note = format!("-- fine\n-- {}: later\n", NOTES[0]);
    assert_eq!(places(notes, &[("migrations/0002_x.sql", &note)]), ["migrations/0002_x.sql:2"]);
    let code = r#"fn f() { dbg!(1); }
fn g() { todo!() }
fn todo() { todo(); "todo!" }"#;
    assert_eq!(places(stopgaps, &[("src/x.rs", code)]), ["src/x.rs:1", "src/x.rs:2"]);
}

#[test]
fn no_code_of_the_daemon_unwraps() {
    holds(unwraps);
    let code = r"fn f() { a.unwrap(); b.unwrap_or(1); }
#[cfg(test)]
use x;
fn g() { c.unwrap() }
#[cfg(test)]
mod tests { fn h() { d.unwrap() } }
fn i() { m!(e.unwrap()) }";
    let test_file =
        [("src/lib.rs", "mod x;\n#[cfg(test)] mod y;"), ("src/x.rs", code), ("src/y.rs", code)];
    assert_eq!(places(unwraps, &test_file), ["src/x.rs:1", "src/x.rs:4", "src/x.rs:7"]);
}

#[test]
fn a_lint_is_silenced_only_with_a_reason() {
    holds(silenced);
    let code = r#"#![allow(dead_code)]
#[expect(dead_code, reason = "x")]
fn f() { a.expect("b") }
#[cfg_attr(x, allow(unused))]
#[expect(unused)]
fn allow() { allow(1) }"#;
    let lines = [1, 4, 5].map(|line| format!("src/x.rs:{line}"));
    assert_eq!(places(silenced, &[("src/x.rs", code)]), lines);
}

#[test]
fn every_test_runs_and_none_sleeps() {
    holds(waiting_tests);
    let code = r#"fn f() { tokio::time::sleep(x).await }
#[test]
#[ignore = "slow"]
fn g() { sleep(x) }"#;
    let found = places(waiting_tests, &[("src/x.rs", code), ("tests/it/y.rs", code)]);
    assert_eq!(
        found,
        ["src/x.rs:3", "src/x.rs:4", "tests/it/y.rs:1", "tests/it/y.rs:3", "tests/it/y.rs:4"]
    );
}
