//! The paths that a file uses: in `use` trees, written out in code, within macros.

use super::tokens::{Token, begins, runs, tokens};

/// The paths below `root` (`crate`, `herald`) that a file uses, with their lines.
pub(crate) fn used(all: &[Token], root: &str) -> Vec<(usize, Vec<String>)> {
    let mut out = Vec::new();
    for rest in runs(all, &[root, "::"]) {
        let mut paths = Vec::new();
        branch(&rest[2..], &[], &mut paths);
        out.extend(paths.into_iter().map(|path| (rest[0].line, path)));
    }
    out
}

/// Reads what follows a `::` and answers how many tokens it took.
fn branch(rest: &[Token], before: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let path = |name: &str| [before, &[name.to_owned()]].concat();
    match rest {
        [open, ..] if open.text == "{" => {
            let mut at = 1;
            while rest.get(at).is_some_and(|token| token.text != "}") {
                at += branch(&rest[at..], before, out).max(1);
            }
            at + 1
        }
        [name, ..] if name.text == "self" && !before.is_empty() => {
            out.push(before.to_vec());
            1
        }
        [name, colons, next, ..] if name.is_word() && colons.text == "::" && next.text != "<" => {
            2 + branch(&rest[2..], &path(&name.text), out)
        }
        [name, alias, _, ..] if name.is_word() && alias.text == "as" => {
            out.push(path(&name.text));
            3
        }
        [name, ..] if name.is_word() || name.text == "*" => {
            out.push(path(&name.text));
            1
        }
        _ => 0,
    }
}

/// Lines where a row of `super` leads to the top, past the table.
pub(crate) fn climbs<'a>(path: &str, all: &'a [Token]) -> impl Iterator<Item = usize> + 'a {
    let inner = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let depth = inner.split('/').filter(|part| !matches!(*part, "mod" | "main" | "lib")).count();
    runs(all, &["super", "::"]).filter_map(move |rest| {
        let steps =
            (0..).take_while(|step| begins(&rest[(2 * step).min(rest.len())..], &["super", "::"]));
        (steps.count() >= depth + rest[0].inside.len()).then_some(rest[0].line)
    })
}

#[test]
fn every_way_to_write_a_path_is_read() {
    let all = tokens("x", "use crate::a::{self, b::{c, d as e}, *}; crate::f::G { h }; crate::i");
    let paths: Vec<String> = used(&all, "crate").iter().map(|(_, path)| path.join("::")).collect();
    assert_eq!(paths, ["a", "a::b::c", "a::b::d", "a::*", "f::G", "i"]);
}
