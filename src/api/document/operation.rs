//! One route as an operation of the document: parameters, body, answers, and every problem that
//! follows from them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::reference::{Section, section};
use super::schemas::Schemas;
use crate::api::codes::Code;
use crate::api::parameters::{Parameter, parameter};
use crate::api::problem::{ProblemBody, retry_after};
use crate::api::route::{Answer, Route};

/// Problems that any route can answer.
const ANY: &[Code] = &[Code::InvalidRequest, Code::UriTooLong, Code::Internal, Code::TimedOut];
/// Problems of a route that asks the database.
const STORED: &[Code] = &[Code::DatabaseUnavailable];
/// Problems of a route that needs a key.
const GUARDED: &[Code] = &[Code::KeyMissing, Code::KeyInvalid, Code::ScopeMissing];
/// Problems of a route that takes a body.
const SENT: &[Code] = &[Code::BodyTooLarge, Code::UnsupportedMediaType];

/// What a parameter of a path or a query brings with it.
const OF_PARAMETERS: &[(&str, &[Code])] = &[
    ("after", &[Code::CursorInvalid, Code::CursorMismatch]),
    ("at_block", &[Code::BlockAhead, Code::NotIndexed]),
    ("at_time", &[Code::BlockAhead, Code::NotIndexed]),
    ("chain", &[Code::ChainUnknown]),
    ("contract", &[Code::ContractNotTracked]),
    ("cursor", &[Code::CursorInvalid, Code::CursorMismatch]),
];

/// Every problem that the route can answer, in the order of their table.
pub(crate) fn problems(route: &Route) -> Vec<Code> {
    let mut codes: Vec<Code> = [ANY, route.problems].concat();
    if route.path.starts_with("/v1/") {
        codes.extend(STORED);
    }
    if route.scope.is_some() {
        codes.extend(GUARDED);
    }
    if route.body.is_some() {
        codes.extend(SENT);
    }
    for name in route.segments().chain(route.queries()) {
        let implied = OF_PARAMETERS.iter().filter(|(of, _)| *of == name);
        codes.extend(implied.flat_map(|(_, implied)| *implied));
    }
    codes.sort_unstable_by_key(|code| *code as usize);
    codes.dedup();
    codes
}

fn named(place: &str, name: &str) -> String {
    format!("{place}.{name}")
}

/// The route's parameters by their name in the document.
pub(super) fn parameters(route: &Route) -> Vec<(String, Value)> {
    let of = |place: &'static str, name| {
        let row = parameter(name)?;
        Some((named(place, name), described(place, row)))
    };
    let segments = route.segments().filter_map(|name| of("path", name));
    segments.chain(route.queries().filter_map(|name| of("query", name))).collect()
}

fn described(place: &str, row: &Parameter) -> Value {
    let schema = (row.schema)();
    let list = schema["type"] == "array";
    let example = match schema["type"].as_str() {
        Some("integer" | "boolean") => serde_json::from_str(row.example).unwrap_or_default(),
        Some("array") => json!(row.example.split(',').collect::<Vec<_>>()),
        _ => Value::from(row.example),
    };
    let mut told = json!({
        "name": row.name,
        "in": place,
        "required": place == "path",
        "description": row.meaning,
        "schema": schema,
        "example": example,
    });
    if list {
        told["style"] = "form".into();
        told["explode"] = false.into();
    }
    told
}

/// Headers that answers share.
pub(super) fn headers() -> Value {
    let text = json!({"type": "string"});
    json!({
        "x-request-id": {
            "description": "Taken from the request or made; problems call it `trace_id`.",
            "required": true,
            "schema": text,
        },
        "retry-after": {
            "description": "Seconds after which it may be asked again.",
            "required": true,
            "schema": {"type": "integer", "minimum": 1},
        },
        "www-authenticate": {
            "description": "How a key is sent.",
            "required": true,
            "schema": text,
        },
    })
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The route as an operation.
pub(super) fn operation(route: &Route, tag: &str, schemas: &mut Schemas) -> Value {
    let section = section(route.method, route.path);
    let reference =
        |(name, _): (String, Value)| json!({"$ref": format!("#/components/parameters/{name}")});
    let mut told = json!({
        "operationId": route.id,
        "summary": route.summary,
        "description": section.map(Section::words).unwrap_or_default(),
        "tags": [tag],
        "parameters": parameters(route).into_iter().map(reference).collect::<Vec<_>>(),
        "responses": responses(route, section, schemas),
        "security": [],
    });
    if let Some(scope) = route.scope {
        told["security"] = json!([{"key": [scope.as_str()]}]);
    }
    if let Some(shape) = route.body {
        let mut content = json!({"schema": schemas.read(shape)});
        if let Some(example) = section.and_then(Section::body) {
            content["example"] = example;
        }
        told["requestBody"] = json!({"required": true, "content": {"application/json": content}});
    }
    told
}

fn responses(
    route: &Route,
    section: Option<Section>,
    schemas: &mut Schemas,
) -> BTreeMap<String, Value> {
    let content = success(route.answer, section, schemas);
    let mut own = json!({"x-request-id": header("x-request-id")});
    for (name, meaning) in route.headers {
        own[name] = json!({"description": meaning, "schema": {"type": "string"}});
    }
    let told = |(status, meaning): &(u16, &str)| {
        let response = json!({"description": meaning, "headers": own, "content": content});
        (status.to_string(), response)
    };
    let mut all: BTreeMap<String, Value> = route.statuses.iter().map(told).collect();
    let mut failures: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in problems(route) {
        failures.entry(code.describe().status).or_default().push(code);
    }
    let body = schemas.written::<ProblemBody<'_>>();
    for (status, codes) in failures {
        all.insert(status.to_string(), failure(status, &codes, &body));
    }
    all
}

fn success(answer: Answer, section: Option<Section>, schemas: &mut Schemas) -> Value {
    if let Answer::Text(media_types) = answer {
        let example = section.and_then(Section::text);
        let told = |(at, media_type): (usize, &&str)| {
            let mut content = json!({"schema": {"type": "string"}});
            if let Some(example) = example.filter(|_| at == 0) {
                content["example"] = example.into();
            }
            ((*media_type).to_owned(), content)
        };
        return media_types.iter().enumerate().map(told).collect();
    }
    let mut content = json!({"schema": schemas.answer(answer)});
    if let Some(example) = section.and_then(Section::answer) {
        content["example"] = example;
    }
    json!({"application/json": content})
}

/// The problems of one status.
fn failure(status: u16, codes: &[Code], body: &Value) -> Value {
    let mut headers = json!({"x-request-id": header("x-request-id")});
    if status == 401 {
        headers["www-authenticate"] = header("www-authenticate");
    }
    if codes.iter().all(|code| retry_after(*code).is_some()) {
        headers["retry-after"] = header("retry-after");
    }
    let names: Vec<&str> = codes.iter().map(|code| code.describe().name).collect();
    let lines = codes.iter().map(|code| {
        let about = code.describe();
        format!("- `{}`: {}. Way out: {}.", about.name, about.title, about.way_out)
    });
    let mut schema = body.clone();
    schema["properties"] = json!({"code": {"enum": names}, "status": {"const": status}});
    json!({
        "description": lines.collect::<Vec<_>>().join("\n"),
        "headers": headers,
        "content": {"application/problem+json": {"schema": schema}},
    })
}
