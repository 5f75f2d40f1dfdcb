//! A chain, a node and traffic in one hand, moved step by step.
//!
//! Random steps are in `steps`; none of them touches a block that was final once.
//! [`World::deep_reorg`] does.

use std::sync::Arc;

use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::block::{SimBlock, SimTx};
use super::cast::{self, Contract};
use super::chain::SimChain;
use super::node::SimNode;
use super::steps::Step;
use super::tags::Tags;
use super::traffic::Traffic;
use crate::support::replay::Replay;

/// Most transactions in a block of a step.
const TXS_MAX: usize = 6;

/// A chain with traffic, seen through one node.
pub(crate) struct World {
    /// Whether steps move the finality tags: absent for a while, or stepping back.
    pub(crate) moves_tags: bool,
    /// Who logs.
    pub(crate) contracts: Vec<Contract>,
    pub(super) node: SimNode,
    traffic: Traffic,
    pub(super) rng: SmallRng,
    /// The highest block that was final once.
    pub(super) floor: u64,
    /// The highest head there was.
    summit: u64,
}

impl World {
    /// The world of this seed on the chain 31337, at block 0.
    pub(crate) fn new(seed: u64) -> Self {
        Self::on_chain(seed, 31_337)
    }

    /// The world of this seed on the chain of this id, at block 0.
    pub(crate) fn on_chain(seed: u64, chain_id: u64) -> Self {
        Self::of(seed, chain_id, cast::plain())
    }

    /// A world of contracts of every sort, on the chain 31337 at block 0. Some of them break the
    /// rules where it is `hostile`.
    pub(crate) fn mixed(seed: u64, hostile: bool) -> Self {
        Self::of(seed, 31_337, cast::mixed(seed, hostile))
    }

    fn of(seed: u64, chain_id: u64, contracts: Vec<Contract>) -> Self {
        let mut chain = SimChain::new(seed, chain_id);
        chain.contracts.extend(contracts.iter().map(|contract| (contract.address, 0)));
        chain.contracts.insert(cast::coin(), 0);
        Self {
            moves_tags: false,
            traffic: Traffic::new(seed, &contracts),
            contracts,
            node: SimNode::new(chain),
            rng: SmallRng::seed_from_u64(seed),
            floor: 0,
            summit: 0,
        }
    }

    /// The node to index from; its faults and chain can be reached through it.
    pub(crate) fn node(&self) -> SimNode {
        self.node.clone()
    }

    /// The traffic, to weigh it anew.
    pub(crate) fn traffic(&mut self) -> &mut Traffic {
        &mut self.traffic
    }

    /// The highest block that was final once.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    /// The canonical blocks, whatever the node shows of them; the index is the height.
    pub(crate) fn canonical(&self) -> Vec<Arc<SimBlock>> {
        self.node.chain().canonical().to_vec()
    }

    /// The truth about the tracked contracts, followed from the block `start` on.
    pub(crate) fn replay(&self, start: u64) -> Replay {
        let tracked = self.contracts.iter().filter(|contract| contract.is_tracked);
        let tracked: Vec<_> = tracked.map(|contract| contract.tracked(start)).collect();
        Replay::of(&self.canonical(), &tracked)
    }

    /// Puts `blocks` blocks of traffic on top, some of them empty.
    pub(crate) fn mine(&mut self, blocks: u64) -> Step {
        self.grow(&[], blocks);
        Step::Mined(blocks)
    }

    /// Replaces the last `depth` blocks by `blocks` others. By chance transactions that were in
    /// the old blocks are in the new ones again, elsewhere.
    pub(crate) fn reorg(&mut self, depth: u64, blocks: u64) -> Step {
        let old = self.canonical();
        let kept = old.len() - 1 - depth as usize;
        let replaced: Vec<SimTx> = old[kept + 1..].iter().flat_map(|b| b.txs.clone()).collect();
        let again = match blocks > 0 && self.rng.random() {
            true => self.rng.random_range(0..=replaced.len()),
            false => 0,
        };
        self.node.chain().switch(old[kept].hash);
        self.grow(&replaced[..again], blocks);
        Step::Reorged { depth, blocks }
    }

    /// Replaces blocks that were final, and answers the height of the newest block that stays.
    /// Needs a final block above block 0.
    pub(crate) fn deep_reorg(&mut self) -> u64 {
        let kept = self.rng.random_range(0..self.floor);
        let head = self.head();
        self.reorg(head - kept, head - kept + 1);
        kept
    }

    /// Ends all faults and mines until the head is higher than it ever was, so that an indexer
    /// has no reason left to wait.
    pub(crate) fn settle(&mut self) {
        *self.node.faults() = Default::default();
        self.node.chain().tags = Tags::default();
        let missing = (self.summit + 1).saturating_sub(self.head());
        self.mine(missing.max(1));
        self.node.announce();
    }

    /// The height of the chain.
    pub(super) fn head(&self) -> u64 {
        self.node.chain().head().header.number
    }

    /// Mines `blocks` blocks. The transactions `before` fill some of them; new ones only follow
    /// when all of those are in, since both may move the same token.
    fn grow(&mut self, before: &[SimTx], blocks: u64) {
        let mut sizes: Vec<usize> = (0..blocks).map(|_| self.block_size()).collect();
        let carriers = match before.is_empty() || sizes.is_empty() {
            true => 1,
            false => self.rng.random_range(1..=sizes.len()),
        };
        sizes.iter_mut().take(carriers - 1).for_each(|size| *size = 0);
        let mut again = before.chunks(before.len().div_ceil(carriers).max(1));
        let mut chain = self.node.chain();
        for fresh in self.traffic.blocks_after(&chain, before, &sizes) {
            let old = again.next().unwrap_or_default().to_vec();
            chain.mine([old, fresh].concat());
        }
        drop(chain);
        self.look_around();
    }

    fn block_size(&mut self) -> usize {
        if self.rng.random_ratio(1, 4) { 0 } else { self.rng.random_range(1..=TXS_MAX) }
    }

    /// Notes what is final now and how high the chain has been.
    pub(super) fn look_around(&mut self) {
        let chain = self.node.chain();
        let head = chain.head().header.number;
        let finalized = chain.tags.finalized.height(head).unwrap_or(0);
        self.floor = self.floor.max(finalized);
        self.summit = self.summit.max(head);
    }
}
