//! How one node misbehaves. Every fault is a switch, off at first.

use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::chain::SimChain;

/// What happens to the chain just before logs are answered.
pub(crate) type Hook = Box<dyn FnOnce(&mut SimChain) + Send>;

/// The faults of one node.
#[derive(Default)]
pub(crate) struct Faults {
    /// So many calls fail from now on.
    pub(crate) failures: u32,
    /// Calls fail by chance.
    pub(crate) flaky: Option<Flaky>,
    /// The node is so many blocks behind the chain.
    pub(crate) lag: u64,
    /// Widest range of blocks for logs.
    pub(crate) width_max: Option<u64>,
    /// Most logs in one answer.
    pub(crate) logs_max: Option<usize>,
    /// The node forgets a block as soon as it is not canonical.
    pub(crate) forgets_forks: bool,
    /// The chain id it claims instead of the true one.
    pub(crate) chain_id: Option<u64>,
    /// The log (block, index) it leaves out of every answer for logs; headers stay true.
    pub(crate) omits: Option<(u64, u32)>,
    /// Logs come without the time of their block.
    pub(crate) hides_block_time: bool,
    /// Headers come with empty blooms, as from nodes that make them late or never.
    pub(crate) hides_blooms: bool,
    /// The oldest block whose state it keeps; it still shows older blocks and their logs.
    pub(crate) keeps_state_from: u64,
    /// Over JSON-RPC: logs of blocks that it does not have are none, instead of an error.
    pub(crate) silent: bool,
    /// Runs once, before the next answer for logs: the chain moves between two calls.
    pub(crate) before_logs: Option<Hook>,
}

impl Faults {
    /// Whether the call that just came in fails.
    pub(crate) fn strike(&mut self) -> bool {
        if self.failures > 0 {
            self.failures -= 1;
            return true;
        }
        self.flaky.as_mut().is_some_and(Flaky::strike)
    }
}

/// Failures by chance, but always the same ones for a seed.
pub(crate) struct Flaky {
    rng: SmallRng,
    share: f64,
}

impl Flaky {
    /// About this share of all calls fails, 0 to 1.
    pub(crate) fn new(seed: u64, share: f64) -> Self {
        Self { rng: SmallRng::seed_from_u64(seed), share }
    }

    fn strike(&mut self) -> bool {
        self.rng.random_bool(self.share)
    }
}
