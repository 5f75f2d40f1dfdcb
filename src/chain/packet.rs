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
        de.deserialize_seq(Bounded)
    }
}
