//! Who takes part: contracts of every sort, tracked or not, and wallets.

use alloy::primitives::Address;

use crate::support::replay::{Kind, Tracked};

/// ERC-721 contracts that tests track.
const TRACKED: u8 = 3;
/// ERC-721 contracts that nobody tracks.
const UNTRACKED: u8 = 2;
/// Holders besides the first tracked contract, which holds tokens too.
const WALLETS: u8 = 12;

/// What a contract logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// ERC-721 as the standard has it.
    Erc721,
    /// ERC-721 with nothing indexed: one topic.
    Bare,
    /// ERC-721 with the giver indexed only: two topics.
    FromOnly,
    /// ERC-721 with the token in the data: three topics, as ERC-20 has it.
    InData,
    /// ERC-721 with ranges of ERC-2309.
    Consecutive,
    /// ERC-1155.
    Erc1155,
    /// ERC-1155 with the receiver in the data, and arrays laid out in every legal way.
    Sprawling,
    /// ERC-721 whose transfers and ranges respect nobody, and may be of any length.
    Usurper,
    /// ERC-1155 that gives what nobody had, and more than numbers hold.
    Overdrawn,
}

impl Sort {
    /// Its standard.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Erc1155 | Self::Sprawling | Self::Overdrawn => Kind::Erc1155,
            _ => Kind::Erc721,
        }
    }

    /// Whether nobody gives what they do not have.
    pub(crate) fn is_honest(self) -> bool {
        !matches!(self, Self::Usurper | Self::Overdrawn)
    }
}

/// A contract of a world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contract {
    /// Where it is.
    pub(crate) address: Address,
    /// What it logs.
    pub(crate) sort: Sort,
    /// Whether tests track it.
    pub(crate) is_tracked: bool,
    /// Whether tests state its standard; else its logs are all of that one.
    pub(crate) is_stated: bool,
}

impl Contract {
    /// This contract, followed from the block `start` on.
    pub(crate) fn tracked(&self, start: u64) -> Tracked {
        let kind = self.is_stated.then(|| self.sort.kind());
        let id_in_data = self.sort == Sort::InData;
        Tracked { id_in_data, ..Tracked::new(self.address, start, kind) }
    }
}

/// The ERC-721 contracts that tests track.
pub(crate) fn tracked() -> Vec<Address> {
    (0..TRACKED).map(|index| named(0xa0 + index)).collect()
}

/// ERC-721 contracts as the standard has them, some of which nobody tracks.
pub(super) fn plain() -> Vec<Contract> {
    let contract =
        |address, is_tracked| Contract { address, sort: Sort::Erc721, is_tracked, is_stated: true };
    let untracked = (0..UNTRACKED).map(|index| contract(named(0xb0 + index), false));
    tracked().into_iter().map(|address| contract(address, true)).chain(untracked).collect()
}

/// Contracts of every sort; those that break the rules only where `hostile`.
pub(super) fn mixed(seed: u64, hostile: bool) -> Vec<Contract> {
    use Sort::{
        Bare, Consecutive, Erc721, Erc1155, FromOnly, InData, Overdrawn, Sprawling, Usurper,
    };
    let sorts = [
        Erc721,
        Erc1155,
        Consecutive,
        Bare,
        FromOnly,
        Erc1155,
        Consecutive,
        Usurper,
        Overdrawn,
        InData,
        Sprawling,
        Sprawling,
        InData,
    ];
    let contract = |(index, sort): (u8, Sort)| Contract {
        address: named(0xa0 + index),
        sort,
        is_tracked: true,
        is_stated: (seed + u64::from(index)).is_multiple_of(2),
    };
    let untracked = |(index, sort): (u8, Sort)| Contract {
        address: named(0xb0 + index),
        sort,
        is_tracked: false,
        is_stated: false,
    };
    let tracked = (0..).zip(sorts).map(contract);
    let tracked = tracked.filter(|it| hostile || it.sort.is_honest());
    tracked.chain((0..).zip([Erc721, Erc1155]).map(untracked)).collect()
}

/// An ERC-20 contract.
pub(crate) fn coin() -> Address {
    named(0xd0)
}

/// Everybody who may hold tokens.
pub(crate) fn wallets() -> Vec<Address> {
    let people = (0..WALLETS).map(|index| named(0xc0 + index));
    people.chain([tracked()[0]]).collect()
}

/// An address that can be told apart in a failure.
fn named(tag: u8) -> Address {
    Address::repeat_byte(tag)
}
