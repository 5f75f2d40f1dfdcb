//! GET `/v1/contracts/{chain}/{address}/snapshot/root`: the Merkle root of the holders at a block.
//!
//! A root stands for a whole snapshot, so it is an answer of its own: on a stream it could only come
//! at the end, where a reader that was cut off would miss it in silence.

use std::collections::HashMap;

use alloy::primitives::{Address, B256, U256};
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use super::snapshot::{OF_A_SNAPSHOT, REFUSED};
use crate::api::answer::{self, Meta};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::stream::{Holdings, Walk, of_ownership};
use crate::api::{ApiState, params, scope, shapes};
use crate::merkle::{FORMAT, Growing, Leaf, Leaves};
use crate::store::read::export_holdings::HoldingsPage;

/// Most leaves of a tree that the server builds: 64 MB of hashes and some 100 MB of owners meanwhile,
/// two seconds of a processor. The command line builds larger ones.
const LEAVES_MAX: usize = 1_000_000;

/// How many roots are worked out at once: the others wait, as long as a request may.
static ROOTS: Semaphore = Semaphore::const_new(2);

/// Leaves or nodes hashed before others get their turn: a millisecond.
const HASHES_AT_ONCE: usize = 1_000;

/// The root of a snapshot, and of which.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SnapshotRoot")]
struct RootView {
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    block: BlockView,
    /// What the leaves are: one for each owner, or one for each holding.
    #[schemars(with = "shapes::Leaves")]
    merkle: &'static str,
    /// Version of the tree's format.
    format: &'static str,
    /// ABI types of a leaf.
    leaf_encoding: &'static [&'static str],
    leaves: usize,
    /// None of a contract that nobody holds anything of.
    #[schemars(with = "Option<shapes::Hash>")]
    root: Option<B256>,
}

/// A block; of a final one without transfers only the height is known.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShownBlock")]
struct BlockView {
    number: i64,
    #[schemars(with = "Option<shapes::Hash>")]
    hash: Option<String>,
}

fn leaves(text: &str) -> Result<Leaves, String> {
    Leaves::parse(text).ok_or_else(|| "merkle is owners or tokens".into())
}

/// GET `/v1/contracts/{chain}/{address}/snapshot/root`
pub(crate) const ROOT: Route =
    Route::get("/v1/contracts/{chain}/{address}/snapshot/root", || get(root))
        .named("getSnapshotRoot", "The Merkle root of its holders at a block")
        .query(&[OF_A_SNAPSHOT, &["merkle"]])
        .problems(REFUSED)
        .one::<RootView>();

/// GET `/v1/contracts/{chain}/{address}/snapshot/root`
pub(crate) async fn root(State(state): State<ApiState>, asked: Asked) -> Result<Response, Problem> {
    let kind = params::query(&asked, "merkle", leaves)?.unwrap_or_default();
    let scope = scope::contract_of_path(&state, &asked, "address").await?;
    let (fixed, contract) = of_ownership(&state.pool, &asked, &scope).await?;
    let closed = |_| Problem::new(Code::Internal, "no root can be worked out");
    let _turn = ROOTS.acquire().await.map_err(closed)?;
    let holdings = Holdings::of(&scope, contract.address, fixed.shown());
    let mut walk = Walk::begin(&state, fixed, holdings).await?;
    let mut gathered = Gathered::of(kind);
    while let Some(taken) = walk.step(|page| gathered.take(page)).await? {
        taken?;
    }
    let hashes = gathered.hashes().await;
    let count = hashes.len();
    let mut tree = Growing::over(hashes);
    while tree.as_mut().is_some_and(|tree| tree.grow(HASHES_AT_ONCE)) {
        yield_now().await;
    }
    let fixed = walk.fixed();
    let view = RootView {
        chain: scope.chain.caip2.clone(),
        contract: answer::address(contract.address),
        block: BlockView { number: fixed.pin.block, hash: fixed.pin.hash.clone() },
        merkle: kind.as_str(),
        format: FORMAT,
        leaf_encoding: kind.encoding(),
        leaves: count,
        root: tree.map(|tree| tree.whole().root()),
    };
    answer::one(&view, Meta::of(std::slice::from_ref(&fixed.standing)))
}

/// What the leaves are made of.
enum Gathered {
    Owners(HashMap<Address, U256>),
    Tokens(Vec<B256>),
}

impl Gathered {
    fn of(kind: Leaves) -> Self {
        match kind {
            Leaves::Owners => Self::Owners(HashMap::new()),
            Leaves::Tokens => Self::Tokens(Vec::new()),
        }
    }

    fn take(&mut self, page: &HoldingsPage) -> Result<(), Problem> {
        for row in page.rows() {
            let owner = Address::from(row.owner);
            let balance = row.balance.map_or(Some(U256::ONE), |it| Some(it.uint256()?.0));
            let count = match self {
                Self::Owners(sums) => {
                    let sum = sums.entry(owner).or_default();
                    *sum = balance.and_then(|it| sum.checked_add(it)).ok_or_else(too_much)?;
                    sums.len()
                }
                Self::Tokens(hashes) => {
                    let token_id = Some(row.token_id.uint256().ok_or_else(too_much)?.0);
                    let balance = balance.ok_or_else(too_much)?;
                    hashes.push(Leaf { token_id, owner, balance }.hash());
                    hashes.len()
                }
            };
            if count > LEAVES_MAX {
                let detail = format!(
                    "the tree has more than {LEAVES_MAX} leaves; `herald snapshot --merkle` builds it"
                );
                return Err(Problem::new(Code::InvalidRequest, detail));
            }
        }
        Ok(())
    }

    async fn hashes(self) -> Vec<B256> {
        let sums = match self {
            Self::Owners(sums) => sums,
            Self::Tokens(hashes) => return hashes,
        };
        let mut hashes = Vec::with_capacity(sums.len());
        for (owner, balance) in sums {
            hashes.push(Leaf { token_id: None, owner, balance }.hash());
            if hashes.len().is_multiple_of(HASHES_AT_ONCE) {
                yield_now().await;
            }
        }
        hashes
    }
}

fn too_much() -> Problem {
    let detail = "a balance is above 2^256-1, which no leaf can hold";
    Problem::new(Code::ContractIrregular, detail)
}
