//! What the traffic does next, chosen by a seed: pure, so that a seed means the same traffic. What
//! it does with an ERC-1155 contract is in [`super::items`].
//!
//! The choice only knows how many tokens there are, not who owns them or whether they were burnt.
//! Some transactions therefore revert, which real traffic does as well.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall as _;
use rand::Rng as _;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;

use super::contracts::HeraldCollectible as Collectible;

/// The token that is moved but never burnt, so that what the demo prints about it stays true.
pub const KEPT_TOKEN: u64 = 1;

/// Most tokens of one mint.
const MINT_MAX: u64 = 4;

/// Most owners a token passes through in one transaction.
const PATH_MAX: usize = 4;

/// Ids at the upper end of 256 bits that come, go and come back: no integer type of a database
/// but an exact decimal holds them.
const FAR_IDS: u64 = 8;

/// Deepest reorg: with epochs of [`super::anvil::SLOTS_IN_AN_EPOCH`] slots it stays above both the
/// `safe` and the `finalized` block.
pub const REORG_DEPTH_MAX: u64 = 5;

/// Deepest fork that is left and returned to: the branch in between is one block longer and must
/// not be deeper than [`REORG_DEPTH_MAX`] either.
pub const DETOUR_DEPTH_MAX: u64 = 3;

/// The tokens that a contract may have.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    /// The id that the contract gives next.
    pub next: u64,
    /// Tokens that are chosen half of the time, so that they move, go and come back; none for a
    /// contract whose few tokens all do.
    pub often: &'static [u64],
}

impl Ids {
    /// A token that probably exists.
    fn token(self, rng: &mut SmallRng) -> U256 {
        if rng.random_range(0..10) == 0 { far(rng) } else { self.near(rng) }
    }

    /// An id that may be free: one that may have been burnt, or one far away.
    fn lost_or_far(self, rng: &mut SmallRng) -> U256 {
        if rng.random_range(0..2) == 0 { far(rng) } else { self.near(rng) }
    }

    fn near(self, rng: &mut SmallRng) -> U256 {
        U256::from(match self.often.choose(rng) {
            Some(often) if rng.random_range(0..2) == 0 => *often,
            _ => rng.random_range(1..self.next),
        })
    }
}

/// What happens to a chain in one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A block with up to this many transactions.
    Block(usize),
    /// The newest blocks are replaced by others of the same height.
    Reorg(u64),
    /// The newest blocks give way to a longer branch and come back in the next turn: A, B, A.
    Detour(u64),
    /// The head falls back and the chain goes on differently from there.
    Fallback(u64),
}

/// What one transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Some consecutive tokens for one wallet.
    Mint(Address, u64),
    /// One token of a chosen id, also one that was burnt before.
    MintId(Address, U256),
    /// A transfer that the owner signs.
    Transfer(U256, Address),
    /// One token through several hands.
    Hop(U256, Vec<Address>),
    /// From the owner to the owner.
    SelfTransfer(U256),
    /// Away and home again.
    ThereAndBack(U256, Address),
    /// A token that lives within one transaction only.
    MintAndBurn(Address, U256),
    /// The end of a token.
    Burn(U256),
}

impl Action {
    /// The call that does it, sent by `from`, which for a transfer should be the token's owner.
    pub fn calldata(&self, from: Address) -> Bytes {
        let bytes = match self {
            Self::Mint(to, count) => {
                Collectible::mintCall { to: *to, count: U256::from(*count) }.abi_encode()
            }
            Self::MintId(to, id) => Collectible::mintIdCall { to: *to, id: *id }.abi_encode(),
            Self::Transfer(id, to) => {
                Collectible::transferFromCall { from, to: *to, tokenId: *id }.abi_encode()
            }
            Self::Hop(id, path) => {
                Collectible::hopCall { id: *id, path: path.clone() }.abi_encode()
            }
            Self::SelfTransfer(id) => Collectible::selfTransferCall { id: *id }.abi_encode(),
            Self::ThereAndBack(id, via) => {
                Collectible::thereAndBackCall { id: *id, via: *via }.abi_encode()
            }
            Self::MintAndBurn(to, id) => {
                Collectible::mintAndBurnCall { to: *to, id: *id }.abi_encode()
            }
            Self::Burn(id) => Collectible::burnCall { id: *id }.abi_encode(),
        };
        Bytes::from(bytes)
    }
}

/// The next turn of a chain whose newest `room` blocks may be taken back.
pub fn turn(rng: &mut SmallRng, room: u64) -> Turn {
    let depth_max = REORG_DEPTH_MAX.min(room);
    let detour_max = DETOUR_DEPTH_MAX.min(room);
    match rng.random_range(0..100) {
        0..10 if depth_max > 0 => Turn::Reorg(rng.random_range(1..=depth_max)),
        10..15 if detour_max > 0 => Turn::Detour(rng.random_range(1..=detour_max)),
        15..18 if room > 1 => Turn::Fallback(rng.random_range(1..=2)),
        _ => Turn::Block(transactions(rng)),
    }
}

