//! POST `/v1/contracts`: asks for a contract to be followed. The row is all that is written here;
//! joining it to the chain is the tracker's work.

use std::fmt;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::contracts::view;
use crate::account::key::Scope;
use crate::api::answer::{self, Meta};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::problem::{Fault, Problem};
use crate::api::{ApiState, BODY_BYTES_MAX, auth, params, scope};
use crate::store::notify;
use crate::store::read::resolve::known;
use crate::store::wishes::{ContractRow, Tracked, track};
use crate::types::{ChainKey, Standard};

/// Members of the body.
const MEMBERS: &[&str] = &["chain", "contract", "start_block", "standard"];

/// The body, read.
struct Wanted {
    chain: String,
    contract: alloy::primitives::Address,
    start_block: i64,
    standard: Option<Standard>,
}

/// POST `/v1/contracts`
pub(crate) async fn create(
    State(state): State<ApiState>,
    headers: HeaderMap,
    asked: Asked,
    body: Body,
) -> Result<Response, Problem> {
    auth::require(&state.pool, &headers, Scope::ContractsWrite).await?;
    asked.only(&[])?;
    let wanted = read(&object(&headers, body).await?).map_err(Problem::invalid)?;
    let chain = scope::chain(known(&state.pool, None).await?, &wanted.chain, "body")?.standing;
    let tracked = Tracked {
        chain: ChainKey(chain.chain),
        address: wanted.contract,
        standard: wanted.standard,
        start_block: wanted.start_block.unsigned_abs(),
    };
    let (row, created) = track(&state.pool, &tracked, "api").await?;
    if !created {
        same(&row, &wanted)?;
    }
    let meta = Meta::of(std::slice::from_ref(&chain));
    if created {
        // A wake-up that is lost costs the tracker's timer, not the contract.
        if let Err(error) = notify::send(&state.pool, notify::CONTRACTS).await {
            tracing::debug!("the tracker was not woken: {error}");
        }
    }
    let mut response = answer::one(&view(&row, Some(&chain)), meta)?;
    *response.status_mut() = if created { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(response)
}

async fn object(headers: &HeaderMap, body: Body) -> Result<Map<String, Value>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = "the body must be sent as application/json";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        let detail = format!("a body may have {BODY_BYTES_MAX} bytes and must arrive whole");
        Problem::new(Code::BodyTooLarge, detail)
    })?;
    let refused = |detail: String| Problem::invalid(vec![Fault::new("body", "", detail)]);
    match serde_json::from_slice(&bytes) {
        Ok(Members(object)) => Ok(object),
        Err(error) if error.is_data() => Err(refused(error.to_string())),
        Err(error) => Err(refused(format!("the body is no JSON: {error}"))),
    }
}

/// The members of an object, each once: which of two would count is nobody's to guess.
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Once).map(Self)
    }
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.contains_key(&name) {
                let short: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format!("the member {short} is there twice")));
            }
            members.insert(name, value);
        }
        Ok(members)
    }
}

/// Every fault of the body at once.
fn read(body: &Map<String, Value>) -> Result<Wanted, Vec<Fault>> {
    let mut faults = Vec::new();
    for name in body.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
        let short: String = name.chars().take(64).collect();
        let detail = format!("unknown member; allowed: {}", MEMBERS.join(", "));
        faults.push(Fault::new("body", &short, detail));
    }
    let mut fault = |name: &str, detail: String| faults.push(Fault::new("body", name, detail));
    let chain = match body.get("chain") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) if number.is_u64() => Some(number.to_string()),
        _ => {
            fault("chain", "chain is eip155:<number>, a number or an alias".into());
            None
        }
    };
    let address = body.get("contract").and_then(Value::as_str).unwrap_or_default();
    let contract = params::address(address).map_err(|detail| fault("contract", detail)).ok();
    let start_block = body.get("start_block").and_then(Value::as_i64).filter(|block| *block >= 0);
    if start_block.is_none() {
        fault("start_block", "start_block is the number of the first block to read".into());
    }
    let standard = match body.get("standard") {
        None | Some(Value::Null) => Some(None),
        Some(value) => value.as_str().and_then(Standard::parse).map(Some),
    };
    if standard.is_none() {
        fault("standard", "standard is erc721 or erc1155, or absent".into());
    }
    match (chain, contract, start_block, standard) {
        (Some(chain), Some(contract), Some(start_block), Some(standard)) if faults.is_empty() => {
            Ok(Wanted { chain, contract, start_block, standard })
        }
        _ => Err(faults),
    }
}

/// Refuses to answer "tracked" for settings that are not those stored.
fn same(row: &ContractRow, wanted: &Wanted) -> Result<(), Problem> {
    let mut faults = Vec::new();
    if row.start_block != wanted.start_block {
        let detail = format!("tracked with start_block {}", row.start_block);
        faults.push(Fault::new("body", "start_block", detail));
    }
    let (stored, named) = (row.standard.as_deref(), wanted.standard.map(Standard::as_str));
    if named.is_some() && stored != named {
        let detail = format!("tracked with standard {}", stored.unwrap_or("still to be found"));
        faults.push(Fault::new("body", "standard", detail));
    }
    match faults.first() {
        None => Ok(()),
        Some(first) => {
            let detail = format!("the contract is already {}", first.detail);
            Err(Problem { errors: faults, ..Problem::new(Code::ContractConflict, detail) })
        }
    }
}
