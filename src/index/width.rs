//! How many blocks a range for logs may span: found out by refusals, remembered for the run.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::chain::Header;

/// Most blocks that a request by range may span, as endpoints have said; only ever lowered.
pub(super) struct Width(AtomicU64);

impl Default for Width {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl Width {
    /// A range over these blocks, two or more, was too wide; `at_most` is what the endpoint says.
    pub(super) fn refused(&self, blocks: &[&Header], at_most: Option<u64>) {
        let span = span(blocks);
        let most = at_most.filter(|most| (1..span).contains(most)).unwrap_or(span / 2);
        self.0.fetch_min(most, Ordering::Relaxed);
    }

    /// These blocks in parts that span no more.
    pub(super) fn cut<'a, 'b>(&self, blocks: &'b [&'a Header]) -> Vec<&'b [&'a Header]> {
        let most = self.0.load(Ordering::Relaxed);
        let mut parts = Vec::new();
        let mut rest = blocks;
        while let Some(first) = rest.first() {
            let fits = |header: &&Header| header.block.number - first.block.number < most;
            let (part, above) = rest.split_at(rest.partition_point(fits));
            parts.push(part);
            rest = above;
        }
        parts
    }
}

/// How many blocks a range over these reaches across.
fn span(blocks: &[&Header]) -> u64 {
    match blocks {
        [first, .., last] => last.block.number - first.block.number + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, Bloom};

    use super::*;
    use crate::types::BlockRef;

    fn header(number: u64) -> Header {
        let block = BlockRef { number, hash: B256::ZERO, parent: B256::ZERO, time: 0 };
        Header { block, logs_bloom: Bloom::ZERO, receipts_root: B256::ZERO }
    }

    /// The blocks of each part, of ranges over these blocks.
    fn parts(width: &Width, numbers: &[u64]) -> Vec<Vec<u64>> {
        let headers: Vec<Header> = numbers.iter().copied().map(header).collect();
        let blocks: Vec<&Header> = headers.iter().collect();
        let number = |header: &&Header| header.block.number;
        width.cut(&blocks).iter().map(|part| part.iter().map(number).collect()).collect()
    }

    #[test]
    fn a_width_is_learnt_from_refusals_and_never_grows() {
        let width = Width::default();
        let headers = [header(1), header(20)];
        let wide: Vec<&Header> = headers.iter().collect();
        assert_eq!(parts(&width, &[1, 5, 20]), [[1, 5, 20]]);
        width.refused(&wide, None);
        assert_eq!(parts(&width, &[1, 5, 10, 11, 20]), [vec![1, 5, 10], vec![11, 20]]);
        width.refused(&wide, Some(3));
        assert_eq!(parts(&width, &[1, 3, 4, 20]), [vec![1, 3], vec![4], vec![20]]);
        for (at_most, of) in [(Some(20), [1, 20]), (Some(0), [1, 20]), (None, [7, 9])] {
            let headers = of.map(header);
            width.refused(&headers.each_ref(), at_most);
        }
        assert_eq!(parts(&width, &[1, 2, 3]), [[1], [2], [3]], "half of three is one");
    }
}
