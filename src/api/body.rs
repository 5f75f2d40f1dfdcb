//! The body of a request, read strictly: JSON of bounded size and depth, in time, each member once. Nothing of
//! it is interpreted yet (`members`).

use std::fmt;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, header};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::ApiState;
use super::asked::shown;
use super::codes::Code;
use super::members::Faults;
use super::problem::{Fault, Problem};

/// Most levels of objects and lists in each other: no body has more than three.
const DEPTH_MAX: usize = 8;

/// Longest that a body may take to arrive, where half of the request's time is not less: the largest
/// takes a second of the slowest mobile network.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The object that was sent as JSON, of at most `most` bytes.
pub(super) async fn object(
    headers: &HeaderMap,
    body: Body,
    (most, state): (usize, &ApiState),
) -> Result<Map<String, Value>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = "the body must be sent as application/json";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let detail = "the body must be sent without Content-Encoding";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let limit = BODY_TIMEOUT.min(state.request_timeout / 2);
    let late = |_| {
        let detail = format!("the body has not arrived within {} ms", limit.as_millis());
        Problem::new(Code::BodyTooSlow, detail)
    };
    let whole = tokio::time::timeout(limit, to_bytes(body, most)).await.map_err(late)?;
    let bytes = whole.map_err(|_| {
        let detail = format!("a body may have {most} bytes and must arrive whole");
        Problem::new(Code::BodyTooLarge, detail)
    })?;
    read(&bytes)
}

fn read(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let refused = |detail: String| Problem::invalid(vec![Fault::new("body", "", detail)]);
    let mut twice = Faults::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { faults: &mut twice, at: String::new(), depth: 0 };
    let value = strict.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => twice.none().map(|()| object),
        Ok(_) => Err(refused("the body must be a JSON object".to_owned())),
        Err(error) if error.is_data() => Err(refused(error.to_string())),
        Err(error) => Err(refused(format!("the body is no JSON: {error}"))),
    }
}

/// Reads a value at a JSON pointer of the body. A member that is there twice is a fault: which of two
/// would count is nobody's to guess.
struct Strict<'f> {
    faults: &'f mut Faults,
    at: String,
    depth: usize,
}

impl Strict<'_> {
    fn below<E: serde::de::Error>(&mut self, name: &str) -> Result<Strict<'_>, E> {
        if self.depth >= DEPTH_MAX {
            let detail = format!("a body is at most {DEPTH_MAX} objects and lists deep");
            return Err(E::custom(detail));
        }
        let at = pointer(&self.at, name);
        Ok(Strict { faults: self.faults, at, depth: self.depth + 1 })
    }
}

/// The JSON pointer (RFC 6901) to the member `name` of what `at` points to.
pub(super) fn pointer(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) =
            access.next_element_seed(self.below::<A::Error>(&values.len().to_string())?)?
        {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(self.below::<A::Error>(&name)?)?;
            if members.contains_key(&name) {
                let detail = format!("the member {} is there twice", shown(&name));
                self.faults.at(&self.at, &name, detail);
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(text: &str) -> Vec<String> {
        let faults = read(text.as_bytes()).map_err(|problem| problem.errors);
        faults.expect_err(text).into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn a_member_that_is_there_twice_is_pointed_at_however_deep() {
        assert_eq!(pointers(r#"{"a": 1, "a": 1}"#), ["/a"]);
        assert_eq!(
            pointers(r#"{"a": [{}, {"b/c": 1, "b/c": 2, "d": 3, "d": 3}]}"#),
            ["/a/1/b~1c", "/a/1/d"]
        );
        assert!(read(br#"{"a": {"b": 1}, "c": {"b": 1}}"#).is_ok());
    }

    #[test]
    fn a_body_is_an_object_of_few_levels() {
        for text in
            ["", "{", "[]", "1", "null", r#""a""#, "{}{}", r#"{"a": 1e999}"#, "{\"a\": \"\u{1}\"}"]
        {
            assert_eq!(pointers(text), [""], "{text}");
        }
        let deep =
            |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(deep(DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(pointers(&deep(DEPTH_MAX)), [""]);
        assert_eq!(pointers(&deep(100_000)), [""]);
    }
}
