//! Which Rust files `mod` lines reach, from the roots that Cargo knows, and by which convention.

use std::collections::{BTreeMap, BTreeSet};

use super::complaint::{Complaint, holds, places};
use super::house::House;
use super::manifest::{FUZZ, roots};
use super::tokens::{Token, tokens};

/// The files that are reached, and whether only tests see them.
pub(crate) fn reached(house: &House) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    for root in roots(house) {
        follow(house, &root, &(folder(&root).to_owned(), root.starts_with("tests/")), &mut found);
    }
    found
}

/// Follows the `mod` lines of a file whose children stand in the folder `within.0` and are tests'
/// alone where `within.1` says so.
fn follow(house: &House, path: &str, within: &(String, bool), found: &mut BTreeMap<String, bool>) {
    let Some(text) = house.text(path) else { return };
    found.insert(path.to_owned(), within.1);
    let all = tokens(path, text);
    for (at, name) in declared(&all) {
        let test = within.1 || all[at].test;
        let inline = all[at].inside.iter().map(|module| format!("/{module}"));
        let children = format!("{}{}/{name}", within.0, inline.collect::<String>());
        for child in [format!("{children}.rs"), format!("{children}/mod.rs")] {
            follow(house, &child, &(children.clone(), test), found);
        }
    }
}

/// Places and names of the modules that a file declares and does not hold.
fn declared(all: &[Token]) -> impl Iterator<Item = (usize, &str)> {
    (0..all.len().saturating_sub(2))
        .filter(|&at| all[at].text == "mod" && all[at + 2].text == ";")
        .map(|at| (at, all[at + 1].text.as_str()))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn orphans(house: &House) -> Vec<Complaint> {
    let reached = reached(house);
    ["src/", "tests/", "benches/"]
        .into_iter()
        .flat_map(|under| house.files(under, ".rs"))
        .filter(|(path, _)| !reached.contains_key(*path))
        .map(|(path, _)| Complaint::about(path, "no `mod` line reaches it; declare or delete it"))
        .collect()
}

/// A folder opens with its `mod.rs`, so that it carries its own story; only what Cargo names as a
/// root may stand beside a folder of its name.
fn self_named(house: &House) -> Vec<Complaint> {
    let roots: BTreeSet<String> = roots(house).into_iter().collect();
    house
        .files("", ".rs")
        .filter(|(path, _)| !roots.contains(*path))
        .filter(|(path, _)| {
            let inner = format!("{}/", path.trim_end_matches(".rs"));
            house.files(&inner, ".rs").next().is_some()
        })
        .map(|(path, _)| {
            Complaint::about(path, "stands beside its folder; move it to mod.rs there")
        })
        .collect()
}

/// `#[path]` would hide a file from whoever follows the `mod` lines. The fuzz target may take in
/// what it needs of Herald so: each such file is reached by a `mod` line of Herald's own.
fn detours(house: &House) -> Vec<Complaint> {
    let detour = |all: &[Token], at: usize| {
        all[at].attribute
            && all[at].text == "path"
            && all.get(at + 1).is_some_and(|t| t.text == "=")
    };
    ["src/", "tests/", "benches/"]
        .into_iter()
        .flat_map(|under| house.code(under))
        .filter(|(path, _)| !path.starts_with(FUZZ))
        .flat_map(|(path, all)| {
            let lines = (0..all.len()).filter(|&at| detour(&all, at)).map(|at| all[at].line);
            lines
                .map(|line| {
                    Complaint::at(path, line, "no `#[path]`; put the file where `mod` looks")
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_rust_file_is_reached_by_a_mod_line() {
    holds(orphans);
    let forgotten = [
        ("Cargo.toml", "[[test]]\nname = \"it\"\npath = \"tests/it/main.rs\""),
        ("src/lib.rs", "mod a;\n#[cfg(test)]\nmod c;"),
        ("src/a/mod.rs", "mod b { mod deep; }"),
        ("src/a/b/deep.rs", ""),
        ("src/a/b.rs", ""),
        ("src/c.rs", "mod d;"),
        ("src/c/d.rs", ""),
        ("tests/it/main.rs", "mod x;"),
        ("tests/it/x.rs", "// mod y;"),
        ("tests/it/y.rs", ""),
        ("tests/fuzz/Cargo.toml", "[lib]\npath = \"a.rs\"\n[[bin]]\npath = \"b.rs\""),
        ("tests/fuzz/a.rs", ""),
        ("tests/fuzz/b.rs", ""),
        ("tests/fuzz/c.rs", ""),
    ];
    assert_eq!(places(orphans, &forgotten), ["src/a/b.rs", "tests/fuzz/c.rs", "tests/it/y.rs"]);
    let tests: Vec<_> =
        reached(&House::of(&forgotten)).into_iter().filter(|(_, test)| *test).collect();
    let tests: Vec<_> = tests.iter().map(|(path, _)| path.as_str()).collect();
    let expected = [
        "src/c.rs",
        "src/c/d.rs",
        "tests/fuzz/a.rs",
        "tests/fuzz/b.rs",
        "tests/it/main.rs",
        "tests/it/x.rs",
    ];
    assert_eq!(tests, expected);
}

#[test]
fn a_folder_opens_with_its_mod_file() {
    holds(self_named);
    holds(detours);
    let beside = [("src/lib.rs", ""), ("src/a.rs", ""), ("src/a/b.rs", ""), ("src/c/mod.rs", "")];
    assert_eq!(places(self_named, &beside), ["src/a.rs"]);
    let detour = "\n#[path = \"b.rs\"]\nmod c;";
    let both = [("src/a.rs", detour), ("tests/fuzz/a.rs", detour)];
    assert_eq!(places(detours, &both), ["src/a.rs:2"]);
}
