//! A chain, a node and traffic in one hand, moved by random steps that a seed repeats.
//!
//! No step but [`World::deep_reorg`] touches a block that was final once.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::block::{SimBlock, SimTx};
use super::cast;
use super::chain::SimChain;
use super::node::SimNode;
use super::tags::{Tag, Tags};
use super::traffic::Traffic;
use crate::support::replay::{Replay, Tracked};

/// Most blocks a random reorg replaces.
const REORG_MAX: u64 = 12;
/// Most transactions in a block of a step.
const TXS_MAX: usize = 6;
/// Most blocks one step mines.
const MINED_MAX: u64 = 8;
/// Most blocks a lagging node is behind.
const LAG_MAX: u64 = 20;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many blocks were put on top.
    Mined(u64),
    /// The last `depth` blocks were replaced by `blocks` others.
    Reorged { depth: u64, blocks: u64 },
    /// An abandoned branch came back, and `depth` blocks left.
    Returned { depth: u64 },
    /// The node shows a head so many blocks too low.
    Lagged(u64),
    /// The node shows the true head again.
    CaughtUp,
    /// So many calls to the node will fail.
    Failing(u32),
    /// The finality tags follow other rules.
    Tagged(Tags),
}

/// A chain with traffic, seen through one node.
pub(crate) struct World {
    /// Whether steps move the finality tags: absent for a while, or stepping back.
    pub(crate) moves_tags: bool,
    node: SimNode,
    traffic: Traffic,
    rng: SmallRng,
    /// The highest block that was final once.
    floor: u64,
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
        let mut chain = SimChain::new(seed, chain_id);
        chain.contracts.extend(cast::collections());
        chain.contracts.insert(cast::coin());
        Self {
            moves_tags: false,
            node: SimNode::new(chain),
            traffic: Traffic::new(seed),
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
        let follow = |contract: &Address| Tracked { contract: *contract, start };
        let tracked: Vec<_> = cast::tracked().iter().map(follow).collect();
        Replay::of(&self.canonical(), &tracked)
    }

    /// Does something by chance, and says what.
    pub(crate) fn step(&mut self) -> Step {
        let tags = if self.moves_tags { 3 } else { 0 };
        let step = match self.rng.random_range(0..100 + tags) {
            0..50 => self.mine_some(),
            50..70 => self.reorg_some(),
            70..80 => self.return_some(),
            80..88 => self.lag(),
            88..95 => self.catch_up(),
            95..100 => self.fail(),
            _ => self.move_tags(),
        };
        if self.rng.random() {
            self.node.announce();
        }
        step
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

    fn mine_some(&mut self) -> Step {
        let blocks = self.rng.random_range(1..=MINED_MAX);
        self.mine(blocks)
    }

    fn reorg_some(&mut self) -> Step {
        let room = (self.head() - self.floor).min(REORG_MAX);
        if room == 0 {
            return self.mine_some();
        }
        let depth = self.rng.random_range(1..=room);
        let blocks = match self.rng.random_range(0..3) {
            0 => depth - self.rng.random_range(0..=depth),
            1 => depth,
            _ => depth + self.rng.random_range(1..=2),
        };
        self.reorg(depth, blocks)
    }

    /// Brings the branch left last back, as long as that touches nothing final.
    fn return_some(&mut self) -> Step {
        let returnable = {
            let chain = self.node.chain();
            let fits = |tip: &&B256| chain.common_with(**tip) >= self.floor;
            chain.abandoned().iter().rev().find(fits).copied()
        };
        let Some(tip) = returnable else { return self.mine_some() };
        let depth = self.node.chain().switch(tip);
        self.look_around();
        Step::Returned { depth }
    }

    fn lag(&mut self) -> Step {
        let lag = self.rng.random_range(1..=LAG_MAX);
        self.node.faults().lag = lag;
        Step::Lagged(lag)
    }

    fn catch_up(&mut self) -> Step {
        self.node.faults().lag = 0;
        Step::CaughtUp
    }

    fn fail(&mut self) -> Step {
        let failures = self.rng.random_range(1..=3);
        self.node.faults().failures = failures;
        Step::Failing(failures)
    }

    fn move_tags(&mut self) -> Step {
        let finalized = match self.rng.random_range(0..4) {
            0 => Tag::Null,
            1 => Tag::Unsupported,
            2 => Tag::Fixed(self.floor.saturating_sub(REORG_MAX)),
            _ => Tag::Depth(self.rng.random_range(REORG_MAX..3 * REORG_MAX)),
        };
        let tags = Tags { finalized, ..Tags::default() };
        self.node.chain().tags = tags;
        self.look_around();
        Step::Tagged(tags)
    }

    fn head(&self) -> u64 {
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
    fn look_around(&mut self) {
        let chain = self.node.chain();
        let head = chain.head().header.number;
        let finalized = chain.tags.finalized.height(head).unwrap_or(0);
        self.floor = self.floor.max(finalized);
        self.summit = self.summit.max(head);
    }
}
