//! Reads the body of an HTTP answer as JSON-RPC 2.0, forgiving what common nodes get wrong: an
//! `error: null` beside a result, ids as text, errors that are only text.

use std::fmt;

use alloy::rpc::json_rpc::ResponsePayload;
use alloy::rpc::json_rpc::{ErrorPayload, Id, RequestPacket, Response, ResponsePacket};
use alloy::transports::TransportError;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::http::Fault;

/// Most answers in one body; four times what is ever asked at once, so that a list of millions
/// of empty ones cannot fill the memory.
const ANSWERS_MAX: usize = 4 * super::HEADERS_MAX;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default, deserialize_with = "id")]
    id: Option<Id>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

struct Answers<'a>(Vec<Answer<'a>>);

/// The answers to `request` in `body`. A single error in answer to a list of requests is an
/// error of the whole list.
pub(super) fn read(request: &RequestPacket, body: &[u8]) -> Result<ResponsePacket, TransportError> {
    let is_list = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    match (request, is_list) {
        (RequestPacket::Batch(_), true) => {
            let Answers(answers) = serde_json::from_slice(body).map_err(malformed)?;
            let answers: Result<Vec<_>, Fault> = answers.into_iter().map(response).collect();
            Ok(ResponsePacket::Batch(answers?))
        }
        (RequestPacket::Single(asked), false) => {
            let answer = response(serde_json::from_slice(body).map_err(malformed)?)?;
            let fits = answer.id == *asked.id() || (answer.is_error() && answer.id == Id::None);
            if !fits {
                return Err(Fault::Malformed("the id of another request".to_owned()).into());
            }
            Ok(ResponsePacket::Single(answer))
        }
        (RequestPacket::Batch(_), false) => {
            match response(serde_json::from_slice(body).map_err(malformed)?)?.payload {
                ResponsePayload::Failure(error) => Err(TransportError::ErrorResp(error)),
                ResponsePayload::Success(_) => {
                    Err(Fault::Malformed("one result for several requests".to_owned()).into())
                }
            }
        }
        (RequestPacket::Single(_), true) => {
            Err(Fault::Malformed("a list for one request".to_owned()).into())
        }
    }
}

/// What an error says, whatever its shape.
pub(super) fn error_payload(raw: &RawValue) -> ErrorPayload {
    #[derive(Deserialize)]
    struct Loose {
        #[serde(default)]
        code: Value,
        #[serde(default)]
        message: Value,
        #[serde(default)]
        data: Option<Box<RawValue>>,
    }
    match serde_json::from_str::<Loose>(raw.get()) {
        Ok(loose) => {
            let text_code = || loose.code.as_str().and_then(|text| text.parse().ok());
            ErrorPayload {
                code: loose.code.as_i64().or_else(text_code).unwrap_or_default(),
                message: loose.message.as_str().unwrap_or_default().to_owned().into(),
                data: loose.data,
            }
        }
        Err(_) => ErrorPayload { code: 0, message: raw.get().to_owned().into(), data: None },
    }
}

/// The error object of a JSON-RPC answer that came with an HTTP error.
pub(super) fn error_in(body: &str) -> Option<ErrorPayload> {
    #[derive(Deserialize)]
    struct Only<'a> {
        #[serde(borrow)]
        error: &'a RawValue,
    }
    serde_json::from_str::<Only<'_>>(body).ok().map(|only| error_payload(only.error))
}

fn response(answer: Answer<'_>) -> Result<Response, Fault> {
    let payload = match (answer.error, answer.result) {
        (Some(error), _) => ResponsePayload::Failure(error_payload(error)),
        (None, Some(result)) => ResponsePayload::Success(result.to_owned()),
        (None, None) => return Err(Fault::Malformed("neither result nor error".to_owned())),
    };
    Ok(Response { id: answer.id.unwrap_or(Id::None), payload })
}

fn malformed(err: serde_json::Error) -> TransportError {
    Fault::Malformed(err.to_string()).into()
}

/// Tells `result: null` from no result.
fn present<'de, D: Deserializer<'de>>(de: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(de).map(Some)
}

fn id<'de, D: Deserializer<'de>>(de: D) -> Result<Option<Id>, D::Error> {
    Ok(match Value::deserialize(de)? {
        Value::Number(number) => number.as_u64().map(Id::Number),
        Value::String(text) => Some(text.parse().map_or(Id::String(text), Id::Number)),
        _ => None,
    })
}

