//! POST `/v1/wallets/tokens`: what several wallets hold, as GET tells it of one.

use alloy::primitives::{Address, U256};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::wallets::{WalletTokenView, view};
use crate::api::answer::{self, Addresses, Meta};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::{self, Cursor};
use crate::api::found::Found;
use crate::api::members::{Faults, Members};
use crate::api::moment::When;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::scope::ContractScope;
use crate::api::{ApiState, LIST_BYTES_MAX, body, params, scope, shapes, values};
use crate::store::read::at::At;
use crate::store::read::names::ChainName;
use crate::store::read::wallets_tokens::{After, HeldOf, WalletsAsked, wallets_tokens};

/// Members of the body.
const MEMBERS: &[&str] = &[
    "wallets",
    "chain",
    "contract",
    "standard",
    "acquired_after",
    "at_block",
    "at_time",
    "min_finality",
];
/// Most wallets of a body: each is looked for on every chain that is asked for.
const WALLETS_MAX: usize = 100;

/// Key of a row in a cursor: place of the wallet, chain, contract, token.
type Key = (i32, i16, i32, String);

/// The body, read.
struct Wanted {
    wallets: Vec<Address>,
    chain: Option<String>,
    contract: Option<Address>,
    standard: Option<&'static str>,
    acquired_after: Option<OffsetDateTime>,
    at: At,
}

/// A token that one of the wallets holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WalletsToken")]
struct HeldView {
    #[schemars(with = "shapes::Address")]
    wallet: String,
    #[serde(flatten)]
    token: WalletTokenView,
}

/// The wallets that are asked for, and of what.
#[derive(JsonSchema)]
#[schemars(rename = "WalletsTokens")]
#[expect(dead_code, reason = "shows the document what `read` takes apart")]
struct Sent {
    #[schemars(with = "Vec<shapes::AddressSent>", length(min = 1, max = 100))]
    wallets: Vec<String>,
    #[schemars(with = "Option<shapes::ChainName>")]
    chain: Option<String>,
    #[schemars(with = "Option<shapes::AddressSent>")]
    contract: Option<String>,
    #[schemars(with = "Option<shapes::Standard>")]
    standard: Option<String>,
    #[schemars(with = "Option<shapes::TimeSent>")]
    acquired_after: Option<String>,
    #[schemars(with = "Option<shapes::BlockSent>")]
    at_block: Option<i64>,
    #[schemars(with = "Option<shapes::TimeSent>")]
    at_time: Option<String>,
    #[schemars(with = "Option<shapes::Finality>")]
    min_finality: Option<String>,
}

/// POST `/v1/wallets/tokens`
pub(crate) const LIST: Route = Route::post("/v1/wallets/tokens", || post(list))
    .named("listWalletsTokens", "What several wallets hold")
    .query(&[&["cursor", "limit"]])
    .takes::<Sent>()
    .problems(&[
        Code::BlockAhead,
        Code::NotIndexed,
        Code::ChainUnknown,
        Code::ContractNotTracked,
        Code::SnapshotGone,
    ])
    .list::<HeldView>();

/// POST `/v1/wallets/tokens`
pub(crate) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    mut asked: Asked,
    sent: Body,
) -> Result<Response, Problem> {
    let limit = params::limit(&asked)?;
    let body = body::object(&headers, sent, (LIST_BYTES_MAX, &state)).await?;
    let wanted = read(&body)?;
    // Members come in the order of their names, however they were sent.
    asked.body = Value::Object(body).to_string().to_ascii_lowercase();
    let sent = Cursor::<Key>::read(&asked, "cursor")?;
    let after = sent.as_ref().map(key).transpose()?;
    let (chains, contract) = places(&state, &wanted).await?;
    let when = sent.map_or_else(|| When::of(wanted.at), |cursor| When::pinned(cursor.p));
    let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
    let question = WalletsAsked {
        owners: &wanted.wallets,
        chains: &keys,
        at: when.at,
        blocks: &when.blocks(&chains),
        contract: contract.as_ref().map(|scope| scope.contract.0),
        standard: wanted.standard,
        acquired_after: wanted.acquired_after,
        after,
        limit: limit + 1,
    };
    let mut read = wallets_tokens(&state.pool, &question).await?;
    if contract.is_some() {
        Found::of(&read)?.followed()?;
    }
    let pins = when.check(&state.pool, &read.as_of).await?;
    if contract.is_some() {
        Found::of(&read)?.begun()?;
    }
    let more = answer::page(&mut read.rows, limit);
    let key = |row: &HeldOf| {
        (row.place, row.held.chain, row.held.contract_id, row.held.token_id.0.to_string())
    };
    let last = read.rows.last().filter(|_| more).map(key);
    let next = last.map(|last| Cursor::write(&asked, last, pins));
    let meta = Meta::of(&read.as_of).showing(&read.as_of).without(&read.as_of, &read.incomplete)?;
    let mut addresses = Addresses::default();
    let held = |row: &HeldOf| {
        let place = usize::try_from(row.place - 1).unwrap_or_default();
        let wallet = wanted.wallets.get(place).copied().unwrap_or_default();
        let token = view(&read.as_of, &mut addresses, &row.held);
        HeldView { wallet: wallet.to_checksum(None), token }
    };
    answer::list::<HeldView>(read.rows.iter().map(held).collect(), limit, next, meta)
}

fn key(cursor: &Cursor<Key>) -> Result<After, Problem> {
    let (place, chain, contract, token_id) = &cursor.k;
    let token_id: U256 = params::token_id(token_id).map_err(|_| cursor::invalid("cursor"))?;
    Ok((*place, *chain, *contract, token_id))
}

/// The chains that the body is about, and the contract where it names one.
async fn places(
    state: &ApiState,
    wanted: &Wanted,
) -> Result<(Vec<ChainName>, Option<ContractScope>), Problem> {
    let Some(text) = &wanted.chain else {
        return Ok((state.names.chains(&state.pool).await?.to_vec(), None));
    };
    let chain = scope::chain(state, text, "body").await?;
    let Some(address) = wanted.contract else { return Ok((vec![chain], None)) };
    let scope = scope::contract(state, chain.clone(), address).await;
    Ok((vec![chain], Some(scope.map_err(|problem| problem.at("body", "contract"))?)))
}

fn read(body: &Map<String, Value>) -> Result<Wanted, Problem> {
    let mut faults = Faults::default();
    let body = Members::of(body, MEMBERS, &mut faults);
    let mut wallets: Vec<Address> = Vec::new();
    for (place, value) in body.list("wallets", WALLETS_MAX, &mut faults).iter().enumerate() {
        match values::wallet(value) {
            Ok(wallet) if wallets.contains(&wallet) => {
                faults.to(format!("/wallets/{place}"), "the wallet is there twice");
            }
            Ok(wallet) => wallets.push(wallet),
            Err(detail) => faults.to(format!("/wallets/{place}"), detail),
        }
    }
    let wanted = Wanted {
        wallets,
        chain: body.optional("chain", values::chain, &mut faults),
        contract: body.optional("contract", values::address, &mut faults),
        standard: body.optional("standard", values::standard, &mut faults),
        acquired_after: body.optional("acquired_after", values::instant, &mut faults),
        at: body.moment(&mut faults),
    };
    for name in ["contract", "at_block"] {
        if body.has(name) && !body.has("chain") {
            faults.at("", "chain", format!("{name} needs chain"));
        }
    }
    faults.none().map(|()| wanted)
}
