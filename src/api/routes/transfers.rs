//! Lists of transfers: all with filters, of a contract, of a token, of a wallet.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::transfer_list::{Named, TransferView, answer};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::{ApiState, params, scope};
use crate::store::Uint256;
use crate::store::read::transfers::{Fits, TransfersOf};

/// Parameters of every list of transfers.
#[rustfmt::skip]
const OF_A_LIST: &[&str] =
    &["from", "to", "kind", "from_block", "to_block", "min_finality", "order", "cursor", "limit"];

fn fits(asked: &Asked) -> Result<Fits, Problem> {
    let party = |name| params::query(asked, name, params::address);
    Ok(Fits {
        from: party("from")?.map(Into::into),
        to: party("to")?.map(Into::into),
        wallet: params::query(asked, "wallet", params::wallet)?.map(Into::into),
        kind: params::query(asked, "kind", params::kind)?,
    })
}

/// GET `/v1/contracts/{chain}/{address}/transfers`
pub(crate) const OF_CONTRACT: Route =
    Route::get("/v1/contracts/{chain}/{address}/transfers", || get(of_contract))
        .named("listContractTransfers", "Its transfers")
        .query(&[OF_A_LIST, &["wallet"]])
        .problems(&[Code::ContractNotTracked, Code::ChainIndexing])
        .list::<TransferView>();

/// GET `/v1/contracts/{chain}/{address}/transfers`
pub(crate) async fn of_contract(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let fits = fits(&asked)?;
    let found = scope::contract_of_path(&state, &asked, "address").await?;
    let contract = found.contract.0;
    let named = Named { of: TransfersOf::Contract(contract), contract: Some(contract), fits };
    answer(&state, &asked, &[found.chain], named).await
}

/// GET `/v1/tokens/{chain}/{contract}/{token_id}/transfers`
pub(crate) const OF_TOKEN: Route =
    Route::get("/v1/tokens/{chain}/{contract}/{token_id}/transfers", || get(of_token))
        .named("listTokenTransfers", "Its transfers")
        .query(&[OF_A_LIST, &["wallet"]])
        .problems(&[Code::ChainIndexing])
        .list::<TransferView>();

/// GET `/v1/tokens/{chain}/{contract}/{token_id}/transfers`
pub(crate) async fn of_token(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let token_id = params::path(&asked, "token_id", params::token_id)?;
    let fits = fits(&asked)?;
    let found = scope::contract_of_path(&state, &asked, "contract").await?;
    let contract = found.contract.0;
    let of = TransfersOf::Token(contract, Uint256(token_id));
    answer(&state, &asked, &[found.chain], Named { of, contract: Some(contract), fits }).await
}

/// GET `/v1/wallets/{address}/transfers`
pub(crate) const OF_WALLET: Route =
    Route::get("/v1/wallets/{address}/transfers", || get(of_wallet))
        .named("listWalletTransfers", "What a wallet gave and received")
        .query(&[OF_A_LIST, &["chain"]])
        .problems(&[Code::ChainIndexing])
        .list::<TransferView>();

/// GET `/v1/wallets/{address}/transfers`
pub(crate) async fn of_wallet(
    State(state): State<ApiState>,
    asked: Asked,
) -> Result<Response, Problem> {
    let wallet: [u8; 20] = params::path(&asked, "address", params::wallet)?.into();
    comparable(&asked)?;
    let fits = fits(&asked)?;
    let chains = scope::chains_of_query(&state, &asked).await?;
    let of = TransfersOf::Holder(Some(wallet), Some(wallet));
    answer(&state, &asked, &chains, Named { of, contract: None, fits }).await
}

/// GET `/v1/transfers`
pub(crate) const LIST: Route = Route::get("/v1/transfers", || get(list))
    .named("listTransfers", "Transfers by filters")
    .query(&[OF_A_LIST, &["chain", "contract", "token_id", "wallet", "tx_hash"]])
    .problems(&[Code::ChainIndexing])
    .list::<TransferView>();

/// GET `/v1/transfers`
pub(crate) async fn list(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    comparable(&asked)?;
    let token_id = params::query(&asked, "token_id", params::token_id)?;
    if token_id.is_some() && asked.query("contract").is_none() {
        let detail = "token_id= needs contract=";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "contract"));
    }
    let tx_hash = params::query(&asked, "tx_hash", params::hash)?;
    let fits = fits(&asked)?;
    let (chains, found) = scope::contract_of_query(&state, &asked).await?;
    let contract = found.map(|found| found.contract.0);
    let giver = fits.from.filter(|from| *from != [0; 20]);
    let of = match (tx_hash, contract, token_id) {
        (Some(hash), _, token_id) => TransfersOf::Transaction(hash.into(), token_id.map(Uint256)),
        (None, Some(contract), Some(token_id)) => TransfersOf::Token(contract, Uint256(token_id)),
        (None, Some(contract), None) => TransfersOf::Contract(contract),
        (None, None, _) if fits.wallet.is_some() => TransfersOf::Holder(fits.wallet, fits.wallet),
        (None, None, _) if fits.to.is_some() => TransfersOf::Holder(fits.to, None),
        (None, None, _) if giver.is_some() => TransfersOf::Holder(None, giver),
        (None, None, _) => TransfersOf::Chain,
    };
    answer(&state, &asked, &chains, Named { of, contract, fits }).await
}

/// Blocks of several chains do not compare.
fn comparable(asked: &Asked) -> Result<(), Problem> {
    let by_block = ["from_block", "to_block"].iter().any(|name| asked.query(name).is_some());
    if by_block && asked.query("chain").is_none() {
        let detail = "from_block= and to_block= need chain=";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "chain"));
    }
    Ok(())
}
