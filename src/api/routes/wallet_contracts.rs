//! What a wallet holds, summed: GET `/v1/wallets/{address}/contracts` and `/summary`.

use alloy::primitives::aliases::I512;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use super::wallets::blocks_of_one_chain;
use crate::api::answer::{self, Meta};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::Cursor;
use crate::api::moment::When;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope, shapes};
use crate::store::read::wallet_contracts::{
    Sums, WalletChainRow, WalletContractRow, WalletSums, wallet_contracts, wallet_summary,
};

/// A contract that a wallet holds anything of.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WalletContract")]
struct WalletContractView {
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    #[schemars(with = "shapes::Standard")]
    standard: String,
    name: Option<String>,
    symbol: Option<String>,
    #[serde(flatten)]
    sums: SumsView,
}

/// How much a wallet holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WalletSums")]
struct SumsView {
    /// Different tokens.
    #[schemars(with = "shapes::Units")]
    tokens: String,
    /// Units of all of them.
    #[schemars(with = "shapes::Units")]
    balance: String,
    first_acquired_block: i64,
    last_acquired_block: i64,
}

/// How much a wallet holds, in all and on each chain.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WalletSummary")]
struct SummaryView {
    #[schemars(with = "shapes::Address")]
    wallet: String,
    contracts: i64,
    #[schemars(with = "shapes::Units")]
    tokens: String,
    #[schemars(with = "shapes::Units")]
    balance: String,
    chains: Vec<ChainView>,
}

/// How much a wallet holds on a chain.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WalletChain")]
struct ChainView {
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    contracts: i64,
    #[serde(flatten)]
    sums: SumsView,
}

/// Key of a contract in a cursor: chain and contract.
type Key = (i16, i32);

fn sums(row: &Sums) -> SumsView {
    SumsView {
        tokens: row.tokens.to_string(),
        balance: row.balance.to_string(),
        first_acquired_block: row.first_acquired,
        last_acquired_block: row.last_acquired,
    }
}

/// GET `/v1/wallets/{address}/contracts`
pub(crate) const CONTRACTS: Route =
    Route::get("/v1/wallets/{address}/contracts", || get(contracts))
        .named("listWalletContracts", "The contracts that a wallet holds anything of")
        .query(&[
            &["chain", "standard", "at_block", "at_time", "min_finality"],
            &["cursor", "limit"],
        ])
        .problems(&[Code::NotIndexed, Code::SnapshotGone])
        .list::<WalletContractView>();

/// GET `/v1/wallets/{address}/contracts`
pub(crate) async fn contracts(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let owner = params::path(&asked, "address", params::wallet)?;
    let limit = params::limit(&asked)?;
    let standard = params::query(&asked, "standard", params::standard)?;
    blocks_of_one_chain(&asked)?;
    let sent = Cursor::<Key>::read(&asked, "cursor")?;
    let after = sent.as_ref().map(|cursor| cursor.k);
    let chains = scope::chains_of_query(&state, &asked).await?;
    let when = When::read(&asked, sent.map(|cursor| cursor.p))?;
    let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
    let blocks = when.blocks(&chains);
    let question = WalletSums { owner, chains: &keys, at: when.at, blocks: &blocks, standard };
    let mut read = wallet_contracts(&state.pool, &question, (after, limit + 1)).await?;
    let pins = when.check(&state.pool, &read.as_of).await?;
    let more = answer::page(&mut read.rows, limit);
    let key = |row: &WalletContractRow| (row.chain, row.contract_id);
    let last = read.rows.last().filter(|_| more).map(key);
    let next = last.map(|last| Cursor::write(&asked, last, pins));
    let meta = Meta::of(&read.as_of).showing(&read.as_of).without(&read.as_of, &read.incomplete)?;
    let view = |row: &WalletContractRow| WalletContractView {
        chain: answer::caip2(&read.as_of, row.chain).to_owned(),
        contract: answer::address(row.address),
        standard: row.standard.clone(),
        name: row.name.clone(),
        symbol: row.symbol.clone(),
        sums: sums(&row.sums),
    };
    answer::list::<WalletContractView>(read.rows.iter().map(view).collect(), limit, next, meta)
}

/// GET `/v1/wallets/{address}/summary`
pub(crate) const SUMMARY: Route = Route::get("/v1/wallets/{address}/summary", || get(summary))
    .named("getWalletSummary", "How much a wallet holds")
    .query(&[&["chain", "standard", "at_block", "at_time", "min_finality"]])
    .problems(&[Code::NotIndexed])
    .one::<SummaryView>();

/// GET `/v1/wallets/{address}/summary`
pub(crate) async fn summary(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let owner = params::path(&asked, "address", params::wallet)?;
    let standard = params::query(&asked, "standard", params::standard)?;
    blocks_of_one_chain(&asked)?;
    let chains = scope::chains_of_query(&state, &asked).await?;
    let when = When::read(&asked, None)?;
    let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
    let blocks = when.blocks(&chains);
    let question = WalletSums { owner, chains: &keys, at: when.at, blocks: &blocks, standard };
    let read = wallet_summary(&state.pool, &question).await?;
    when.check(&state.pool, &read.as_of).await?;
    let meta = Meta::of(&read.as_of).showing(&read.as_of).without(&read.as_of, &read.incomplete)?;
    let view = |row: &WalletChainRow| ChainView {
        chain: answer::caip2(&read.as_of, row.chain).to_owned(),
        contracts: row.contracts,
        sums: sums(&row.sums),
    };
    let total =
        |of: fn(&WalletChainRow) -> I512| read.rows.iter().map(of).sum::<I512>().to_string();
    let all = SummaryView {
        wallet: owner.to_checksum(None),
        contracts: read.rows.iter().map(|row| row.contracts).sum(),
        tokens: total(|row| row.sums.tokens.0),
        balance: total(|row| row.sums.balance.0),
        chains: read.rows.iter().map(view).collect(),
    };
    answer::one(&all, meta)
}
