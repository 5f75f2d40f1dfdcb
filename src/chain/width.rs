//! How many blocks one query for logs may span at an endpoint, as far as it has said. Pure.
//!
//! Such a limit is one of the endpoint and of the plan that is paid for it, not of the chain nor
//! of what was asked, so each endpoint has its own and nothing is sent that it would refuse.

use super::ChainError;

/// The widest range an endpoint takes: only ever becomes narrower.
#[derive(Debug, Default)]
pub(super) struct Width {
    said: Option<u64>,
    guessed: Option<u64>,
}

impl Width {
    /// Most blocks, where it has set a bound.
    pub(super) fn max(&self) -> Option<u64> {
        self.said.into_iter().chain(self.guessed).min()
    }

    /// Most blocks in its own words, which are as good after a restart. A guess is not: it is made
    /// anew within a few refusals.
    pub(super) fn said(&self) -> Option<u64> {
        self.said
    }

    /// It takes `blocks` blocks at most; at least one, because a block is the least to ask for.
    pub(super) fn learn(&mut self, blocks: u64) {
        narrow(&mut self.said, blocks);
    }

    /// It refused `asked` blocks as too many, where it said so with the bound `at_most`. Without a
    /// bound it is taken for half of what was asked, which is also what is asked next. To refuse a
    /// single block says nothing about ranges.
    pub(super) fn refused(&mut self, asked: u64, at_most: Option<u64>) {
        match at_most {
            Some(most) => self.learn(most),
            None if asked > 1 => narrow(&mut self.guessed, asked / 2),
            None => {}
        }
    }

    /// The error that the endpoint would answer to a query over `asked` blocks.
    pub(super) fn refuses(&self, asked: u64) -> Option<ChainError> {
        let max = self.max().filter(|max| asked > *max)?;
        let text = format!("it takes {max} blocks at most, as it said before; asked were {asked}");
        Some(ChainError::RangeTooWide { at_most: Some(max), text })
    }
}

fn narrow(max: &mut Option<u64>, blocks: u64) {
    let blocks = blocks.max(1);
    *max = Some(max.map_or(blocks, |known| known.min(blocks)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bounds, whatever and in its own words, after these refusals, each of so many blocks
    /// with a bound or without.
    fn after(refusals: &[(u64, Option<u64>)]) -> (Option<u64>, Option<u64>) {
        let mut width = Width::default();
        for (asked, at_most) in refusals {
            width.refused(*asked, *at_most);
        }
        (width.max(), width.said())
    }

    #[test]
    fn the_bound_only_becomes_narrower() {
        for (refusals, expected) in [
            (&[][..], (None, None)),
            (&[(9, Some(5))], (Some(5), Some(5))),
            (&[(9, Some(5)), (5, Some(7))], (Some(5), Some(5))),
            (&[(9, Some(5)), (5, Some(3))], (Some(3), Some(3))),
            (&[(9, Some(5)), (5, None)], (Some(2), Some(5))),
            (&[(9, None)], (Some(4), None)),
            (&[(9, None), (4, None)], (Some(2), None)),
            (&[(9, None), (2, Some(100))], (Some(4), Some(100))),
            (&[(1, None)], (None, None)),
            (&[(2, None)], (Some(1), None)),
            (&[(2, Some(0))], (Some(1), Some(1))),
        ] {
            assert_eq!(after(refusals), expected, "{refusals:?}");
        }
    }

    #[test]
    fn what_is_wider_than_the_bound_is_refused_with_it() {
        let mut width = Width::default();
        assert!(width.refuses(u64::MAX).is_none());
        width.learn(2_000);
        assert!(width.refuses(2_000).is_none());
        let error = width.refuses(2_001).unwrap();
        assert!(matches!(error, ChainError::RangeTooWide { at_most: Some(2_000), .. }));
        assert!(error.to_string().contains("asked were 2001"), "{error}");
    }
}
