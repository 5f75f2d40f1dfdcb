//! The body of POST `/v1/ownership/checks`, for the document; `checks` takes it apart member by
//! member, so that every fault is told at once.

use schemars::JsonSchema;

use crate::api::shapes;

/// The checks that are asked for.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "shows the document what `read` takes apart")]
pub(super) struct Checks {
    #[schemars(length(min = 1, max = 500))]
    checks: Vec<SentCheck>,
    #[schemars(with = "Option<shapes::Finality>")]
    min_finality: Option<String>,
}

/// A check of one token, or of all tokens of a contract.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "shows the document what `read` takes apart")]
pub(super) struct SentCheck {
    #[schemars(with = "shapes::AddressSent")]
    wallet: String,
    #[schemars(with = "shapes::ChainName")]
    chain: String,
    #[schemars(with = "shapes::AddressSent")]
    contract: String,
    #[schemars(with = "Option<shapes::TokenIdSent>")]
    token_id: Option<String>,
    #[schemars(with = "Option<shapes::BlockSent>")]
    at_block: Option<i64>,
    #[schemars(with = "Option<shapes::TimeSent>")]
    at_time: Option<String>,
}
