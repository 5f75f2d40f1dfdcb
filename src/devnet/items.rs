//! What the traffic does next with an ERC-1155 contract, chosen by a seed: pure, as in
//! [`super::actions`].
//!
//! Batches name an id twice now and then, amounts may be zero or all that 256 bits hold, senders
//! may be receivers, and a batch may have no element at all.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall as _;
use rand::Rng as _;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;

use super::contracts::HeraldItems as Items;

/// Ids counted from one.
const NEAR_IDS: u64 = 12;

/// Ids at the upper end of 256 bits.
const FAR_IDS: u64 = 3;

/// Most elements of a batch.
const BATCH_MAX: usize = 5;

/// Most of an id in one mint, but for the mints of all there is.
const AMOUNT_MAX: u64 = 1_000;

/// What an account has of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The account.
    pub holder: Address,
    /// The id.
    pub id: U256,
    /// How much; above zero.
    pub balance: U256,
}

/// Ids with their amounts, in the order of a call's arguments.
type Batch = Vec<(U256, U256)>;

/// What one transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Some of one id for an account.
    Mint(Address, U256, U256),
    /// Some of several ids for an account.
    MintBatch(Address, Batch),
    /// From one account to another; the first signs.
    Transfer(Address, Address, U256, U256),
    /// Several ids at once; the first account signs.
    TransferBatch(Address, Address, Batch),
    /// The end of some of an id.
    Burn(Address, U256, U256),
    /// The end of some of several ids.
    BurnBatch(Address, Batch),
    /// An amount that lives within one transaction only.
    MintAndBurn(Address, U256, U256),
}

impl Action {
    /// Who has to sign it, where that matters.
    pub fn signer(&self) -> Option<Address> {
        match self {
            Self::Transfer(from, ..) | Self::TransferBatch(from, ..) => Some(*from),
            _ => None,
        }
    }

    /// The call that does it.
    pub fn calldata(&self) -> Bytes {
        let bytes = match self.clone() {
            Self::Mint(to, id, amount) => Items::mintCall { to, id, amount }.abi_encode(),
            Self::MintBatch(to, batch) => {
                let (ids, amounts) = batch.into_iter().unzip();
                Items::mintBatchCall { to, ids, amounts }.abi_encode()
            }
            Self::Transfer(from, to, id, value) => {
                let data = Bytes::new();
                Items::safeTransferFromCall { from, to, id, value, data }.abi_encode()
            }
            Self::TransferBatch(from, to, batch) => {
                let (ids, values) = batch.into_iter().unzip();
                let data = Bytes::new();
                Items::safeBatchTransferFromCall { from, to, ids, values, data }.abi_encode()
            }
            Self::Burn(from, id, amount) => Items::burnCall { from, id, amount }.abi_encode(),
            Self::BurnBatch(from, batch) => {
                let (ids, amounts) = batch.into_iter().unzip();
                Items::burnBatchCall { from, ids, amounts }.abi_encode()
            }
            Self::MintAndBurn(to, id, amount) => {
                Items::mintAndBurnCall { to, id, amount }.abi_encode()
            }
        };
        Bytes::from(bytes)
    }
}

/// Every id that the traffic uses.
pub fn ids() -> impl Iterator<Item = U256> + Clone {
    let far = (0..FAR_IDS).map(|below| U256::MAX - U256::from(below));
    (1..=NEAR_IDS).map(U256::from).chain(far)
}

/// What a transaction does to a contract of which `held` is all that anybody has. `wallets` must
/// not be empty.
pub fn action(rng: &mut SmallRng, held: &[Held], wallets: &[Address]) -> Action {
    let to = wallets[rng.random_range(0..wallets.len())];
    let Some(of) = held.choose(rng) else {
        return Action::MintBatch(to, minted(rng));
    };
    // Now and then to whom it comes from.
    let to = if rng.random_range(0..8) == 0 { of.holder } else { to };
    match rng.random_range(0..100) {
        0..12 => {
            let id = any_id(rng);
            Action::Mint(to, id, mint_amount(rng, id))
        }
        12..24 => Action::MintBatch(to, minted(rng)),
        24..48 => Action::Transfer(of.holder, to, of.id, part(rng, of.balance)),
        48..74 => Action::TransferBatch(of.holder, to, parts(rng, held, of.holder)),
        74..84 => Action::Burn(of.holder, of.id, part(rng, of.balance)),
        84..95 => Action::BurnBatch(of.holder, parts(rng, held, of.holder)),
        _ => {
            let id = any_id(rng);
            Action::MintAndBurn(to, id, U256::from(rng.random_range(0..=AMOUNT_MAX)))
        }
    }
}

