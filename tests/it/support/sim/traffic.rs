//! Random traffic that keeps custody: nobody gives what they do not hold, on whatever branch.

use alloy::primitives::{Address, Log, U256};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::block::{Move, SimTx};
use super::cast;
use super::chain::SimChain;
use super::custody::{Custody, Key};
use super::logs;
use super::weights::Weights;

/// Chance in percent that a transaction goes on with the token of the one before it.
const SAME_TOKEN_PERCENT: u32 = 30;
/// Most moves of one token in one transaction.
const HOPS_MAX: usize = 5;

/// Makes the moves of a transaction.
type Make = fn(&mut Traffic) -> Vec<Move>;

/// A generator of transactions.
pub(crate) struct Traffic {
    /// What it makes.
    pub(crate) weights: Weights,
    rng: SmallRng,
    nonce: u64,
    custody: Custody,
    recent: Option<Key>,
}

impl Traffic {
    /// The traffic of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            weights: Weights::default(),
            rng: SmallRng::seed_from_u64(seed),
            nonce: seed.wrapping_shl(32),
            custody: Custody::default(),
            recent: None,
        }
    }

    /// So many transactions for each of the next blocks, valid in this order above the head and
    /// the transactions `before`, which must be valid there themselves.
    pub(crate) fn blocks_after(
        &mut self,
        chain: &SimChain,
        before: &[SimTx],
        txs: &[usize],
    ) -> Vec<Vec<SimTx>> {
        self.custody.follow(chain);
        for done in before.iter().flat_map(|tx| &tx.moves) {
            self.custody.stage(*done);
        }
        txs.iter().map(|count| (0..*count).map(|_| self.tx()).collect()).collect()
    }

    fn tx(&mut self) -> SimTx {
        self.nonce += 1;
        let weights = self.weights;
        let kinds: [(u32, Make); 9] = [
            (weights.mint, Self::mint),
            (weights.remint, Self::remint),
            (weights.transfer, |it| it.through(1)),
            (weights.burn, Self::burn),
            (weights.to_self, Self::itself),
            (weights.hops, Self::hops),
            (weights.mint_and_burn, Self::mint_and_burn),
            (weights.there_and_back, Self::there_and_back),
            (weights.void, Self::void),
        ];
        let sum: u32 = kinds.iter().map(|(weight, _)| weight).sum();
        let mut ticket = self.rng.random_range(0..sum + weights.junk + weights.reverted);
        for (weight, make) in kinds {
            if ticket < weight {
                let moves = make(self);
                return self.moving(moves);
            }
            ticket -= weight;
        }
        let logs = if ticket < weights.junk { self.junk() } else { Vec::new() };
        SimTx { succeeds: ticket < weights.junk, ..SimTx::new(self.nonce, logs) }
    }

    /// A transaction of these moves, sometimes with junk before or behind them.
    fn moving(&mut self, moves: Vec<Move>) -> SimTx {
        for one in &moves {
            self.custody.stage(*one);
            self.recent = Some((one.contract, one.token));
        }
        let transfer = |it: &Move| logs::erc721_transfer(it.contract, it.from, it.to, it.token);
        let mut logs: Vec<Log> = moves.iter().map(transfer).collect();
        if self.rng.random_ratio(1, 4) {
            let at = if self.rng.random() { 0 } else { logs.len() };
            let junk = self.junk();
            logs.splice(at..at, junk);
        }
        SimTx { moves, ..SimTx::new(self.nonce, logs) }
    }

    fn mint(&mut self) -> Vec<Move> {
        let contract = self.contract();
        let count = self.rng.random_range(1..=3);
        let mut moves: Vec<Move> = Vec::new();
        for _ in 0..count {
            let token = self.fresh(contract);
            let to = self.wallet();
            if moves.iter().all(|earlier| earlier.token != token) {
                moves.push(Move { contract, token, from: Address::ZERO, to });
            }
        }
        moves
    }

    fn remint(&mut self) -> Vec<Move> {
        let start = self.anywhere();
        let Some((key, _)) = self.custody.near(start, false) else { return self.mint() };
        let to = self.wallet();
        chain_of(key, &[Address::ZERO, to])
    }

    fn burn(&mut self) -> Vec<Move> {
        self.held().map_or_else(Vec::new, |(key, holder)| chain_of(key, &[holder, Address::ZERO]))
    }

    fn itself(&mut self) -> Vec<Move> {
        self.held().map_or_else(Vec::new, |(key, holder)| chain_of(key, &[holder, holder]))
    }

    fn hops(&mut self) -> Vec<Move> {
        let count = self.rng.random_range(2..=HOPS_MAX);
        self.through(count)
    }

    /// A held token through `count` hands; where nobody holds anything, a mint.
    fn through(&mut self, count: usize) -> Vec<Move> {
        let Some((key, holder)) = self.held() else { return self.mint() };
        let mut hands = vec![holder];
        hands.extend((0..count).map(|_| self.wallet()));
        chain_of(key, &hands)
    }

    fn there_and_back(&mut self) -> Vec<Move> {
        let Some((key, holder)) = self.held() else { return self.mint() };
        let there = self.wallet();
        chain_of(key, &[holder, there, holder])
    }

    fn mint_and_burn(&mut self) -> Vec<Move> {
        let contract = self.contract();
        let key = (contract, self.fresh(contract));
        let between = self.wallet();
        chain_of(key, &[Address::ZERO, between, Address::ZERO])
    }

    fn void(&mut self) -> Vec<Move> {
        let contract = self.contract();
        chain_of((contract, self.fresh(contract)), &[Address::ZERO, Address::ZERO])
    }

    /// Logs of tracked contracts and others that are no ERC-721 transfers.
    fn junk(&mut self) -> Vec<Log> {
        let (contract, a, b) = (self.contract(), self.wallet(), self.wallet());
        let number = U256::from(self.rng.random::<u64>());
        let all = [
            logs::erc20_transfer(cast::coin(), a, b, number),
            logs::erc20_transfer(contract, a, b, number),
            logs::transfer_with_data(contract, a, number),
            logs::approval(contract, a, b, number),
            logs::anonymous(contract),
        ];
        let count = self.rng.random_range(1..=all.len());
        all.choose_multiple(&mut self.rng, count).cloned().collect()
    }

    /// A token that somebody holds, often the one of the transaction before.
    fn held(&mut self) -> Option<(Key, Address)> {
        let again = self.rng.random_ratio(SAME_TOKEN_PERCENT, 100);
        let recent = self.recent.filter(|_| again);
        let start = recent.unwrap_or_else(|| self.anywhere());
        self.custody.near(start, true)
    }

    /// Some point among all tokens of a contract.
    fn anywhere(&mut self) -> Key {
        (self.contract(), self.id())
    }

    /// An id of `contract` that nobody holds.
    fn fresh(&mut self, contract: Address) -> U256 {
        loop {
            let token = self.id();
            if self.custody.holder((contract, token)).is_zero() {
                return token;
            }
        }
    }

    /// Small ids as collections count them, and ids from the whole range up to its end.
    fn id(&mut self) -> U256 {
        match self.rng.random_range(0..10) {
            0 => U256::MAX - U256::from(self.rng.random_range(0..4096)),
            1 => U256::from_limbs(self.rng.random()),
            2 => (U256::ONE << 128) + U256::from(self.rng.random::<u16>()),
            _ => U256::from(self.rng.random::<u16>()),
        }
    }

    fn contract(&mut self) -> Address {
        *cast::collections().choose(&mut self.rng).expect("there are contracts")
    }

    fn wallet(&mut self) -> Address {
        *cast::wallets().choose(&mut self.rng).expect("there are wallets")
    }
}

/// Moves of one token from each of `hands` to the next.
fn chain_of((contract, token): Key, hands: &[Address]) -> Vec<Move> {
    let pairs = hands.windows(2);
    pairs.map(|pair| Move { contract, token, from: pair[0], to: pair[1] }).collect()
}
