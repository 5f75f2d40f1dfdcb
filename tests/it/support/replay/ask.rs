//! What can be asked of a replay. Every question about a block means its end.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};

use super::{Balance, Key, Kind, Piece, Replay, Stay};
use crate::support::intervals::{Intervals, Run};

/// Tokens of the longest piece that is given out one by one.
const ENUMERATED_MAX: u64 = 10_000;

impl Replay {
    /// Who holds every held token of ERC-721 now, and since which block; without those of pieces
    /// that are too long to be given out one by one.
    pub(crate) fn owners(&self) -> BTreeMap<Key, (Address, u64)> {
        self.held_at(u64::MAX)
    }

    /// Who holds every token of ERC-721 at `block`, long pieces left out as in [`Replay::owners`].
    pub(crate) fn owners_at(&self, block: u64) -> BTreeMap<Key, Address> {
        let held = self.held_at(block).into_iter();
        held.map(|(key, (owner, _))| (key, owner)).collect()
    }

    fn held_at(&self, block: u64) -> BTreeMap<Key, (Address, u64)> {
        let mut held = BTreeMap::new();
        for (key, piece) in &self.pieces {
            let Some(stay) = piece.stays.iter().find(|stay| stay.holds_at(block)) else { continue };
            let length = (piece.last - key.1).saturating_add(U256::ONE);
            if length <= U256::from(ENUMERATED_MAX) {
                let tokens = (0..length.to::<u64>()).map(|at| (key.0, key.1 + U256::from(at)));
                held.extend(tokens.map(|key| (key, (stay.owner, stay.since))));
            }
        }
        held
    }

    /// The holders of one token, oldest first.
    pub(crate) fn stays(&self, key: Key) -> &[Stay] {
        let piece = self.pieces.range(..=key).next_back();
        let piece = piece.filter(|(first, piece)| first.0 == key.0 && piece.last >= key.1);
        piece.map_or(&[], |(_, piece)| &piece.stays)
    }

    /// Who holds the token at `block`.
    pub(crate) fn owner_at(&self, key: Key, block: u64) -> Option<Address> {
        Some(self.stays(key).iter().find(|stay| stay.holds_at(block))?.owner)
    }

    /// The longest runs of a contract's tokens with one owner since one block, at `block`.
    pub(crate) fn runs_at(&self, contract: Address, block: u64) -> Vec<Run<(Address, u64)>> {
        let mut runs = Intervals::default();
        for (key, piece) in self.pieces_of(contract) {
            if let Some(stay) = piece.stays.iter().find(|stay| stay.holds_at(block)) {
                runs.set(key.1, piece.last, Some((stay.owner, stay.since)));
            }
        }
        runs.runs()
    }

    /// What a wallet holds of ERC-721 at `block`.
    pub(crate) fn tokens_of(&self, wallet: Address, block: u64) -> BTreeSet<Key> {
        let held = self.owners_at(block).into_iter();
        held.filter(|(_, owner)| *owner == wallet).map(|(key, _)| key).collect()
    }

    /// What an owner has of a token of ERC-1155 at `block`.
    pub(crate) fn balance_at(&self, key: Key, owner: Address, block: u64) -> I512 {
        let versions = self.balances.get(&(key, owner)).map_or(&[][..], Vec::as_slice);
        let holds = |it: &&Balance| it.since <= block && it.until.is_none_or(|end| block < end);
        versions.iter().find(holds).map_or(I512::ZERO, |it| it.balance)
    }

    /// Every balance of ERC-1155 that is not zero at `block`.
    pub(crate) fn balances_at(&self, block: u64) -> BTreeMap<(Key, Address), I512> {
        let all = self.balances.keys();
        let all = all.map(|(key, owner)| ((*key, *owner), self.balance_at(*key, *owner, block)));
        all.filter(|(_, balance)| !balance.is_zero()).collect()
    }

    /// Whether a contract has moved ranges.
    pub(crate) fn has_ranges(&self, contract: Address) -> bool {
        self.transfers.iter().any(|moved| moved.key.0 == contract && moved.last.is_some())
    }

    /// Listed tokens of a contract that somebody holds, their different holders, and its transfers.
    pub(crate) fn counts(&self, contract: Address) -> (usize, usize, usize) {
        let transfers = self.transfers.iter().filter(|moved| moved.key.0 == contract).count();
        let (supply, holders) = match self.kinds.get(&contract) {
            Some(Kind::Erc1155) => self.count_balances(contract),
            _ => self.count_tokens(contract),
        };
        (supply, holders.len(), transfers)
    }

    /// Transfers of ranges that break the rules: too long, or of tokens that the giver does not
    /// own, which for a mint is nobody.
    pub(crate) fn irregular(&self, contract: Address) -> usize {
        self.irregular.get(&contract).copied().unwrap_or_default()
    }

    fn count_tokens(&self, contract: Address) -> (usize, BTreeSet<Address>) {
        let mut supply = 0;
        let mut holders = BTreeSet::new();
        for (key, piece) in self.pieces_of(contract).filter(|(_, piece)| piece.listed) {
            if let Some(stay) = piece.stays.last().filter(|stay| stay.until.is_none()) {
                supply += (piece.last - key.1).to::<usize>() + 1;
                holders.insert(stay.owner);
            }
        }
        (supply, holders)
    }

    fn count_balances(&self, contract: Address) -> (usize, BTreeSet<Address>) {
        let held = self.balances_at(u64::MAX).into_iter();
        let held = held.filter(|((key, _), balance)| key.0 == contract && *balance > I512::ZERO);
        let (tokens, holders): (BTreeSet<_>, _) =
            held.map(|((key, owner), _)| (key, owner)).unzip();
        (tokens.len(), holders)
    }

    fn pieces_of(&self, contract: Address) -> impl Iterator<Item = (&Key, &Piece)> {
        self.pieces.range((contract, U256::ZERO)..=(contract, U256::MAX))
    }
}
