//! Drives one chain: a turn at a time, each a block, a reorg, a detour and its return, or a fall
//! back. Whatever becomes of a single transaction, the next turn comes.
//!
//! The traffic remembers nothing about tokens. It asks the node who owns what, so that its own
//! reorgs cannot confuse it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::primitives::{B256, Bytes};
use anyhow::Result;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::actions::{self, Turn};
use super::anvil::SLOTS_IN_AN_EPOCH;
use super::cast::Cast;
use super::contracts::Deployed;
use super::node::{Node, NodeBlock};

/// Failed turns in a row after which the node counts as lost.
const FAILURES_MAX: u32 = 10;

/// What the traffic has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Blocks made one by one.
    pub blocks: u64,
    /// Transactions that the node took; some of them reverted.
    pub transactions: u64,
    /// Times in which blocks were replaced at once.
    pub reorgs: u64,
    /// Times in which a branch was left for another and then made again.
    pub detours: u64,
    /// Times in which it came back under the very same hashes.
    pub returns: u64,
    /// Times in which the head fell back.
    pub fallbacks: u64,
}

/// The traffic of one chain.
pub struct Traffic<'a> {
    node: &'a Node,
    cast: Cast,
    rng: SmallRng,
    /// No block up to here is ever taken back: the contracts are below it.
    floor: u64,
    highest: u64,
    left: Option<Branch>,
    done: Done,
}

/// A branch that was left and is to come back.
#[derive(Debug)]
struct Branch {
    /// Height of the last block that was not left.
    fork: u64,
    blocks: Vec<(NodeBlock, Vec<Bytes>)>,
}

impl<'a> Traffic<'a> {
    /// Traffic between the node's own accounts on these contracts, of which there must be at least
    /// one. The node's blocks so far stay.
    pub async fn new(node: &'a Node, contracts: &[Deployed], seed: u64) -> Result<Self> {
        let cast = Cast::new(contracts, node.accounts().await?)?;
        let floor = node.head().await?.number();
        let rng = SmallRng::seed_from_u64(seed);
        let done = Done::default();
        Ok(Self { node, cast, rng, floor, highest: floor, left: None, done })
    }

    /// What has been done so far.
    pub fn done(&self) -> Done {
        self.done
    }

    /// A turn every so often until `stop`; then [`Self::settle`]. A failed turn is not repeated.
    pub async fn run(&mut self, every: Duration, stop: &CancellationToken) -> Result<()> {
        let mut clock = tokio::time::interval(every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failures = 0;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.settle().await,
                _ = clock.tick() => {}
            }
            match self.turn().await {
                Ok(()) => failures = 0,
                Err(err) if failures + 1 < FAILURES_MAX => {
                    failures += 1;
                    tracing::debug!(error = format!("{err:#}"), "a turn of the traffic failed");
                }
                Err(err) => return Err(err.context("the node takes no traffic any more")),
            }
        }
    }

    /// This many blocks without any reorg.
    pub async fn advance(&mut self, blocks: u64) -> Result<()> {
        for _ in 0..blocks {
            let count = actions::transactions(&mut self.rng);
            self.block(count).await?;
        }
        Ok(())
    }

    /// The next turn.
    pub async fn turn(&mut self) -> Result<()> {
        if let Some(branch) = self.left.take() {
            return self.come_back(branch).await;
        }
        let head = self.node.head().await?.number();
        let room = self.room(head);
        match actions::turn(&mut self.rng, room) {
            Turn::Block(count) => self.block(count).await,
            Turn::Reorg(depth) => self.reorg(depth).await,
            Turn::Detour(depth) => self.detour(head, depth).await,
            Turn::Fallback(depth) => {
                self.node.roll_back(depth).await?;
                self.done.fallbacks += 1;
                Ok(())
            }
        }
    }

    /// Makes the chain higher than it has ever been: a reader that takes a lower head for a
    /// lagging node, as it should, would wait for ever otherwise.
    pub async fn settle(&mut self) -> Result<()> {
        self.left = None;
        let target = self.highest + 1;
        while self.node.head().await?.number() < target {
            self.block(1).await?;
        }
        Ok(())
    }

    /// How many of the newest blocks may be taken back: none that was ever `safe`, whatever the
    /// head fell back to since.
    fn room(&self, head: u64) -> u64 {
        let safe = self.highest.saturating_sub(SLOTS_IN_AN_EPOCH);
        head.saturating_sub(self.floor.max(safe))
    }

    async fn block(&mut self, count: usize) -> Result<()> {
        let head = self.node.head().await?;
        for _ in 0..count {
            let sending = self.cast.transaction(self.node, &mut self.rng, head.hash).await?;
            match self.node.send(&sending).await {
                Ok(_) => self.done.transactions += 1,
                Err(err) => tracing::debug!(error = format!("{err:#}"), "transaction refused"),
            }
        }
        self.node.mine(next_time(head.time())).await?;
        self.done.blocks += 1;
        self.highest = self.highest.max(head.number() + 1);
        Ok(())
    }

    async fn reorg(&mut self, depth: u64) -> Result<()> {
        let head = self.node.head().await?.hash;
        let mut transactions = Vec::new();
        for offset in 0..depth {
            for _ in 0..actions::transactions(&mut self.rng) {
                transactions
                    .push((self.cast.transaction(self.node, &mut self.rng, head).await?, offset));
            }
        }
        self.node.reorg(depth, &transactions).await?;
        self.done.reorgs += 1;
        self.done.transactions += transactions.len() as u64;
        Ok(())
    }

    /// Leaves the `depth` newest blocks for a branch that is one block longer.
    async fn detour(&mut self, head: u64, depth: u64) -> Result<()> {
        let fork = head - depth;
        let mut blocks = Vec::new();
        for number in fork + 1..=head {
            let block = self.node.block(number).await?;
            let mut signed = Vec::new();
            for hash in &block.transactions {
                signed.push(self.node.raw_transaction(*hash).await?);
            }
            blocks.push((block, signed));
        }
        self.node.roll_back(depth).await?;
        self.advance(depth + 1).await?;
        self.left = Some(Branch { fork, blocks });
        Ok(())
    }

    /// Makes the blocks of a branch again, from the same transactions at the same times: their
    /// hashes are those of before.
    async fn come_back(&mut self, branch: Branch) -> Result<()> {
        let head = self.node.head().await?.number();
        self.node.roll_back(head - branch.fork).await?;
        self.node.empty_pool().await?;
        let mut same = B256::ZERO;
        for (block, signed) in &branch.blocks {
            for transaction in signed {
                self.node.send_raw(transaction).await?;
            }
            self.node.mine(block.time()).await?;
            same = block.hash;
        }
        self.done.detours += 1;
        if self.node.head().await?.hash == same {
            self.done.returns += 1;
        }
        Ok(())
    }
}

/// The time of the next block: now, and later than the block before it.
pub fn next_time(parent: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    now.max(parent + 1)
}
