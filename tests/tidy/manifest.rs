//! What has to be there: the crates and the folders that the project was asked to have, and the
//! roots that Cargo builds from.

use toml::{Table, Value};

use super::complaint::{Complaint, holds, places};
use super::house::House;

const MANIFEST: &str = "Cargo.toml";

/// The crate of the fuzz target, outside of Herald's graph.
pub(crate) const FUZZ: &str = "tests/fuzz/";

/// The crates that were asked for.
const CRATES: [&str; 10] = [
    "alloy",
    "axum",
    "backoff",
    "clap",
    "ipfs-api-backend-hyper",
    "metrics-exporter-prometheus",
    "serde",
    "sqlx",
    "tokio",
    "tracing",
];

/// The top of the house that was asked for; what ends in `/` is a folder.
const TOP: [&str; 8] =
    ["Cargo.toml", "README.md", "abi/", "config/", "contracts/", "migrations/", "src/", "tests/"];

fn manifest(house: &House, folder: &str) -> Table {
    let text = house.text(&format!("{folder}{MANIFEST}")).unwrap_or_default();
    text.parse().expect("Cargo.toml is TOML")
}

/// The files that Cargo builds from, in `src`, `tests` and `benches`.
pub(crate) fn roots(house: &House) -> Vec<String> {
    let mut roots = vec!["src/lib.rs".to_owned()];
    for folder in ["", FUZZ] {
        let manifest = manifest(house, folder);
        let lists =
            ["bin", "test", "bench"].map(|kind| manifest.get(kind).and_then(Value::as_array));
        let named = lists.into_iter().flatten().flatten().chain(manifest.get("lib"));
        let paths = named.filter_map(|target| target.get("path").and_then(Value::as_str));
        roots.extend(paths.map(|path| format!("{folder}{path}")));
    }
    roots
}

fn crates(house: &House) -> Vec<Complaint> {
    let manifest = manifest(house, "");
    let has = |name: &str| manifest.get("dependencies").is_some_and(|all| all.get(name).is_some());
    CRATES
        .into_iter()
        .filter(|name| !has(name))
        .map(|name| Complaint::about(MANIFEST, format!("the dependency {name} was asked for")))
        .collect()
}

fn top(house: &House) -> Vec<Complaint> {
    let there = |wanted: &&str| match wanted.ends_with('/') {
        true => house.files(wanted, "").next().is_some(),
        false => house.text(wanted).is_some(),
    };
    TOP.into_iter()
        .filter(|wanted| !there(wanted))
        .map(|wanted| Complaint::about(wanted, "was asked for and is not there"))
        .collect()
}

/// `backoff` is unmaintained and stays behind one file, so that it can be replaced there; see
/// docs/decisions/0001-backoff.md.
fn backoff(house: &House) -> Vec<Complaint> {
    let users: Vec<&str> = house
        .code("src/")
        .filter(|(_, all)| {
            all.windows(2).any(|two| two[0].text == "backoff" && two[1].text == "::")
        })
        .map(|(path, _)| path)
        .collect();
    let right = |path: &str| path.starts_with("src/work/") && users.len() == 1;
    if users.is_empty() {
        return vec![Complaint::about("src/work/", "nothing uses backoff; the retries of work do")];
    }
    users
        .iter()
        .filter(|path| !right(path))
        .map(|path| Complaint::about(path, "one file of src/work uses backoff, nobody else"))
        .collect()
}

#[test]
fn the_crates_that_were_asked_for_are_there() {
    holds(crates);
    let few = "[dependencies]\nalloy = \"2\"\n[dev-dependencies]\naxum = \"1\"";
    assert_eq!(places(crates, &[(MANIFEST, few)]).len(), CRATES.len() - 1);
}

#[test]
fn the_top_of_the_house_is_as_it_was_asked_for() {
    holds(top);
    let wrong = TOP.into_iter().filter(|wanted| !["README.md", "abi/"].contains(wanted));
    let found = places(top, &[("README.md", ""), ("abi/x.json", "{}")]);
    assert_eq!(found, wrong.collect::<Vec<_>>());
}

#[test]
fn one_file_stands_between_the_house_and_backoff() {
    holds(backoff);
    let code = "use backoff::ExponentialBackoff;";
    assert_eq!(places(backoff, &[]), ["src/work/"]);
    assert_eq!(places(backoff, &[("src/chain/x.rs", code)]), ["src/chain/x.rs"]);
    assert_eq!(places(backoff, &[("src/work/a.rs", code), ("src/work/b.rs", code)]).len(), 2);
    assert!(
        places(backoff, &[("src/work/a.rs", code), ("src/api/b.rs", "// backoff::x")]).is_empty()
    );
}
