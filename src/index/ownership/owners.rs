//! Who owns which ERC-721 tokens, to be asked for intervals.

use std::collections::HashMap;

use alloy::primitives::{Address, U256};

use super::segments::Segments;
use super::{Held, single, somebody};
use crate::store::token_ranges::OwnedRange;
use crate::store::transfers::StoredTransfer;
use crate::types::{ContractKey, Standard};

/// Tokens `first..=last` and who owns them all.
pub type OwnedPart = (U256, U256, Option<Address>);

/// Owners by contract.
#[derive(Default)]
pub struct Owners(HashMap<ContractKey, Segments<Option<Address>>>);

impl Owners {
    /// The owners that `held` shows.
    pub fn of(held: &Held) -> Self {
        let mut owners = Self::default();
        for holding in held.holdings.values().filter(|holding| holding.balance.is_none()) {
            let (contract, token) = holding.token;
            owners.segments(contract).insert(single(token), Some(holding.owner));
        }
        for OwnedRange { span, owner, .. } in &held.ranges {
            owners.segments(span.contract).insert((span.first, span.last), Some(*owner));
        }
        owners
    }

    /// Gives the tokens of these transfers, which come newest first, back to whoever gave them: as
    /// custody has it, where ownership is not built yet.
    pub fn give_back<'a>(&mut self, gone: impl IntoIterator<Item = &'a StoredTransfer>) {
        for StoredTransfer { contract, transfer } in gone {
            if transfer.standard() == Standard::Erc721 {
                self.segments(*contract).paint(transfer.tokens(), somebody(transfer.from));
            }
        }
    }

    /// The owners of `first..=last`, ascending and without gaps, neighbours of one owner joined;
    /// `None` where there are more parts than one and than `most`.
    pub fn within(
        &self,
        contract: ContractKey,
        tokens: (U256, U256),
        most: usize,
    ) -> Option<Vec<OwnedPart>> {
        let empty = Segments::default();
        let segments = self.0.get(&contract).unwrap_or(&empty);
        let mut found: Vec<OwnedPart> = Vec::new();
        for (from, to, owned) in segments.cover(tokens) {
            let owner = owned.and_then(|(_, _, owner)| *owner);
            if let Some(before) = found.last_mut().filter(|before| before.2 == owner) {
                before.1 = to;
            } else if found.len() < most.max(1) {
                found.push((from, to, owner));
            } else {
                return None;
            }
        }
        Some(found)
    }

    fn segments(&mut self, contract: ContractKey) -> &mut Segments<Option<Address>> {
        self.0.entry(contract).or_default()
    }
}