impl<'de: 'a, 'a> Deserialize<'de> for Answers<'a> {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        de.deserialize_seq(Bounded)
    }
}

/// Reads a list and gives up on a longer one.
struct Bounded;

impl<'de> Visitor<'de> for Bounded {
    type Value = Answers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {ANSWERS_MAX} answers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut answers = Vec::new();
        while let Some(answer) = seq.next_element()? {
            if answers.len() == ANSWERS_MAX {
                return Err(serde::de::Error::custom("too many answers"));
            }
            answers.push(answer);
        }
        Ok(Answers(answers))
    }
}

#[cfg(test)]
mod tests {
    use alloy::rpc::json_rpc::Request;
    use serde_json::json;

    use super::*;

    fn single() -> RequestPacket {
        let request = Request::new("eth_getLogs", Id::Number(1), json!([]));
        RequestPacket::Single(request.serialize().unwrap())
    }

    /// The payload of an answer to request 1, in one word.
    fn payload(body: &str) -> String {
        match read(&single(), body.as_bytes()) {
            Ok(ResponsePacket::Single(answer)) => match answer.payload {
                ResponsePayload::Success(result) => format!("ok {result}"),
                ResponsePayload::Failure(error) => format!("{} {}", error.code, error.message),
            },
            Ok(ResponsePacket::Batch(_)) => "list".to_owned(),
            Err(_) => "malformed".to_owned(),
        }
    }

    #[test]
    fn answers_are_read_as_nodes_write_them() {
        for (body, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":[]}"#, "ok []"),
            (r#"{"id":1,"result":null,"error":null}"#, "ok null"),
            (r#"{"id":"1","result":0,"extra":{"a":[]}}"#, "ok 0"),
            (r#" {"id":1,"error":{"code":-32000,"message":"no","data":{}}}"#, "-32000 no"),
            (r#"{"id":1,"result":null,"error":{"code":"-5","message":"no"}}"#, "-5 no"),
            (r#"{"id":null,"error":{"message":null}}"#, "0 "),
            (r#"{"error":"no"}"#, r#"0 "no""#),
            (r#"{"id":2,"result":[]}"#, "malformed"),
            (r#"{"id":-1,"result":[]}"#, "malformed"),
            (r#"{"id":null,"result":[]}"#, "malformed"),
            (r#"{"id":1}"#, "malformed"),
            (r#"[{"id":1,"result":[]}]"#, "malformed"),
            (r#"{"id":1,"result":["#, "malformed"),
            ("<html>", "malformed"),
            ("", "malformed"),
        ] {
            assert_eq!(payload(body), expected, "{body}");
        }
    }

    #[test]
    fn every_published_exchange_is_understood() {
        use super::super::secret::Secret;
        use super::super::wire::{WireBlock, WireLog};
        use super::super::{ChainError, failure::Failure};

        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rpc/execution-apis");
        let secret = Secret::of(&"http://127.0.0.1".parse().unwrap());
        let mut counts = [0; 4];
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let asked = text.lines().find_map(|line| line.strip_prefix(">> ")).unwrap();
            let answer = text.lines().find_map(|line| line.strip_prefix("<< ")).unwrap();
            let Ok(ResponsePacket::Single(answer)) = read(&single(), answer.as_bytes()) else {
                panic!("{text}");
            };
            let (kind, is_understood) = match answer.payload {
                ResponsePayload::Success(result) if asked.contains("eth_getLogs") => {
                    let logs: Vec<WireLog> = serde_json::from_str(result.get()).unwrap();
                    (0, !logs.is_empty())
                }
                ResponsePayload::Success(result) => {
                    let block: Option<WireBlock> = serde_json::from_str(result.get()).unwrap();
                    (1, block.is_none())
                }
                ResponsePayload::Failure(error) => {
                    let is_future = error.message.contains("beyond current head");
                    match Failure::read(TransportError::ErrorResp(error), &secret).error {
                        ChainError::Behind { .. } => (2, is_future),
                        ChainError::Transient { .. } => (3, !is_future),
                        _ => (3, false),
                    }
                }
            };
            assert!(is_understood, "{text}");
            counts[kind] += 1;
        }
        assert_eq!(counts, [6, 2, 1, 2], "logs, missing blocks, beyond the head, other refusals");
    }
}
