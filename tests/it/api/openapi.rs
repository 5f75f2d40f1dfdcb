//! The document that programs read against the table of routes.

use std::collections::BTreeSet;

use herald::api::ROUTES;
use herald::api::document::document;
use serde_json::Value;

use super::{ok, world};

/// Each operation with its path and method.
fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let of = |(path, methods): (&String, &'static Value)| {
        let methods = methods.as_object().unwrap();
        let one =
            |(method, operation): (&String, _)| (path.clone(), method.to_uppercase(), operation);
        methods.iter().map(one).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[tokio::test]
async fn the_document_is_served() {
    assert_eq!(ok(&world().await.router, "/openapi.json").await, *document());
}

#[test]
fn each_route_is_an_operation_with_words_and_the_reverse() {
    let told: BTreeSet<_> =
        operations().into_iter().map(|(path, method, _)| (method, path)).collect();
    let there: BTreeSet<_> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(told, there);
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        for member in ["operationId", "summary", "description"] {
            let text = operation[member].as_str().unwrap();
            assert!(!text.is_empty(), "{method} {path} has no {member}");
        }
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
    }
}
