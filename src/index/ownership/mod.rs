//! Pure: how ownership changes by transfers.
//!
//! There is one version of a holding for each token, owner and block, since ownership "at a block"
//! means at its end: what happens inside a block vanishes, and whoever holds a token again at the
//! end of the block in which it left has held it all the time.
//!
//! ERC-721 (`tokens`): the newest receiver owns the token. ERC-1155 (`balances`): amounts add.
//! ERC-2309 (`ranges`, on `segments`): a range of ERC-721 tokens has one row as long as none of them
//! has moved on its own; a token that moves leaves its range for good. `owners` answers who owns what.

mod tokens;
mod balances;
mod segments;
mod ranges;
mod owners;

pub use owners::{OwnedPart, Owners};

use std::collections::{BTreeMap, HashMap, HashSet};

use alloy::primitives::{Address, U256};

use crate::store::holdings::{Holding, HoldingKey, PastHolding, TokenKey};
use crate::store::token_ranges::{OwnedRange, PastRange, TokenSpan};
use crate::store::transfers::StoredTransfer;
use crate::types::{ContractKey, Position, Standard};

/// Ownership that transfers may change, as it is before them.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Current holdings of the touched tokens (ERC-721) and pairs (ERC-1155).
    pub holdings: HashMap<HoldingKey, Holding>,
    /// Current ranges of the touched tokens.
    pub ranges: Vec<OwnedRange>,
    /// What the touched ranges hold is too much and left out.
    pub crowded: bool,
}

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Stored holdings that are no longer current.
    pub ended: Vec<Holding>,
    /// Versions that are closed: the ended ones, and those that began and ended meanwhile.
    pub past: Vec<PastHolding>,
    /// Versions that are current now and were not stored.
    pub begun: Vec<Holding>,
    /// Stored ranges that are no longer current, with their ends.
    pub ranges_ended: Vec<PastRange>,
    /// Ranges that began and ended meanwhile.
    pub ranges_past: Vec<PastRange>,
    /// Ranges that are current now and were not stored.
    pub ranges_begun: Vec<OwnedRange>,
    /// Transfers that the rules do not allow.
    pub irregular: Vec<Irregular>,
}

/// A transfer that the rules of its standard do not allow. It is applied like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Irregular {
    /// The contract.
    pub contract: ContractKey,
    /// Which transfer.
    pub position: Position,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a transfer is irregular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A range longer than [`LISTED_MAX`].
    RangeTooLong,
    /// A range with tokens that its giver did not own, or a mint of tokens that somebody owned.
    RangeNotOwned,
    /// A range over more than [`COVERED_MAX`] tokens and ranges that are held one by one.
    RangeCrowded,
}

impl Reason {
    /// The word of the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RangeTooLong => "range_too_long",
            Self::RangeNotOwned => "range_not_owned",
            Self::RangeCrowded => "range_crowded",
        }
    }
}

/// Longest range whose tokens are enumerated in lists: more than any collection has; a longer one
/// is answered by token only, because a contract can log all 2^256 ids at the price of one log.
pub const LISTED_MAX: u64 = 10_000_000;

/// Most tokens and ranges, each held by itself, that ranges of one block may cover: they are all
/// looked at, at the price of one log, and no contract gives so many tokens a new owner at once.
/// Ownership does not follow ranges over more.
pub const COVERED_MAX: i64 = 100_000;

/// What a set of transfers touches, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// ERC-721 tokens that moved on their own.
    pub tokens: Vec<TokenKey>,
    /// ERC-1155 tokens with a giver or receiver.
    pub pairs: Vec<HoldingKey>,
    /// ERC-2309 ranges, those that overlap joined.
    pub ranges: Vec<TokenSpan>,
    /// Everything of contracts that move ranges: the ranges, and the single tokens as ranges of one;
    /// those that overlap joined.
    pub spans: Vec<TokenSpan>,
}

/// What these transfers touch. `ranged`: contracts that ever moved a range before.
pub fn touched<'a>(
    transfers: impl IntoIterator<Item = &'a StoredTransfer>,
    ranged: &HashSet<ContractKey>,
) -> Touched {
    let mut touched = Touched::default();
    for StoredTransfer { contract, transfer } in transfers {
        let token = (*contract, transfer.token_id);
        let (first, last) = transfer.tokens();
        let span = TokenSpan { contract: *contract, first, last };
        match transfer.standard() {
            Standard::Erc1155 => {
                let people = [transfer.from, transfer.to];
                let people = people.into_iter().filter(|person| !person.is_zero());
                touched.pairs.extend(people.map(|person| (token, person)));
            }
            Standard::Erc721 if transfer.token_id_to.is_some() => {
                touched.ranges.push(span);
                touched.spans.push(span);
            }
            Standard::Erc721 => {
                touched.tokens.push(token);
                if ranged.contains(contract) {
                    touched.spans.push(span);
                }
            }
        }
    }
    touched.tokens.sort_unstable();
    touched.tokens.dedup();
    touched.pairs.sort_unstable();
    touched.pairs.dedup();
    touched.ranges = joined(touched.ranges);
    touched.spans = joined(touched.spans);
    touched
}

/// Spans that do not overlap and cover the same tokens: what is found in several spans would come
/// several times.
fn joined(mut spans: Vec<TokenSpan>) -> Vec<TokenSpan> {
    spans.sort_unstable();
    let mut joined: Vec<TokenSpan> = Vec::with_capacity(spans.len());
    for span in spans {
        let before = joined
            .last_mut()
            .filter(|before| before.contract == span.contract && before.last >= span.first);
        match before {
            Some(before) => before.last = before.last.max(span.last),
            None => joined.push(span),
        }
    }
    joined
}

/// Applies `transfers`, ordered by position, to what is held now.
pub fn apply(held: &Held, transfers: &[StoredTransfer]) -> Changes {
    let mut of_tokens: BTreeMap<ContractKey, Vec<&StoredTransfer>> = BTreeMap::new();
    let mut of_balances = Vec::new();
    let mut ranged: HashSet<ContractKey> =
        held.ranges.iter().map(|range| range.span.contract).collect();
    for stored in transfers {
        match stored.transfer.standard() {
            Standard::Erc1155 => of_balances.push(stored),
            Standard::Erc721 => {
                if stored.transfer.token_id_to.is_some() {
                    ranged.insert(stored.contract);
                }
                of_tokens.entry(stored.contract).or_default().push(stored);
            }
        }
    }
    let by_token: HashMap<TokenKey, &Holding> =
        held.holdings.values().map(|holding| (holding.token, holding)).collect();
    let mut changes = Changes::default();
    for (contract, transfers) in of_tokens {
        if ranged.contains(&contract) {
            ranges::apply(contract, held, &transfers, &mut changes);
        } else {
            tokens::apply(&by_token, &transfers, &mut changes);
        }
    }
    balances::apply(held, &of_balances, &mut changes);
    changes
}

fn block_of(stored: &StoredTransfer) -> u64 {
    stored.transfer.position.block
}

/// Owner of nothing is nobody.
fn somebody(address: Address) -> Option<Address> {
    (!address.is_zero()).then_some(address)
}

/// A range of one.
fn single(token: U256) -> (U256, U256) {
    (token, token)
}
