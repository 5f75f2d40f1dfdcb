//! Pure: what the live edge does next, from stored hashes and what the chain shows.
//!
//! `plan` fetches nothing; where it needs to know more it answers [`Plan::Look`], and the caller
//! brings those heights from the store and from the chain and asks again. A lower head alone is a
//! lagging node; only another hash at a stored height is a reorg.

use std::collections::BTreeMap;

use alloy::primitives::B256;

use crate::chain::HEADERS_MAX;
use crate::types::BlockRef;

/// Most heights looked at in one step: what one request for headers takes.
pub const LOOK_MAX: u64 = HEADERS_MAX as u64;

/// Most blocks read ahead in one pass, so that the head and its marks are looked at again soon.
pub const AHEAD_MAX: u64 = 32 * LOOK_MAX;

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Last committed block.
    pub checkpoint: (u64, B256),
    /// Height of the final mark: this block and those below are never taken back.
    pub floor: u64,
    /// Newest height that the chain shows.
    pub head: u64,
    /// Stored hashes of the heights looked at.
    pub stored: BTreeMap<u64, B256>,
    /// What the chain shows at the heights looked at; `None` where it has no block.
    pub seen: BTreeMap<u64, Option<BlockRef>>,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing to do until the chain shows something else.
    Wait,
    /// Bring stored and shown hashes of the heights `from..=to`, then plan again.
    Look {
        /// Lowest height.
        from: u64,
        /// Highest height; at most [`LOOK_MAX`] heights in all.
        to: u64,
    },
    /// Commit the shown blocks from the checkpoint's successor on; they link.
    Advance {
        /// Highest of them.
        to: u64,
        /// Highest block to read ahead and commit after them; `to` where there is none.
        until: u64,
    },
    /// Take back every block above this one, the highest that store and chain share.
    Rewind {
        /// The common block.
        to: u64,
    },
    /// Store and chain differ at or below the final mark: a person decides.
    Halt {
        /// Lowest height at which they were seen to differ.
        differs_at: u64,
    },
}

/// Decides the next step.
pub fn plan(facts: &Facts) -> Plan {
    let (checkpoint, hash) = facts.checkpoint;
    let top = facts.head.min(checkpoint);
    if top < facts.floor {
        return Plan::Wait;
    }
    let shown = match facts.seen.get(&top) {
        None => return Plan::Look { from: top, to: facts.head.min(top + LOOK_MAX - 1) },
        Some(None) => return Plan::Wait,
        Some(Some(shown)) => shown,
    };
    let stored = if top == checkpoint { Some(&hash) } else { facts.stored.get(&top) };
    match stored {
        None => Plan::Wait,
        Some(stored) if *stored != shown.hash => search(facts, top),
        Some(_) if facts.head <= checkpoint => Plan::Wait,
        Some(_) => advance(facts, shown),
    }
}

/// The longest run of shown blocks that link to the checkpoint.
fn advance(facts: &Facts, checkpoint: &BlockRef) -> Plan {
    let next = checkpoint.number + 1;
    if !facts.seen.contains_key(&next) {
        return Plan::Look { from: next, to: facts.head.min(next + LOOK_MAX - 1) };
    }
    let mut last = checkpoint;
    while let Some(Some(block)) = facts.seen.get(&(last.number + 1)) {
        if !block.follows(last) {
            break;
        }
        last = block;
    }
    if last.number == checkpoint.number {
        // The node changed its mind between two answers.
        return Plan::Wait;
    }
    let to = last.number;
    // What was looked at and does not link is no ground to read ahead from.
    let broken = facts.seen.contains_key(&(to + 1));
    Plan::Advance { to, until: if broken { to } else { facts.head.min(to + AHEAD_MAX) } }
}

