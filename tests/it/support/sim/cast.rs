//! Who takes part: contracts, tracked or not, and wallets.

use alloy::primitives::Address;

/// ERC-721 contracts that tests track.
const TRACKED: u8 = 3;
/// ERC-721 contracts that nobody tracks.
const UNTRACKED: u8 = 2;
/// Holders besides the first tracked contract, which holds tokens too.
const WALLETS: u8 = 12;

/// The contracts that tests track.
pub(crate) fn tracked() -> Vec<Address> {
    (0..TRACKED).map(|index| named(0xa0 + index)).collect()
}

/// Every ERC-721 contract.
pub(crate) fn collections() -> Vec<Address> {
    let untracked = (0..UNTRACKED).map(|index| named(0xb0 + index));
    tracked().into_iter().chain(untracked).collect()
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
