//! The API told to programs: an OpenAPI 3.1 document, made of the table of routes.
//!
//! Reading order: `schemas` gathers what bodies look like, `operation` writes one route down with
//! what follows from its parameters, and the words and examples come from `reference`, which is
//! docs/API.md. Nothing here answers a request; `routes::described` does.

pub(super) mod reference;
mod schemas;
mod operation;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value, json};

use self::schemas::Schemas;
use super::ROUTES;
use super::route::Route;

/// What stands in front of a path that is about the process.
const SYSTEM: &str = "system";

/// The document, made once.
pub fn document() -> &'static Value {
    static MADE: OnceLock<Value> = OnceLock::new();
    MADE.get_or_init(|| of(ROUTES))
}

/// The group that a route is shown in.
fn tag(route: &Route) -> &'static str {
    let mut parts = route.path.split('/').skip(1);
    if parts.next() == Some("v1") { parts.next().unwrap_or(SYSTEM) } else { SYSTEM }
}

fn of(routes: &[Route]) -> Value {
    let mut schemas = Schemas::default();
    let mut paths: BTreeMap<&str, serde_json::Map<String, Value>> = BTreeMap::new();
    let mut tags: Vec<&str> = Vec::new();
    for route in routes {
        let told = operation::operation(route, tag(route), &mut schemas);
        paths.entry(route.path).or_default().insert(route.method.to_lowercase(), told);
        if !tags.contains(&tag(route)) {
            tags.push(tag(route));
        }
    }
    let parameters: BTreeMap<String, Value> =
        routes.iter().flat_map(operation::parameters).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Herald",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Who owns what, on every EVM chain, now or at any block.",
            "description": reference::conventions(),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas.all(),
            "parameters": parameters,
            "headers": operation::headers(),
            "securitySchemes": {"key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "hk_…",
                "description": "An API key; `herald keys create` makes one.",
            }},
        },
    })
}
