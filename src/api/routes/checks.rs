//! POST `/v1/ownership/checks`: whether wallets hold tokens, each at a block of its own. What is not
//! known is `unknown`, and never "no".

use std::collections::HashMap;

use alloy::primitives::{Address, U256};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::checks_sent::Checks;
use crate::api::answer::Meta;
use crate::api::batch::{self, ITEMS_MAX, ItemError};
use crate::api::codes::Code;
use crate::api::found::Found;
use crate::api::members::{Faults, Members};
use crate::api::moment::{When, chosen};
use crate::api::places::{self, Place};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::scope::ContractScope;
use crate::api::{ApiState, LIST_BYTES_MAX, body, shapes, values};
use crate::store::StoreError;
use crate::store::contract_row::ContractRow;
use crate::store::read::at::At;
use crate::store::read::checks::{Check, CheckRow, checks};
use crate::store::read::{NOW, Read, Standing};
use crate::types::Finality;

/// Members of the body.
const MEMBERS: &[&str] = &["checks", "min_finality"];
/// Members of one check.
const OF_A_CHECK: &[&str] = &["wallet", "chain", "contract", "token_id", "at_block", "at_time"];

/// A check that is asked for.
struct Wanted {
    wallet: Address,
    place: Place,
    token_id: Option<U256>,
    at: At,
}

/// Whether a wallet holds a token, or anything of a contract.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Check")]
struct CheckView {
    #[schemars(with = "shapes::Address")]
    wallet: String,
    /// Its CAIP-2 id, or as it was sent where it is not known.
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    /// Absent where all tokens of the contract are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::TokenId>")]
    token_id: Option<String>,
    /// What is not known is `unknown`, and never "no".
    #[schemars(with = "shapes::Held")]
    held: &'static str,
    #[schemars(with = "Option<shapes::Units>")]
    balance: Option<String>,
    /// The block that it is true of.
    block: Option<BlockView>,
    #[schemars(with = "Option<shapes::Finality>")]
    finality: Option<&'static str>,
    /// Why it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

/// A block; of a final one without transfers only the height is known.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CheckedBlock")]
struct BlockView {
    number: i64,
    #[schemars(with = "Option<shapes::Hash>")]
    hash: Option<String>,
}

/// What is known of a check.
struct Verdict {
    balance: String,
    held: bool,
    block: Option<BlockView>,
    finality: Finality,
}

/// POST `/v1/ownership/checks`
pub(crate) const CHECK: Route = Route::post("/v1/ownership/checks", || post(check))
    .named("checkOwnership", "Whether wallets hold tokens")
    .takes::<Checks>()
    .bare::<batch::Answers<CheckView>>();

/// POST `/v1/ownership/checks`
pub(crate) async fn check(
    State(state): State<ApiState>,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response, Problem> {
    let (wanted, least) = read(&body::object(&headers, sent, (LIST_BYTES_MAX, &state)).await?)?;
    let named: Vec<Place> = wanted.iter().map(|one| one.place.clone()).collect();
    let found = places::find(&state, &named).await?;
    let chains: Vec<i16> = found.chains.iter().map(|chain| chain.chain).collect();
    let known = |(place, (scope, one)): (i32, (&Result<ContractScope, Problem>, &Wanted))| {
        let contract = scope.as_ref().ok()?.contract;
        let Wanted { wallet: owner, token_id, at, .. } = *one;
        Some(Check { place, contract, owner, token_id, at })
    };
    let asked: Vec<_> = (1..).zip(found.scopes.iter().zip(&wanted)).filter_map(known).collect();
    let (read, contracts) = checks(&state.pool, &chains, &asked).await?;
    let told = Told::of(&read, &contracts);
    let mut data = Vec::with_capacity(wanted.len());
    for (place, (one, scope)) in (1..).zip(wanted.iter().zip(found.scopes)) {
        let chain = scope.as_ref().map_or(&one.place.chain, |scope| &scope.chain.caip2).clone();
        let verdict = scope.and_then(|scope| told.verdict(place, &scope, (one.at, least)));
        data.push(view(one, chain, verdict)?);
    }
    batch::answers(data, Meta::of(&read.as_of))
}

/// What the statement told, by what it is about.
struct Told<'r> {
    chains: &'r [Standing],
    rows: HashMap<i32, &'r CheckRow>,
    contracts: HashMap<i32, &'r ContractRow>,
}

impl<'r> Told<'r> {
    fn of(read: &'r Read<CheckRow>, contracts: &'r [ContractRow]) -> Self {
        Self {
            chains: &read.as_of,
            rows: read.rows.iter().map(|row| (row.place, row)).collect(),
            contracts: contracts.iter().map(|row| (row.id, row)).collect(),
        }
    }

