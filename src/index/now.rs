//! Pure: what holds after a removal, worded for its event.

use alloy::primitives::Address;
use alloy::primitives::aliases::I512;
use serde::Serialize;

use super::ownership::OwnedPart;
use super::tell::person;

/// What holds after a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    /// The owner of the token, or of every token of the range.
    Owner(Option<Address>),
    /// The owners of the range's parts.
    Owners(Vec<OwnedPart>),
    /// The balances of giver and receiver.
    Balances(Vec<(Address, I512)>),
    /// Not known, or too long to say.
    Unsaid,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum NowView {
    Owner { owner: Option<String> },
    Owners { owners: Vec<PartView> },
    Balances { balances: Vec<BalanceView> },
}

#[derive(Serialize)]
pub(super) struct PartView {
    token_id: String,
    token_id_to: String,
    owner: Option<String>,
}

#[derive(Serialize)]
pub(super) struct BalanceView {
    owner: String,
    balance: String,
}

impl Now {
    /// As the event says it.
    pub(super) fn view(self) -> Option<NowView> {
        let owned = |(first, last, owner): OwnedPart| PartView {
            token_id: first.to_string(),
            token_id_to: last.to_string(),
            owner: owner.and_then(person),
        };
        let held = |(owner, balance): (Address, I512)| BalanceView {
            owner: owner.to_checksum(None),
            balance: balance.to_string(),
        };
        match self {
            Self::Owner(owner) => Some(NowView::Owner { owner: owner.and_then(person) }),
            Self::Owners(parts) => {
                Some(NowView::Owners { owners: parts.into_iter().map(owned).collect() })
            }
            Self::Balances(balances) => {
                Some(NowView::Balances { balances: balances.into_iter().map(held).collect() })
            }
            Self::Unsaid => None,
        }
    }
}
