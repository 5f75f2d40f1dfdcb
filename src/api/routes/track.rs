//! POST `/v1/contracts`: asks for a contract to be followed. The row is all that is written here;
//! whether it can be followed is the probe's to say, which is waited for a moment, and joining it to
//! the chain the tracker's.

use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::contracts::{ContractView, view};
use crate::account::key::Scope;
use crate::api::answer::{self, Meta};
use crate::api::codes::Code;
use crate::api::problem::{Fault, Problem};
use crate::api::route::Route;
use crate::api::{ApiState, body, params, scope, shapes};
use crate::index::wish::{self, Origin, Outcome, Wished};
use crate::store::contract_row::ContractRow;
use crate::store::read::contracts::contract;
use crate::store::wishes::Tracked;
use crate::store::{StoreError, notify};
use crate::types::{ChainKey, ContractKey, Standard};

/// Members of the body.
const MEMBERS: &[&str] = &["chain", "contract", "start_block", "standard"];

/// Longest that the verdict about a new contract is waited for: the probe asks a node some dozen
/// times, and whoever waits holds a connection.
const VERDICT_WAIT: Duration = Duration::from_secs(3);

/// The body, read.
struct Wanted {
    chain: String,
    contract: alloy::primitives::Address,
    start_block: Option<u64>,
    standard: Option<Standard>,
}

/// What the body may say.
#[derive(JsonSchema)]
#[schemars(rename = "TrackContract")]
#[expect(
    dead_code,
    reason = "the body is read member by member, so that every fault is told at once"
)]
struct Sent {
    /// As in a path; a number may be a JSON number.
    #[schemars(with = "shapes::ChainName")]
    chain: String,
    #[schemars(with = "shapes::AddressSent")]
    contract: String,
    /// First block that can hold its logs; without it the block of the deployment is looked for.
    start_block: Option<u64>,
    /// Without it, it is found in the logs.
    #[schemars(with = "Option<shapes::Standard>")]
    standard: Option<String>,
}

/// POST `/v1/contracts`
pub(crate) const CREATE: Route = Route::post("/v1/contracts", || post(create))
    .named("trackContract", "Tracks a contract")
    .needs(Scope::ContractsWrite)
    .takes::<Sent>()
    .statuses(&[(200, "It is followed already"), (202, "It is followed from now on")])
    .problems(&[
        Code::ChainUnknown,
        Code::ContractConflict,
        Code::ContractPurging,
        Code::NoContract,
        Code::NotNft,
        Code::StartBlockNeeded,
        Code::StartBlockAhead,
    ])
    .one::<ContractView>();

/// POST `/v1/contracts`
pub(crate) async fn create(
    State(state): State<ApiState>,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response, Problem> {
    let wanted = read(&object(&body::json(&headers, sent, state.request_timeout).await?)?)
        .map_err(Problem::invalid)?;
    let chain = scope::chain(&state, &wanted.chain, "body").await?;
    let wish = Tracked {
        chain: ChainKey(chain.chain),
        address: wanted.contract,
        standard: wanted.standard,
        start_block: wanted.start_block,
    };
    let (wished, mut row) = wish::one(&state.pool, &wish, Origin::Api).await?;
    match wished.outcome {
        Outcome::Conflict => return Err(conflict(&wished, &wish)),
        Outcome::Purging | Outcome::Stopped => return Err(purging(&wish)),
        Outcome::New | Outcome::Again | Outcome::Changed => wake(&state).await,
        Outcome::Same => {}
    }
    if row.undecided {
        let patience = VERDICT_WAIT.min(state.request_timeout / 2);
        row = wish::verdict(&state.pool, &wish, patience).await?;
    }
    if let Some(word) = &row.refused {
        return Err(refused(word, &row)?);
    }
    let read = contract(&state.pool, (wish.chain, ContractKey(row.id))).await?;
    let mut response = answer::one(&view(&row, read.as_of.first()), Meta::of(&read.as_of))?;
    *response.status_mut() =
        if wished.outcome == Outcome::Same { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(response)
}

/// A wake-up that is lost costs the workers' timers, not the contract.
async fn wake(state: &ApiState) {
    if let Err(error) = notify::send(&state.pool, notify::CONTRACTS).await {
        tracing::debug!("nobody was woken for a contract: {error}");
    }
}

/// Refuses to answer "tracked" for settings that are not those stored.
fn conflict(wished: &Wished, wish: &Tracked) -> Problem {
    let differences = wished.differences(wish);
    let fault = |(name, detail): &(&'static str, String)| Fault::new("body", name, detail.clone());
    let errors: Vec<Fault> = differences.iter().map(fault).collect();
    let first = errors.first().map(|fault| fault.detail.clone()).unwrap_or_default();
    Problem {
        errors,
        ..Problem::new(Code::ContractConflict, format!("the contract is already {first}"))
    }
}

fn purging(wish: &Tracked) -> Problem {
    let detail = format!(
        "the facts of {} are being removed: ask again once GET says that it is not tracked",
        wish.address.to_checksum(None)
    );
    Problem::new(Code::ContractPurging, detail).at("body", "contract")
}

/// Why the contract is not followed.
fn refused(word: &str, row: &ContractRow) -> Result<Problem, StoreError> {
    let (code, member) = match word {
        "no_contract" => (Code::NoContract, "contract"),
        "not_nft" => (Code::NotNft, "contract"),
        "start_block_needed" => (Code::StartBlockNeeded, "start_block"),
        "start_block_ahead" => (Code::StartBlockAhead, "start_block"),
        _ => return Err(StoreError::Corrupt { column: "contracts.refused" }),
    };
    let detail = row.refused_detail.clone().unwrap_or_else(|| code.describe().title.to_owned());
    Ok(Problem::new(code, detail).at("body", member))
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let refused = |detail: String| Problem::invalid(vec![Fault::new("body", "", detail)]);
    match serde_json::from_slice(bytes) {
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
    let start_block = match body.get("start_block") {
        None | Some(Value::Null) => Some(None),
        Some(value) => value.as_i64().and_then(|block| u64::try_from(block).ok()).map(Some),
    };
    if start_block.is_none() {
        let detail = "start_block is the number of the first block to read, or absent";
        fault("start_block", detail.into());
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
