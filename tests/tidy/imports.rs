//! Who may know whom. The table is the architecture: what is not in a module's row is refused, in
//! the tests within a module too.

use super::complaint::{Complaint, holds, places};
use super::house::House;
use super::paths::{climbs, used};

/// The modules of `src/` in reading order, and what each may use: a module, or no more of it than
/// a path below it.
///
/// `chain`, `store` and `api` are the three edges; the first two do not know each other. Workflows
/// (`index`, `upkeep`) meet in rows only. Of `index` the API and the command line use no worker but
/// what accepts a person's word about a contract: the rules of that are the workflow's. Everyone who needs configuration gets its own section.
const TABLE: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("config", &["types"]),
    ("telemetry", &["config::Log", "config::LogFormat", "types"]),
    (
        "chain",
        &[
            "config::ChainConfig",
            "config::EndpointConfig",
            "config::EndpointRole",
            "telemetry",
            "types",
        ],
    ),
    ("decode", &["types"]),
    ("store", &["telemetry", "types"]),
    ("work", &["store::Pool", "store::StoreError", "store::notify", "telemetry", "types"]),
    ("index", &["chain", "decode", "store", "telemetry", "types", "work"]),
    ("pin", &[]),
    ("upkeep", &["store", "telemetry", "types", "work"]),
    ("merkle", &[]),
    ("account", &["types"]),
    (
        "api",
        &[
            "account",
            "config::Http",
            "index::depart",
            "index::wish",
            "merkle",
            "store",
            "telemetry",
            "types",
        ],
    ),
    ("postgres", &["config", "store"]),
    ("devnet", &["chain", "config", "postgres", "store", "telemetry::screen", "types"]),
    ("supervisor", &["telemetry", "work"]),
    (
        "app",
        &[
            "account",
            "api",
            "chain",
            "config",
            "index",
            "postgres",
            "store",
            "supervisor",
            "telemetry",
            "types",
            "upkeep",
            "work",
        ],
    ),
    (
        "cli",
        &[
            "account",
            "app",
            "chain",
            "config",
            "devnet",
            "index::depart",
            "index::wish",
            "merkle",
            "pin",
            "postgres",
            "store",
            "telemetry",
            "types",
            "work",
        ],
    ),
    ("main", &["cli"]),
];

/// Who may hold the whole configuration: whoever reads it and hands out its sections.
const KNOW_THE_WHOLE: [&str; 3] = ["config", "app", "cli"];

/// What may be used by the tests' truths about chains, which would else share the indexer's faults.
const TRUTHS: [(&str, &[&str]); 5] = [
    ("tests/it/support/intervals.rs", &[]),
    ("tests/it/support/replay/", &[]),
    ("tests/it/support/sim/", &["chain", "types"]),
    ("tests/it/decode/reference.rs", &[]),
    ("tests/it/decode/stated.rs", &[]),
];

/// The top-level module that a file of `src/` belongs to.
fn module(path: &str) -> &str {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    inner.split_once('/').map_or(inner.trim_end_matches(".rs"), |(module, _)| module)
}

fn allows(row: &[&str], path: &[String]) -> bool {
    row.iter().any(|rule| {
        let rule: Vec<&str> = rule.split("::").collect();
        path.len() >= rule.len() && path.iter().zip(&rule).all(|(part, wanted)| part == wanted)
    })
}

fn strangers(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    for (path, all) in house.code("src/") {
        let own = module(path);
        if own == "lib" {
            continue;
        }
        let Some((_, row)) = TABLE.iter().find(|(module, _)| *module == own) else {
            out.push(Complaint::about(path, format!("{own} has no row in the table; give it one")));
            continue;
        };
        let root = if own == "main" { "herald" } else { "crate" };
        for (line, used) in used(&all, root) {
            if used[0] != own && !allows(row, &used) {
                let (used, row) = (used.join("::"), row.join(", "));
                let what = format!(
                    "{own} may not use {used}, only: {row}; move the code, or argue for the row"
                );
                out.push(Complaint::at(path, line, what));
            }
        }
        out.extend(climbs(path, &all).map(|line| {
            Complaint::at(path, line, "`super` leaves the module; write the path from `crate`")
        }));
    }
    out
}