/// Walks down from `top`, where store and chain differ, to the highest block they share.
fn search(facts: &Facts, top: u64) -> Plan {
    let mut differs_at = top;
    for height in (facts.floor..top).rev() {
        match (facts.seen.get(&height), facts.stored.get(&height)) {
            (None, _) => {
                let from = facts.floor.max((height + 1).saturating_sub(LOOK_MAX));
                return Plan::Look { from, to: height };
            }
            (Some(None), _) => return Plan::Wait,
            (Some(Some(shown)), Some(stored)) if shown.hash == *stored => {
                return Plan::Rewind { to: height };
            }
            (Some(Some(_)), _) => differs_at = height,
        }
    }
    Plan::Halt { differs_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Block `number` of the branch `branch`; branches share their blocks below 100.
    fn block(number: u64, branch: u8) -> BlockRef {
        let hash = |n: u64| {
            let branch = if n < 100 { 0 } else { branch };
            B256::left_padding_from(&[[branch].as_slice(), &n.to_be_bytes()].concat())
        };
        BlockRef { number, hash: hash(number), parent: hash(number.wrapping_sub(1)), time: number }
    }

    /// A store that follows branch 0 up to `checkpoint`, final up to `floor`.
    fn stored(checkpoint: u64, floor: u64) -> Facts {
        Facts { checkpoint: (checkpoint, block(checkpoint, 0).hash), floor, ..Facts::default() }
    }

    impl Facts {
        /// Runs the plan to its end against a chain on `branch` with its newest block at `head`.
        fn against(mut self, head: u64, branch: u8) -> Plan {
            self.head = head;
            for _ in 0..100 {
                let Plan::Look { from, to } = plan(&self) else { break };
                let fits = from <= to && to - from < LOOK_MAX && to <= head;
                assert!(fits, "looks at {from}..={to}");
                let shown = |height| (height, Some(block(height, branch)));
                self.seen.extend((from..=to).map(shown));
                let known = from..=to.min(self.checkpoint.0);
                self.stored.extend(known.map(|height| (height, block(height, 0).hash)));
            }
            plan(&self)
        }
    }

    #[test]
    fn a_chain_without_news_is_waited_for() {
        assert_eq!(stored(120, 90).against(120, 0), Plan::Wait);
    }

    #[test]
    fn all_consecutive_blocks_are_taken_at_once() {
        let far = 183 + AHEAD_MAX;
        for (head, to, until) in [(121, 121, 121), (184, 183, 184), (far + 1, 183, far)] {
            assert_eq!(stored(120, 90).against(head, 0), Plan::Advance { to, until });
        }
    }

    #[test]
    fn a_lower_head_alone_is_a_lagging_node() {
        assert_eq!(stored(120, 90).against(110, 0), Plan::Wait);
        assert_eq!(stored(120, 90).against(50, 0), Plan::Wait);
        assert_eq!(stored(120, 90).against(50, 1), Plan::Wait);
    }

    #[test]
    fn another_hash_is_rewound_to_the_highest_common_block() {
        assert_eq!(stored(120, 90).against(125, 1), Plan::Rewind { to: 99 });
        assert_eq!(stored(100, 90).against(100, 1), Plan::Rewind { to: 99 });
        assert_eq!(stored(120, 99).against(121, 1), Plan::Rewind { to: 99 });
        assert_eq!(stored(400, 90).against(401, 1), Plan::Rewind { to: 99 });
    }

    #[test]
    fn a_shorter_fork_is_a_reorg_too() {
        assert_eq!(stored(120, 90).against(110, 1), Plan::Rewind { to: 99 });
    }

    #[test]
    fn below_the_final_mark_a_person_decides() {
        assert_eq!(stored(120, 100).against(125, 1), Plan::Halt { differs_at: 100 });
        assert_eq!(stored(120, 120).against(125, 1), Plan::Halt { differs_at: 120 });
        assert_eq!(stored(120, 105).against(105, 1), Plan::Halt { differs_at: 105 });
    }

    #[test]
    fn blocks_that_do_not_link_are_not_committed() {
        let mut facts = Facts { head: 123, ..stored(120, 90) };
        facts.seen.insert(120, Some(block(120, 0)));
        facts.seen.insert(121, Some(block(121, 0)));
        facts.seen.insert(122, Some(block(122, 1)));
        facts.seen.insert(123, Some(block(123, 1)));
        assert_eq!(plan(&facts), Plan::Advance { to: 121, until: 121 });
        facts.seen.insert(121, Some(block(121, 1)));
        assert_eq!(plan(&facts), Plan::Wait);
    }

    #[test]
    fn a_block_that_the_node_does_not_have_is_waited_for() {
        let mut facts = Facts { head: 121, ..stored(120, 90) };
        facts.seen.insert(120, None);
        assert_eq!(plan(&facts), Plan::Wait);
        facts.seen.insert(120, Some(block(120, 0)));
        facts.seen.insert(121, None);
        assert_eq!(plan(&facts), Plan::Wait);
    }

    proptest::proptest! {
        /// Whatever the fork point, the head and the final mark: no step goes below the mark, a
        /// rewind ends at the true common block, an advance links.
        #[test]
        fn every_plan_is_safe(
            checkpoint in 0u64..300, floor in 0u64..300, head in 0u64..500, branch in 0u8..2,
        ) {
            let floor = floor.min(checkpoint);
            let forked = branch == 1 && head.min(checkpoint) >= 100;
            match stored(checkpoint, floor).against(head, branch) {
                Plan::Wait => proptest::prop_assert!(head < floor || (!forked && head <= checkpoint)),
                Plan::Advance { to, until } => {
                    proptest::prop_assert!(!forked && checkpoint < to && to <= until && until <= head);
                }
                Plan::Rewind { to } => {
                    proptest::prop_assert!(forked && to >= floor && to == 99);
                }
                Plan::Halt { differs_at } => {
                    proptest::prop_assert!(forked && floor >= 100 && differs_at >= floor);
                }
                Plan::Look { .. } => proptest::prop_assert!(false, "never ends looking"),
            }
        }
    }
}