    fn verdict(
        &self,
        place: i32,
        scope: &ContractScope,
        (at, least): (At, Finality),
    ) -> Result<Verdict, Problem> {
        let chain = self.chains.iter().find(|chain| chain.chain == scope.chain.chain);
        let chain = chain.ok_or(StoreError::Corrupt { column: "as_of" })?;
        let contract = self.contracts.get(&scope.contract.0).copied();
        let contract = contract.ok_or(StoreError::Corrupt { column: "contracts" })?;
        let row = self.rows.get(&place).ok_or(StoreError::Corrupt { column: "place" })?;
        let chain = &Standing { at: row.at, at_hash: row.at_hash.clone(), ..chain.clone() };
        let when = When::of(at);
        let found = Found { chain, contract }.tracked()?.owned(&when)?;
        let pin = when.first(chain)?;
        found.begun()?;
        let number = pin.as_ref().map_or(NOW, |pin| pin.block);
        let finality = final_as(chain, number);
        if finality < least {
            let detail = format!("block {number} of {} is not {} yet", chain.caip2, least.as_str());
            return Err(Problem::new(Code::BlockAhead, detail));
        }
        let block = pin.map(|pin| BlockView { number: pin.block, hash: pin.hash });
        let (balance, held) = (row.balance.to_string(), !row.balance.0.is_zero());
        Ok(Verdict { balance, held, block, finality })
    }
}

/// How final the block is.
fn final_as(chain: &Standing, number: i64) -> Finality {
    let reaches = |mark: Option<i64>| mark.is_some_and(|mark| number <= mark);
    match (reaches(chain.finalized), reaches(chain.safe)) {
        (true, _) => Finality::Finalized,
        (false, true) => Finality::Safe,
        (false, false) => Finality::Latest,
    }
}

fn view(
    wanted: &Wanted,
    chain: String,
    verdict: Result<Verdict, Problem>,
) -> Result<CheckView, Problem> {
    let unknown = CheckView {
        wallet: wanted.wallet.to_checksum(None),
        chain,
        contract: wanted.place.contract.to_checksum(None),
        token_id: wanted.token_id.map(|token_id| token_id.to_string()),
        held: "unknown",
        balance: None,
        block: None,
        finality: None,
        error: None,
    };
    Ok(match verdict {
        Ok(known) => CheckView {
            held: if known.held { "yes" } else { "no" },
            balance: Some(known.balance),
            block: known.block,
            finality: Some(known.finality.as_str()),
            ..unknown
        },
        Err(problem) => CheckView { error: Some(ItemError::of(problem)?), ..unknown },
    })
}

/// The checks of a body, and the finality that all of them need.
fn read(body: &Map<String, Value>) -> Result<(Vec<Wanted>, Finality), Problem> {
    let mut faults = Faults::default();
    let body = Members::of(body, MEMBERS, &mut faults);
    let least = body.optional("min_finality", values::finality, &mut faults);
    let least = least.unwrap_or(Finality::Latest);
    let items = body.objects(("checks", ITEMS_MAX), OF_A_CHECK, &mut faults);
    let wanted = items.iter().filter_map(|item| one(item, least, &mut faults)).collect();
    faults.none()?;
    Ok((wanted, least))
}

fn one(item: &Members<'_>, least: Finality, faults: &mut Faults) -> Option<Wanted> {
    let wallet = item.needed("wallet", values::wallet, faults);
    let place = item.place(faults);
    let token_id = item.optional("token_id", values::token_id, faults);
    let block = item.optional("at_block", values::block, faults);
    let time = item.optional("at_time", values::instant, faults);
    let at = match (block, time) {
        (None, None) => chosen(None, None, Some(least)),
        _ => chosen(block, time, None),
    };
    let conflict = |(first, second)| {
        faults.at(&item.at, second, format!("send either {first} or {second}"));
    };
    let at = at.map_err(conflict).ok();
    Some(Wanted { wallet: wallet?, place: place?, token_id, at: at? })
}