fn any_id(rng: &mut SmallRng) -> U256 {
    let at = rng.random_range(0..NEAR_IDS + FAR_IDS);
    if at < NEAR_IDS { U256::from(at + 1) } else { U256::MAX - U256::from(at - NEAR_IDS) }
}

/// All there is for an id at the far end: what one account has then fits 256 bits to the last one.
fn mint_amount(rng: &mut SmallRng, id: U256) -> U256 {
    match id > U256::from(NEAR_IDS) {
        true => U256::MAX,
        false => U256::from(rng.random_range(0..=AMOUNT_MAX)),
    }
}

fn minted(rng: &mut SmallRng) -> Batch {
    let length = rng.random_range(0..=BATCH_MAX);
    let near = |rng: &mut SmallRng| {
        let id = U256::from(rng.random_range(1..=NEAR_IDS));
        (id, U256::from(rng.random_range(0..=AMOUNT_MAX)))
    };
    (0..length).map(|_| near(rng)).collect()
}

/// Nothing, all or some of a balance.
fn part(rng: &mut SmallRng, balance: U256) -> U256 {
    match rng.random_range(0..8) {
        0 => U256::ZERO,
        1 => balance,
        _ => balance / U256::from(rng.random_range(2..=5)),
    }
}

/// Parts of what `holder` has, so small that an id may come in every element.
fn parts(rng: &mut SmallRng, held: &[Held], holder: Address) -> Batch {
    let own: Vec<&Held> = held.iter().filter(|held| held.holder == holder).collect();
    let length = rng.random_range(0..=BATCH_MAX);
    let chosen: Vec<&Held> = (0..length).filter_map(|_| own.choose(rng).copied()).collect();
    let amount = |held: &Held| part(rng, held.balance) / U256::from(BATCH_MAX);
    let amounts: Vec<U256> = chosen.iter().copied().map(amount).collect();
    chosen.iter().map(|held| held.id).zip(amounts).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng as _;

    use super::*;

    fn wallets() -> Vec<Address> {
        (1..=4).map(Address::repeat_byte).collect()
    }

    fn actions(seed: u64, count: usize) -> Vec<Action> {
        let mut rng = SmallRng::seed_from_u64(seed);
        let held: Vec<Held> = wallets()
            .into_iter()
            .flat_map(|holder| {
                (1..=3).map(move |id| Held { holder, id: U256::from(id), balance: U256::from(90) })
            })
            .collect();
        (0..count).map(|_| action(&mut rng, &held, &wallets())).collect()
    }

    #[test]
    fn a_seed_means_the_same_traffic_and_every_kind_of_action_comes() {
        assert_eq!(actions(7, 300), actions(7, 300));
        let kinds: HashSet<_> = actions(1, 2_000).iter().map(std::mem::discriminant).collect();
        assert_eq!(kinds.len(), 7);
    }

    #[test]
    fn batches_repeat_ids_and_amounts_reach_both_ends() {
        let batches: Vec<Batch> = actions(2, 2_000)
            .into_iter()
            .filter_map(|action| match action {
                Action::TransferBatch(_, _, batch) => Some(batch),
                _ => None,
            })
            .collect();
        let twice = |batch: &&Batch| {
            batch.iter().map(|(id, _)| id).collect::<HashSet<_>>().len() < batch.len()
        };
        assert!(batches.iter().any(Vec::is_empty));
        assert!(batches.iter().filter(twice).count() > 100);
        assert!(batches.iter().flatten().any(|(_, amount)| amount.is_zero()));
        let all = actions(3, 2_000);
        let whole = |action: &Action| matches!(action, Action::Mint(_, _, U256::MAX));
        let to_itself =
            |action: &Action| matches!(action, Action::Transfer(from, to, ..) if from == to);
        assert!(all.iter().any(whole) && all.iter().any(to_itself));
    }

    #[test]
    fn a_contract_of_which_nobody_has_anything_is_minted_first() {
        let mut rng = SmallRng::seed_from_u64(3);
        assert!(matches!(action(&mut rng, &[], &wallets()), Action::MintBatch(..)));
        assert_eq!(ids().collect::<HashSet<_>>().len() as u64, NEAR_IDS + FAR_IDS);
    }
}
