//! POST `/v1/contracts`: asks for a contract to be followed. The row is all that is written here;
//! whether it can be followed is the probe's to say, which is waited for a moment, and joining it to
//! the chain the tracker's.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::contracts::{ContractView, view};
use crate::account::key::Scope;
use crate::api::answer::{self, Meta};
use crate::api::codes::Code;
use crate::api::members::{Faults, Members};
use crate::api::problem::{Fault, Problem};
use crate::api::route::Route;
use crate::api::{ApiState, BODY_BYTES_MAX, body, scope, shapes, values};
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
    let wanted = read(&body::object(&headers, sent, (BODY_BYTES_MAX, &state)).await?)?;
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

/// Every fault of the body at once.
fn read(body: &Map<String, Value>) -> Result<Wanted, Problem> {
    let mut faults = Faults::default();
    let body = Members::of(body, MEMBERS, &mut faults);
    let chain = body.needed("chain", values::chain, &mut faults);
    let contract = body.needed("contract", values::address, &mut faults);
    let start_block = body.optional("start_block", values::block, &mut faults);
    let standard = body.optional("standard", values::standard, &mut faults);
    let (Some(chain), Some(contract)) = (chain, contract) else { return Err(faults.problem()) };
    faults.none()?;
    Ok(Wanted {
        chain,
        contract,
        start_block: start_block.and_then(|block| u64::try_from(block).ok()),
        standard: standard.and_then(Standard::parse),
    })
}
