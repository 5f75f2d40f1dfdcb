//! The tree of blocks: one canonical branch, and every branch that was canonical before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::block::{SimBlock, SimTx};
use super::tags::Tags;

/// Most seconds between two blocks; none at all happens too, as on fast chains.
const SECONDS_MAX: u64 = 24;

/// A chain that can change its mind. The same seed and calls give the same hashes.
pub(crate) struct SimChain {
    /// The EIP-155 number that honest nodes of this chain claim.
    pub(crate) chain_id: u64,
    /// Where the finality tags stand.
    pub(crate) tags: Tags,
    /// Addresses with code, each with the first block that has it.
    pub(crate) contracts: BTreeMap<Address, u64>,
    /// Those of them that say they are ERC-721 (EIP-165).
    pub(crate) says_erc721: BTreeSet<Address>,
    rng: SmallRng,
    mined: u64,
    known: HashMap<B256, Arc<SimBlock>>,
    canonical: Vec<Arc<SimBlock>>,
    abandoned: Vec<B256>,
}

impl SimChain {
    /// A chain of block 0 only.
    pub(crate) fn new(seed: u64, chain_id: u64) -> Self {
        let genesis = Arc::new(SimBlock::genesis(chain_id, seed));
        Self {
            chain_id,
            tags: Tags::default(),
            contracts: BTreeMap::new(),
            says_erc721: BTreeSet::new(),
            rng: SmallRng::seed_from_u64(seed),
            mined: 0,
            known: HashMap::from([(genesis.hash, genesis.clone())]),
            canonical: vec![genesis],
            abandoned: Vec::new(),
        }
    }

    /// Puts a block of these transactions on top.
    pub(crate) fn mine(&mut self, txs: Vec<SimTx>) -> Arc<SimBlock> {
        self.mined += 1;
        let seconds = self.rng.random_range(0..=SECONDS_MAX);
        let block = Arc::new(SimBlock::above(self.head(), seconds, self.mined, txs));
        self.known.insert(block.hash, block.clone());
        self.canonical.push(block.clone());
        block
    }

    /// Replaces the last `depth` blocks by `blocks`, which may be fewer, as many or more.
    /// Answers the hash of the tip left behind, for [`SimChain::switch`].
    pub(crate) fn reorg(&mut self, depth: u64, blocks: Vec<Vec<SimTx>>) -> B256 {
        let old_tip = self.head().hash;
        let kept = self.head().header.number.checked_sub(depth).expect("genesis stays");
        self.switch(self.canonical[kept as usize].hash);
        for txs in blocks {
            self.mine(txs);
        }
        old_tip
    }

    /// Makes the branch that ends in the block `tip` canonical, with the hashes it always had.
    /// Answers how many blocks left the canonical branch.
    pub(crate) fn switch(&mut self, tip: B256) -> u64 {
        let (ancestor, branch) = self.branch_to(tip);
        let leaving = self.head().header.number - ancestor;
        if leaving > 0 {
            self.abandoned.push(self.head().hash);
        }
        self.abandoned.retain(|hash| *hash != tip);
        self.canonical.truncate(ancestor as usize + 1);
        self.canonical.extend(branch);
        leaving
    }

    /// Height of the newest block that the branch ending in `tip` shares with the canonical one.
    pub(crate) fn common_with(&self, tip: B256) -> u64 {
        self.branch_to(tip).0
    }

    /// Tips of branches that were canonical once, the last left behind last.
    pub(crate) fn abandoned(&self) -> &[B256] {
        &self.abandoned
    }

    /// The canonical blocks; the index is the height.
    pub(crate) fn canonical(&self) -> &[Arc<SimBlock>] {
        &self.canonical
    }

    /// The newest canonical block.
    pub(crate) fn head(&self) -> &Arc<SimBlock> {
        self.canonical.last().expect("genesis never leaves")
    }

    /// A block of any branch.
    pub(crate) fn by_hash(&self, hash: B256) -> Option<&Arc<SimBlock>> {
        self.known.get(&hash)
    }

    /// Whether this block is on the canonical branch.
    pub(crate) fn is_canonical(&self, block: &SimBlock) -> bool {
        let here = self.canonical.get(block.header.number as usize);
        here.is_some_and(|canonical| canonical.hash == block.hash)
    }

    /// The newest canonical ancestor of `tip`, and the blocks from there up to `tip`.
    fn branch_to(&self, tip: B256) -> (u64, Vec<Arc<SimBlock>>) {
        let mut branch = Vec::new();
        let mut block = &self.known[&tip];
        while !self.is_canonical(block) {
            branch.push(block.clone());
            block = &self.known[&block.header.parent_hash];
        }
        branch.reverse();
        (block.header.number, branch)
    }
}
