//! Whether a contract can be followed, and from which block on.

use std::time::Duration;

use super::ask::{Ask, Calls};
use super::standard::{self, Kind};
use super::start::{self, Start};
use crate::chain::{ChainError, Code};
use crate::index::Context;
use crate::store::probes::Waiting;
use crate::types::Standard;

/// How far above the newest block a contract may be said to begin: it may be announced, or the
/// endpoint be far behind. Weeks on most chains, days on the fastest, and less than a digit too many.
const AHEAD_MAX: u64 = 1_000_000;

/// When a refused contract of the configuration is looked at again: an operator who has added an
/// endpoint should see it followed within this time.
const CONFIGURED_AGAIN: Duration = Duration::from_secs(600);

/// How long any other refused contract can be looked up before it is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What a pass has found for all of its contracts.
pub(super) struct Chain<'a> {
    /// The chain.
    pub(super) context: &'a Context,
    /// Its newest block.
    pub(super) head: u64,
    /// Its newest final block.
    pub(super) finalized: u64,
    /// Whether its endpoints can call.
    pub(super) calls: Calls,
}

/// The probe's word on a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is followed, with what nobody had stated.
    Accepted(Option<Standard>, Option<u64>),
    /// It is not.
    Refused(Refusal),
}

/// Why a contract is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// For programs.
    pub(super) code: &'static str,
    /// For people: field, value and way out.
    pub(super) detail: String,
}

impl Refusal {
    /// When the row is looked at next.
    pub(super) fn again(is_configured: bool) -> Duration {
        if is_configured { CONFIGURED_AGAIN } else { FORGOTTEN_AFTER }
    }
}

/// Judges one contract. What the configuration states with a start block is its operator's word, and
/// is not measured against what the contract is.
pub(super) async fn judge(
    chain: &Chain<'_>,
    ask: &Ask<'_>,
    wish: &Waiting,
) -> Result<Verdict, ChainError> {
    let (address, name) = (wish.address, &chain.context.name);
    let refused = |code, detail| Ok(Verdict::Refused(Refusal { code, detail }));
    let is_given = wish.is_configured && wish.start_block.is_some();
    if let Some(start) =
        wish.start_block.filter(|start| start.saturating_sub(AHEAD_MAX) > chain.head)
    {
        let detail = format!(
            "start_block {start} lies {} blocks above {}, the newest block of {name}: state the block \
             of the deployment, or none to have it found",
            start - chain.head,
            chain.head
        );
        return refused("start_block_ahead", detail);
    }
    if !is_given && ask.code(None).await? == Code::Absent {
        let detail = format!(
            "there is no contract at {address} on {name}: check the address and the chain, or ask \
             again once it is deployed"
        );
        return refused("no_contract", detail);
    }
    let found = match standard::find(ask, &chain.calls).await? {
        Kind::Nft(found) => {
            warn_of_another(chain.context, wish, found);
            Some(found)
        }
        Kind::Other(other) if wish.standard.is_none() && !is_given => {
            let detail = format!(
                "{address} on {name} {}: state `standard` to follow it all the same",
                other.words()
            );
            return refused("not_nft", detail);
        }
        Kind::Both | Kind::Unasked | Kind::Other(_) => None,
    };
    if wish.start_block.is_some() {
        return Ok(Verdict::Accepted(found, None));
    }
    match start::find(ask, chain.finalized).await? {
        Start::At(block) => Ok(Verdict::Accepted(found, Some(block))),
        Start::Untold(why) => {
            let detail = format!(
                "the deployment of {address} on {name} is not found, because {why}: state \
                 `start_block`, or add an endpoint that keeps old state (an archive node)"
            );
            refused("start_block_needed", detail)
        }
    }
}

fn warn_of_another(context: &Context, wish: &Waiting, found: Standard) {
    if let Some(stated) = wish.standard.filter(|stated| *stated != found) {
        tracing::warn!(
            chain.id = %context.id,
            contract = %wish.address,
            "{} is read as {stated}, as was stated, and says itself that it is {found}",
            wish.address
        );
    }
}
