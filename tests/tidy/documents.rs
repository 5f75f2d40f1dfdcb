//! What operators and callers are told: every metric and every reason to skip a log in
//! OPERATING.md, every route and every problem in docs/API.md.

use herald::api::ROUTES;
use herald::api::codes::CODES;
use herald::decode::Skip;
use herald::telemetry::catalogue::catalogue;

use super::complaint::{Complaint, holds, places};
use super::house::House;

const OPERATING: &str = "OPERATING.md";
const API: &str = "docs/API.md";

/// Whether a text holds a name, and not only as a part of a longer one.
fn says(text: &str, name: &str) -> bool {
    let longer = |mark: char| mark.is_ascii_alphanumeric() || "_/{-".contains(mark);
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(longer) && !after.is_some_and(longer)
    })
}

/// Complains of the names that a document does not hold, or of the document.
fn missing<'a>(
    house: &House,
    path: &str,
    what: &str,
    names: impl Iterator<Item = &'a str>,
) -> Vec<Complaint> {
    let Some(text) = house.text(path) else {
        return vec![Complaint::about(path, format!("is not there; it lists every {what}"))];
    };
    names
        .filter(|name| !says(text, name))
        .map(|name| Complaint::about(path, format!("does not say what the {what} `{name}` is")))
        .collect()
}

fn metrics(house: &House) -> Vec<Complaint> {
    missing(house, OPERATING, "metric", catalogue().iter().map(|metric| metric.name))
}

fn reasons(house: &House) -> Vec<Complaint> {
    let rows = Skip::ALL.map(|reason| format!("| `{}` |", reason.as_str()));
    missing(house, OPERATING, "reason", rows.iter().map(String::as_str))
}

fn routes(house: &House) -> Vec<Complaint> {
    missing(house, API, "route", ROUTES.iter().map(|route| route.path))
}

fn problems(house: &House) -> Vec<Complaint> {
    missing(house, API, "problem", CODES.iter().map(|described| described.name))
}

#[test]
fn operating_lists_every_metric() {
    holds(metrics);
    assert_eq!(places(metrics, &[]), [OPERATING]);
    let one = catalogue()[0].name;
    let told = places(metrics, &[(OPERATING, &format!("| `{one}` |"))]);
    assert_eq!(told.len(), catalogue().len() - 1);
}

#[test]
fn operating_lists_every_reason_to_skip_a_log() {
    holds(reasons);
    let told = places(reasons, &[(OPERATING, "| `topic` | `erc20` | topic_count |")]);
    assert_eq!(told.len(), Skip::ALL.len() - 2);
}

#[test]
fn the_api_reference_lists_every_route_and_every_problem() {
    holds(routes);
    holds(problems);
    assert_eq!([places(routes, &[]), places(problems, &[])], [[API], [API]]);
    let told = [(API, "`GET /v1/chains/{chain}` not_ready")];
    assert_eq!(places(routes, &told).len(), ROUTES.len() - 1);
    assert_eq!(places(problems, &told).len(), CODES.len() - 1);
}

#[test]
fn a_name_within_a_longer_one_is_not_told() {
    assert!(says("`GET /v1/chains` and", "/v1/chains") && says("herald_lag", "herald_lag"));
    for longer in ["/v1/chains/{chain}", "x/v1/chains", "/v1/chainsaw", "/v1/chains-x"] {
        assert!(!says(longer, "/v1/chains"), "{longer}");
    }
}
