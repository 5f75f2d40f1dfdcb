//! One word, one meaning: names that say nothing, and words kept free or kept apart.

use super::complaint::{Complaint, holds, places};
use super::house::House;

/// Names under which anything gathers.
const SAY_NOTHING: [&str; 9] =
    ["common", "helper", "helpers", "manager", "misc", "shared", "stuff", "util", "utils"];

/// The words of a name: `WebhookEndpoint` and `webhook_endpoint` are both two.
fn words(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut lower_before = false;
    for mark in name.chars() {
        if mark == '_' || (mark.is_uppercase() && lower_before) {
            out.push(String::new());
        }
        if let Some(last) = out.last_mut().filter(|_| mark != '_') {
            last.extend(mark.to_lowercase());
        }
        lower_before = mark.is_lowercase() || mark.is_ascii_digit();
    }
    out
}

fn names(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    for (path, all) in
        ["src/", "tests/", "benches/"].into_iter().flat_map(|under| house.code(under))
    {
        let part = |part: &str| SAY_NOTHING.contains(&part.trim_end_matches(".rs"));
        if path.split('/').any(part) {
            out.push(Complaint::about(path, "its name says nothing; name it after what it does"));
        }
        let modules = all.windows(2).filter(|two| two[0].text == "mod" && part(&two[1].text));
        out.extend(modules.map(|two| {
            Complaint::at(path, two[0].line, "its name says nothing; name it after what it does")
        }));
    }
    out
}

/// What is wrong with a name in code or in a table.
fn meaning(name: &str) -> Option<&'static str> {
    let words = words(name);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    if has("collection") {
        return Some(
            "a collection groups contracts for people and comes later; here it is a contract",
        );
    }
    let both = has("endpoint") && has("webhook");
    both.then_some("an endpoint is a node that Herald asks, a webhook a URL that it tells")
}

fn meanings(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    for (path, all) in house.code("src/") {
        let words = all.iter().filter(|token| token.is_word());
        out.extend(
            words.filter_map(|token| Some(Complaint::at(path, token.line, meaning(&token.text)?))),
        );
    }
    for (path, text) in house.files("migrations/", ".sql") {
        for (at, line) in text.lines().enumerate() {
            let code = line.split("--").next().unwrap_or_default();
            let mut names = code.split(|mark: char| !mark.is_alphanumeric() && mark != '_');
            out.extend(names.find_map(meaning).map(|what| Complaint::at(path, at + 1, what)));
        }
    }
    out
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    holds(names);
    let files =
        [("src/api/utils.rs", ""), ("src/common/x.rs", ""), ("src/x.rs", "\nmod helpers {}")];
    assert_eq!(places(names, &files), ["src/api/utils.rs", "src/common/x.rs", "src/x.rs:2"]);
}

#[test]
fn words_keep_their_meaning_in_code_and_tables() {
    holds(meanings);
    let code = r"use std::collections::HashMap;
struct CollectionRow;
fn f(webhook_endpoint: u8) {}
fn g(endpoint: HeraldCollectible) {} // collection";
    let table = "-- a collection\ncreate table chain.collection (\n    id int8);";
    let found = places(meanings, &[("src/x.rs", code), ("migrations/0002_x.sql", table)]);
    assert_eq!(found, ["src/x.rs:2", "src/x.rs:3", "migrations/0002_x.sql:2"]);
}