/// Rows of modules that are gone.
fn ghosts(house: &House) -> Vec<Complaint> {
    let there = |name: &str| house.files("src/", ".rs").any(|(path, _)| module(path) == name);
    let named = TABLE.iter().flat_map(|(own, row)| [own].into_iter().chain(*row));
    named
        .map(|name| name.split("::").next().unwrap_or(name))
        .filter(|name| !there(name))
        .map(|name| {
            Complaint::about("tests/tidy/imports.rs", format!("src/{name} is gone; take it out"))
        })
        .collect()
}

fn the_whole(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    for (path, all) in
        house.code("src/").filter(|(path, _)| !KNOW_THE_WHOLE.contains(&module(path)))
    {
        let whole = used(&all, "config").into_iter().filter(|(_, used)| used[0] == "Config");
        out.extend(whole.map(|(line, _)| {
            Complaint::at(path, line, "a part gets its own section, never the whole configuration")
        }));
    }
    out
}

fn borrowed_truths(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    for (under, row) in TRUTHS {
        for (path, all) in house.code(under) {
            let strange = used(&all, "herald").into_iter().filter(|(_, used)| !allows(row, used));
            out.extend(strange.map(|(line, used)| {
                let used = used.join("::");
                Complaint::at(
                    path,
                    line,
                    format!("what judges the indexer may not use {used} of it"),
                )
            }));
        }
    }
    out
}

#[test]
fn no_module_uses_what_its_row_does_not_allow() {
    holds(strangers);
    let code = r#"use crate::{chain::Chain, store::{self, Pool}, types as t};
fn f() { tracing::info!("{}", crate::work::drive::<u8>()); }
use crate::config::{Http, Log};
use super::super::telemetry;
mod tests { use super::super::super::types; use super::super::page; }
/// As [`crate::app`].
pub(crate) struct S; // crate::app
use crate::*;"#;
    let found = places(strangers, &[("src/api/x.rs", code), ("src/lib.rs", "pub use crate::api;")]);
    let lines = [1, 2, 3, 8, 4, 5].map(|line| format!("src/api/x.rs:{line}"));
    assert_eq!(found, lines);
    assert_eq!(
        places(strangers, &[("src/main.rs", "fn main() { herald::app::run() }")]),
        ["src/main.rs:1"]
    );
    assert_eq!(places(strangers, &[("src/market/mod.rs", "")]), ["src/market/mod.rs"]);
}

#[test]
fn the_table_names_only_what_there_is() {
    holds(ghosts);
    assert!(!places(ghosts, &[("src/types/mod.rs", "")]).is_empty());
}

#[test]
fn only_those_who_hand_out_sections_hold_the_whole_configuration() {
    holds(the_whole);
    let code = r"use crate::config::{Config, Http};
fn f(all: &config::Config) {}";
    let houses = [("src/chain/x.rs", code), ("src/cli/x.rs", code)];
    assert_eq!(places(the_whole, &houses), ["src/chain/x.rs:1", "src/chain/x.rs:2"]);
}

#[test]
fn what_judges_the_indexer_borrows_nothing_from_it() {
    holds(borrowed_truths);
    let replay = ("tests/it/support/replay/x.rs", "use herald::types::BlockRef;");
    let sim =
        ("tests/it/support/sim/x.rs", "use herald::types::BlockRef;\nuse herald::decode::read;");
    let found = places(borrowed_truths, &[replay, sim]);
    assert_eq!(found, ["tests/it/support/replay/x.rs:1", "tests/it/support/sim/x.rs:2"]);
}
