//! POST `/v1/tokens/batch`: many tokens of any contracts at once.

use std::collections::HashMap;

use alloy::primitives::U256;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::tokens::{TokenView, unseen, view};
use crate::api::answer::{self, Meta};
use crate::api::batch::{self, ITEMS_MAX, ItemError};
use crate::api::codes::Code;
use crate::api::found::Found;
use crate::api::members::{Faults, Members};
use crate::api::moment::When;
use crate::api::places::{self, Place};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::scope::ContractScope;
use crate::api::values::Asset;
use crate::api::{ApiState, LIST_BYTES_MAX, body, shapes, values};
use crate::store::StoreError;
use crate::store::contract_row::ContractRow;
use crate::store::read::Read;
use crate::store::read::at::At;
use crate::store::read::tokens::{TokenOf, TokensAsked, tokens};

/// Members of the body.
const MEMBERS: &[&str] = &["tokens", "at_block", "at_time", "min_finality"];
/// Members of one of its tokens.
const OF_A_TOKEN: &[&str] = &["chain", "contract", "token_id", "id"];

/// A token that is asked for.
struct Wanted {
    place: Place,
    token_id: U256,
    /// What its CAIP-19 id calls it.
    standard: Option<&'static str>,
}

/// A token, or why it is not told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenOrError")]
#[serde(untagged)]
enum Item {
    Told(Box<TokenView>),
    Failed(FailedToken),
}

/// A token that is not told, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenError")]
struct FailedToken {
    /// As it was sent.
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    #[schemars(with = "shapes::TokenId")]
    token_id: String,
    error: ItemError,
}

/// The tokens that are asked for, and at which block.
#[derive(JsonSchema)]
#[schemars(rename = "TokenBatch")]
#[expect(dead_code, reason = "shows the document what `read` takes apart")]
struct Sent {
    #[schemars(length(min = 1, max = 500))]
    tokens: Vec<SentToken>,
    #[schemars(with = "Option<shapes::BlockSent>")]
    at_block: Option<i64>,
    #[schemars(with = "Option<shapes::TimeSent>")]
    at_time: Option<String>,
    #[schemars(with = "Option<shapes::Finality>")]
    min_finality: Option<String>,
}

/// A token by chain, contract and id, or by its CAIP-19 id.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "shows the document what `read` takes apart")]
struct SentToken {
    #[schemars(with = "Option<shapes::ChainName>")]
    chain: Option<String>,
    #[schemars(with = "Option<shapes::AddressSent>")]
    contract: Option<String>,
    #[schemars(with = "Option<shapes::TokenIdSent>")]
    token_id: Option<String>,
    #[schemars(with = "Option<shapes::AssetIdSent>")]
    id: Option<String>,
}

/// POST `/v1/tokens/batch`
pub(crate) const BATCH: Route = Route::post("/v1/tokens/batch", || post(batch))
    .named("getTokens", "Many tokens at once")
    .takes::<Sent>()
    .problems(&[Code::BlockAhead, Code::NotIndexed, Code::ChainUnknown, Code::ContractNotReady])
    .bare::<batch::Answers<Item>>();

