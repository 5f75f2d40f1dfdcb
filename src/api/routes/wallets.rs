//! GET `/v1/wallets/{address}/tokens`: what a wallet holds, on all chains unless filtered.

use alloy::primitives::U256;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use super::ownership::Acquired;
use crate::api::answer::{self, Addresses, Meta, instant};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::{self, Cursor};
use crate::api::found::Found;
use crate::api::moment::When;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope, shapes};
use crate::store::read::Standing;
use crate::store::read::wallet_tokens::{WalletAsked, WalletTokenRow, wallet_tokens};

/// A token that a wallet holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WalletToken")]
pub(super) struct WalletTokenView {
    #[schemars(with = "shapes::AssetId")]
    id: String,
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    #[schemars(with = "shapes::TokenId")]
    token_id: String,
    #[schemars(with = "shapes::Standard")]
    standard: String,
    #[schemars(with = "shapes::Units")]
    balance: String,
    acquired: Acquired,
}

/// Key of a row in a cursor: chain, contract, token.
type Key = (i16, i32, String);

/// A holding as it is told.
pub(super) fn view(
    as_of: &[Standing],
    addresses: &mut Addresses,
    row: &WalletTokenRow,
) -> WalletTokenView {
    let chain = answer::caip2(as_of, row.chain).to_owned();
    let contract = addresses.write(row.address);
    WalletTokenView {
        id: answer::asset(&chain, &row.standard, &contract, row.token_id.0),
        chain,
        contract,
        token_id: row.token_id.0.to_string(),
        standard: row.standard.clone(),
        balance: answer::units(row.balance),
        acquired: Acquired {
            block: row.acquired,
            time: row.acquired_at.map(instant),
            tx_hash: row.tx_hash.map(answer::hash),
        },
    }
}

fn key(cursor: &Cursor<Key>) -> Result<(i16, i32, U256), Problem> {
    let token_id = params::token_id(&cursor.k.2).map_err(|_| cursor::invalid("cursor"))?;
    Ok((cursor.k.0, cursor.k.1, token_id))
}

/// Refuses a block that is not one of a chain.
pub(super) fn blocks_of_one_chain(asked: &Asked) -> Result<(), Problem> {
    if asked.query("at_block").is_some() && asked.query("chain").is_none() {
        let detail = "at_block= needs chain=: blocks of several chains do not compare";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "chain"));
    }
    Ok(())
}

/// GET `/v1/wallets/{address}/tokens`
pub(crate) const TOKENS: Route = Route::get("/v1/wallets/{address}/tokens", || get(tokens))
    .named("listWalletTokens", "What a wallet holds")
    .query(&[
        &["chain", "contract", "standard", "acquired_after"],
        &["at_block", "at_time", "min_finality", "cursor", "limit"],
    ])
    .problems(&[Code::NotIndexed, Code::SnapshotGone])
    .list::<WalletTokenView>();

/// GET `/v1/wallets/{address}/tokens`
pub(crate) async fn tokens(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let owner = params::path(&asked, "address", params::wallet)?;
    let limit = params::limit(&asked)?;
    let standard = params::query(&asked, "standard", params::standard)?;
    let acquired_after = params::query(&asked, "acquired_after", params::instant)?;
    blocks_of_one_chain(&asked)?;
    let sent = Cursor::<Key>::read(&asked, "cursor")?;
    let after = sent.as_ref().map(key).transpose()?;
    let (chains, contract) = scope::contract_of_query(&state, &asked).await?;
    let when = When::read(&asked, sent.map(|cursor| cursor.p))?;
    let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
    let question = WalletAsked {
        owner,
        chains: &keys,
        at: when.at,
        blocks: &when.blocks(&chains),
        contract: contract.as_ref().map(|scope| scope.contract.0),
        standard,
        acquired_after,
        after,
        limit: limit + 1,
    };
    let mut read = wallet_tokens(&state.pool, &state.names.ranged, &question).await?;
    if contract.is_some() {
        Found::of(&read)?.followed()?;
    }
    let pins = when.check(&state.pool, &read.as_of).await?;
    if contract.is_some() {
        Found::of(&read)?.begun()?;
    }
    let more = answer::page(&mut read.rows, limit);
    let key = |row: &WalletTokenRow| (row.chain, row.contract_id, row.token_id.0.to_string());
    let last = read.rows.last().filter(|_| more).map(key);
    let next = last.map(|last| Cursor::write(&asked, last, pins));
    let meta = Meta::of(&read.as_of).showing(&read.as_of).without(&read.as_of, &read.incomplete)?;
    let mut addresses = Addresses::default();
    let data = read.rows.iter().map(|row| view(&read.as_of, &mut addresses, row)).collect();
    answer::list::<WalletTokenView>(data, limit, next, meta)
}
