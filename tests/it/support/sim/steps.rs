//! Random steps of a world, which its seed repeats. None touches a block that was final once.

use alloy::primitives::B256;
use rand::Rng;

use super::tags::{Tag, Tags};
use super::world::World;

/// Most blocks a random reorg replaces.
const REORG_MAX: u64 = 12;
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

impl World {
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
}