/// POST `/v1/tokens/batch`
pub(crate) async fn batch(
    State(state): State<ApiState>,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response, Problem> {
    let (wanted, at) = read(&body::object(&headers, sent, (LIST_BYTES_MAX, &state)).await?)?;
    let named: Vec<Place> = wanted.iter().map(|one| one.place.clone()).collect();
    let found = places::find(&state, &named).await?;
    if matches!(at, At::Block(_)) && found.chains.len() > 1 {
        let detail = "at_block needs tokens of one chain: blocks of several do not compare";
        return Err(Problem::new(Code::InvalidRequest, detail).at("body", "at_block"));
    }
    let chains: Vec<i16> = found.chains.iter().map(|chain| chain.chain).collect();
    let known = |(place, (scope, one)): (i32, (&Result<ContractScope, Problem>, &Wanted))| {
        Some((place, scope.as_ref().ok()?.contract, one.token_id))
    };
    let asked: Vec<_> = (1..).zip(found.scopes.iter().zip(&wanted)).filter_map(known).collect();
    let question = TokensAsked { chains: &chains, at, tokens: &asked };
    let (read, contracts) = tokens(&state.pool, &question).await?;
    let when = When::of(at);
    if matches!(at, At::Block(_)) {
        when.check(&state.pool, &read.as_of).await?;
    }
    let told = Told::of(&read, &contracts);
    let mut data = Vec::with_capacity(wanted.len());
    for (place, (one, scope)) in (1..).zip(wanted.iter().zip(found.scopes)) {
        let answered = scope.and_then(|scope| told.token(place, one, (&scope, &when)));
        data.push(match answered {
            Ok(view) => Item::Told(Box::new(view)),
            Err(problem) => Item::Failed(failed(one, problem)?),
        });
    }
    batch::answers(data, Meta::of(&read.as_of).showing(&read.as_of))
}

/// What the statement told, by what it is about.
struct Told<'r> {
    read: &'r Read<TokenOf>,
    tokens: HashMap<i32, &'r TokenOf>,
    contracts: HashMap<i32, &'r ContractRow>,
}

impl<'r> Told<'r> {
    fn of(read: &'r Read<TokenOf>, contracts: &'r [ContractRow]) -> Self {
        Self {
            read,
            tokens: read.rows.iter().map(|row| (row.place, row)).collect(),
            contracts: contracts.iter().map(|row| (row.id, row)).collect(),
        }
    }

    fn token(
        &self,
        place: i32,
        wanted: &Wanted,
        (scope, when): (&ContractScope, &When),
    ) -> Result<TokenView, Problem> {
        let chain = self.read.as_of.iter().find(|chain| chain.chain == scope.chain.chain);
        let chain = chain.ok_or(StoreError::Corrupt { column: "as_of" })?;
        let contract = self.contracts.get(&scope.contract.0).copied();
        let contract = contract.ok_or(StoreError::Corrupt { column: "contracts" })?;
        let found = Found { chain, contract }.tracked()?.owned(when)?;
        when.first(chain)?;
        let found = found.begun()?;
        if let Some(said) = wanted.standard.filter(|said| *said != found.standard()) {
            let address = answer::address(contract.address);
            let detail = format!("{address} is {}, and has no {said} tokens", found.standard());
            return Err(Problem::new(Code::TokenUnknown, detail));
        }
        let row = self.tokens.get(&place).ok_or_else(|| unseen(found, wanted.token_id))?;
        Ok(view(found, wanted.token_id, &row.token))
    }
}

fn failed(wanted: &Wanted, problem: Problem) -> Result<FailedToken, Problem> {
    Ok(FailedToken {
        chain: wanted.place.chain.clone(),
        contract: wanted.place.contract.to_checksum(None),
        token_id: wanted.token_id.to_string(),
        error: ItemError::of(problem)?,
    })
}

/// The tokens and the moment of a body.
fn read(body: &Map<String, Value>) -> Result<(Vec<Wanted>, At), Problem> {
    let mut faults = Faults::default();
    let body = Members::of(body, MEMBERS, &mut faults);
    let at = body.moment(&mut faults);
    let items = body.objects(("tokens", ITEMS_MAX), OF_A_TOKEN, &mut faults);
    let wanted = items.iter().filter_map(|item| token(item, &mut faults)).collect();
    faults.none()?;
    Ok((wanted, at))
}

fn token(item: &Members<'_>, faults: &mut Faults) -> Option<Wanted> {
    if !item.has("id") {
        let place = item.place(faults);
        let token_id = item.needed("token_id", values::token_id, faults);
        return Some(Wanted { place: place?, token_id: token_id?, standard: None });
    }
    for name in ["chain", "contract", "token_id"].into_iter().filter(|name| item.has(name)) {
        faults.at(&item.at, name, format!("send either id or {name}"));
    }
    let Asset { chain, standard, contract, token_id } =
        item.optional("id", values::asset, faults)?;
    Some(Wanted { place: Place { chain, contract }, token_id, standard: Some(standard) })
}