/// How many transactions a block holds; some hold none.
pub fn transactions(rng: &mut SmallRng) -> usize {
    rng.random_range(0..=6)
}

/// What a transaction does to a contract with the tokens `ids`. `wallets` must not be empty.
pub fn action(rng: &mut SmallRng, ids: Ids, wallets: &[Address]) -> Action {
    let wallet = wallets[rng.random_range(0..wallets.len())];
    if ids.next <= KEPT_TOKEN {
        return Action::Mint(wallet, MINT_MAX);
    }
    match rng.random_range(0..100) {
        0..25 => Action::Mint(wallet, rng.random_range(1..=MINT_MAX)),
        25..32 => Action::MintId(wallet, ids.lost_or_far(rng)),
        32..62 => Action::Transfer(ids.token(rng), wallet),
        62..72 => {
            let id = ids.token(rng);
            let length = rng.random_range(1..=PATH_MAX);
            let path = (0..length).map(|_| wallets[rng.random_range(0..wallets.len())]);
            Action::Hop(id, path.collect())
        }
        72..78 => Action::SelfTransfer(ids.token(rng)),
        78..84 => Action::ThereAndBack(ids.token(rng), wallet),
        84..89 => Action::MintAndBurn(wallet, ids.lost_or_far(rng)),
        _ => match ids.token(rng) {
            id if id == U256::from(KEPT_TOKEN) => Action::SelfTransfer(id),
            id => Action::Burn(id),
        },
    }
}

fn far(rng: &mut SmallRng) -> U256 {
    U256::MAX - U256::from(rng.random_range(0..FAR_IDS))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn wallets() -> Vec<Address> {
        (1..=5).map(Address::repeat_byte).collect()
    }

    const IDS: Ids = Ids { next: 40, often: &[] };

    fn actions(seed: u64, count: usize) -> Vec<Action> {
        let mut rng = SmallRng::seed_from_u64(seed);
        (0..count).map(|_| action(&mut rng, IDS, &wallets())).collect()
    }

    #[test]
    fn a_seed_means_the_same_traffic() {
        assert_eq!(actions(7, 200), actions(7, 200));
        assert_ne!(actions(7, 200), actions(8, 200));
    }

    #[test]
    fn every_kind_of_action_comes_and_the_kept_token_is_never_burnt() {
        let all = actions(1, 4_000);
        let kinds: std::collections::HashSet<_> = all.iter().map(std::mem::discriminant).collect();
        assert_eq!(kinds.len(), 8);
        assert!(!all.contains(&Action::Burn(U256::from(KEPT_TOKEN))));
    }

    #[test]
    fn a_contract_without_tokens_is_minted_first() {
        let mut rng = SmallRng::seed_from_u64(3);
        let none = Ids { next: 1, often: &[] };
        assert!(matches!(action(&mut rng, none, &wallets()), Action::Mint(_, MINT_MAX)));
    }

    #[test]
    fn tokens_that_come_often_are_burnt_and_minted_again() {
        let ids = Ids { next: 6_000, often: &[0, 4_999] };
        let mut rng = SmallRng::seed_from_u64(4);
        let all: Vec<Action> = (0..2_000).map(|_| action(&mut rng, ids, &wallets())).collect();
        for id in ids.often.iter().copied().map(U256::from) {
            assert!(all.contains(&Action::Burn(id)), "{id}");
            assert!(all.iter().any(|action| matches!(action, Action::MintId(_, of) if *of == id)));
        }
    }

    #[test]
    fn a_turn_never_takes_back_more_than_there_is_room_for() {
        let mut rng = SmallRng::seed_from_u64(5);
        for room in [0, 1, 2, 4, 100] {
            for _ in 0..2_000 {
                match turn(&mut rng, room) {
                    Turn::Block(count) => assert!(count <= 6),
                    Turn::Reorg(depth) => assert!((1..=REORG_DEPTH_MAX.min(room)).contains(&depth)),
                    Turn::Detour(depth) => assert!((1..=DETOUR_DEPTH_MAX).contains(&depth)),
                    Turn::Fallback(depth) => assert!(depth <= room),
                }
            }
        }
    }

    #[test]
    fn a_transfer_is_signed_by_the_owner_it_names() {
        let (owner, to) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let data = Action::Transfer(U256::from(9), to).calldata(owner);
        let call = Collectible::transferFromCall::abi_decode(&data).unwrap();
        assert_eq!((call.from, call.to, call.tokenId), (owner, to, U256::from(9)));
    }
}
