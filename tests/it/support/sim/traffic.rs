//! Random traffic that keeps custody: nobody gives what they do not hold, on whatever branch, but
//! for contracts that are there to break that.

use alloy::primitives::{Address, Log, U256};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::block::{Move, SimTx};
use super::cast::{self, Contract, Sort};
use super::chain::SimChain;
use super::custody::{Custody, Key};
use super::logs::Layout;
use super::weights::Weights;
use super::{logs, lookalikes};

/// Most junk logs in one transaction.
const JUNK_MAX: usize = 5;

/// Whether a contract of this sort will do.
type Fits = fn(Sort) -> bool;

/// Makes the moves of a transaction.
#[derive(Clone, Copy)]
enum Make {
    /// Each has a log of its own.
    Each(fn(&mut Traffic) -> Vec<Move>),
    /// All of them are elements of one log.
    Batch(fn(&mut Traffic) -> Vec<Move>),
}

/// A generator of transactions.
pub(crate) struct Traffic {
    /// What it makes.
    pub(crate) weights: Weights,
    pub(super) contracts: Vec<Contract>,
    pub(super) rng: SmallRng,
    pub(super) custody: Custody,
    /// The token of the transaction before.
    pub(super) recent: Option<Key>,
    nonce: u64,
}

impl Traffic {
    /// The traffic of this seed among these contracts.
    pub(crate) fn new(seed: u64, contracts: &[Contract]) -> Self {
        let lawless = contracts.iter().filter(|contract| !contract.sort.is_honest());
        let lawless = lawless.map(|contract| contract.address).collect();
        Self {
            weights: Weights::default(),
            contracts: contracts.to_vec(),
            rng: SmallRng::seed_from_u64(seed),
            custody: Custody::new(lawless),
            recent: None,
            nonce: seed.wrapping_shl(32),
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
        let kinds = self.kinds();
        let sum: u32 = kinds.iter().map(|(weight, _)| weight).sum();
        let mut ticket = self.rng.random_range(0..sum + weights.junk + weights.reverted);
        for (weight, make) in kinds {
            if ticket < weight {
                return self.moving(make);
            }
            ticket -= weight;
        }
        let logs = if ticket < weights.junk { self.junk() } else { Vec::new() };
        SimTx { succeeds: ticket < weights.junk, ..SimTx::new(self.nonce, logs) }
    }

    /// What the contracts of this world can log.
    fn kinds(&self) -> Vec<(u32, Make)> {
        use Make::{Batch, Each};
        let weights = self.weights;
        let kinds: [(u32, Fits, Make); 17] = [
            (weights.mint, is_art, Each(Self::mint)),
            (weights.remint, is_art, Each(Self::remint)),
            (weights.transfer, is_art, Each(|it| it.through(1))),
            (weights.burn, is_art, Each(Self::burn)),
            (weights.to_self, is_art, Each(Self::itself)),
            (weights.hops, is_art, Each(Self::hops)),
            (weights.mint_and_burn, is_art, Each(Self::mint_and_burn)),
            (weights.there_and_back, is_art, Each(Self::there_and_back)),
            (weights.void, is_art, Each(Self::void)),
            (weights.range_mint, has_ranges, Each(Self::range_mint)),
            (weights.range_huge, has_ranges, Each(Self::range_huge)),
            (weights.range_transfer, has_ranges, Each(Self::range_transfer)),
            (weights.range_burn, has_ranges, Each(Self::range_burn)),
            (weights.single, has_balances, Each(|it| it.amounts(1))),
            (weights.batch, has_balances, Batch(Self::batch)),
            (weights.hostile, usurps, Each(Self::usurp)),
            (weights.hostile, overdraws, Batch(Self::overdraw)),
        ];
        let logged = |fits: Fits| self.contracts.iter().any(|it| fits(it.sort));
        kinds
            .into_iter()
            .filter(|kind| logged(kind.1))
            .map(|(weight, _, make)| (weight, make))
            .collect()
    }

    /// A transaction of such moves, sometimes with junk before or behind them.
    fn moving(&mut self, make: Make) -> SimTx {
        let (moves, mut logs) = match make {
            Make::Each(make) => {
                let moves = make(self);
                let logs = moves.iter().map(|it| logs::of_move(self.sort(it.contract), it));
                let logs: Vec<Log> = logs.collect();
                (moves, logs)
            }
            Make::Batch(make) => {
                let moves = make(self);
                let logs = moves.first().map(|it| self.batch_of(it, &moves));
                (moves, logs.into_iter().collect())
            }
        };
        moves.iter().for_each(|one| self.custody.stage(*one));
        let mut arts = moves.iter().filter(|it| is_art(self.sort(it.contract)));
        self.recent = arts.next_back().map(|it| (it.contract, it.token)).or(self.recent);
        if self.rng.random_ratio(1, 4) {
            let at = if self.rng.random() { 0 } else { logs.len() };
            let junk = self.junk();
            logs.splice(at..at, junk);
        }
        SimTx { moves, ..SimTx::new(self.nonce, logs) }
    }

    /// Logs of tracked contracts and others that are no transfers of their standard.
    fn junk(&mut self) -> Vec<Log> {
        let contract = *self.contracts.choose(&mut self.rng).expect("there are contracts");
        let (a, b) = (self.wallet(), self.wallet());
        let number = U256::from(self.rng.random::<u64>());
        let mut all = lookalikes::all(contract.address, a, b, number);
        if contract.sort == Sort::InData {
            // What looks like a coin's is this contract's own shape.
            let coins = lookalikes::erc20_transfer(contract.address, a, b, number);
            all.retain(|log| *log != coins);
        }
        all.push(lookalikes::erc20_transfer(cast::coin(), a, b, number));
        if contract.is_stated {
            let of = (contract.address, contract.sort);
            all.push(lookalikes::of_other_standard(of, a, b, number));
        }
        let count = self.rng.random_range(1..=JUNK_MAX);
        all.choose_multiple(&mut self.rng, count).cloned().collect()
    }

    /// The log of all these moves, which go from and to the same as this one.
    fn batch_of(&mut self, first: &Move, moves: &[Move]) -> Log {
        let amount = |it: &Move| (it.token, it.amount.expect("batches are of ERC-1155"));
        let elements: Vec<_> = moves.iter().map(amount).collect();
        if self.sort(first.contract) != Sort::Sprawling {
            return logs::transfer_batch(first.contract, first.from, first.to, &elements);
        }
        let gaps = [0; 3].map(|_| self.rng.random_range(0..3));
        let layout = Layout { swapped: self.rng.random(), gaps };
        logs::sprawling_batch(first.contract, (first.from, first.to), &elements, layout)
    }

    fn sort(&self, contract: Address) -> Sort {
        let found = self.contracts.iter().find(|it| it.address == contract);
        found.expect("moves are of the world's contracts").sort
    }

    /// A contract of such a sort; the world must have one.
    pub(super) fn contract(&mut self, fits: Fits) -> Address {
        let fitting: Vec<_> = self.contracts.iter().filter(|it| fits(it.sort)).collect();
        fitting.choose(&mut self.rng).expect("the world has such a contract").address
    }

    pub(super) fn wallet(&mut self) -> Address {
        *cast::wallets().choose(&mut self.rng).expect("there are wallets")
    }

    /// A number from `first` to `last`, often one of these.
    pub(super) fn among(&mut self, first: U256, last: U256) -> U256 {
        let width = last - first;
        match self.rng.random_range(0..4) {
            0 => first,
            1 => last,
            _ => {
                let random = U256::from_limbs(self.rng.random());
                first + width.checked_add(U256::ONE).map_or(random, |count| random % count)
            }
        }
    }
}

/// Whether tokens of this sort have one owner each, and honest ones.
pub(super) fn is_art(sort: Sort) -> bool {
    use Sort::{Bare, Consecutive, Erc721, FromOnly, InData};
    matches!(sort, Erc721 | Bare | FromOnly | InData | Consecutive)
}

/// Whether it moves ranges, and honest ones.
pub(super) fn has_ranges(sort: Sort) -> bool {
    sort == Sort::Consecutive
}

/// Whether its tokens have balances, and honest ones.
pub(super) fn has_balances(sort: Sort) -> bool {
    matches!(sort, Sort::Erc1155 | Sort::Sprawling)
}

/// Whether it moves tokens of whomever.
pub(super) fn usurps(sort: Sort) -> bool {
    sort == Sort::Usurper
}

/// Whether it gives more than anybody has.
pub(super) fn overdraws(sort: Sort) -> bool {
    sort == Sort::Overdrawn
}
