//! Blocks that one range asks for, in parts that an endpoint takes. Pure.

use crate::chain::Header;

/// These blocks in parts of which none reaches across more than `most` blocks.
pub(super) fn cut<'a, 'b>(blocks: &'b [&'a Header], most: u64) -> Vec<&'b [&'a Header]> {
    let mut parts = Vec::new();
    let mut rest = blocks;
    while let Some(first) = rest.first() {
        let fits = |header: &&Header| header.block.number - first.block.number < most.max(1);
        let (part, above) = rest.split_at(rest.partition_point(fits));
        parts.push(part);
        rest = above;
    }
    parts
}

/// Two blocks or more, which were too wide for a range, in narrower parts; `at_most` is what the
/// endpoint says that it takes.
pub(super) fn narrower<'a, 'b>(
    blocks: &'b [&'a Header],
    at_most: Option<u64>,
) -> Vec<&'b [&'a Header]> {
    let span = match blocks {
        [first, .., last] => last.block.number - first.block.number + 1,
        _ => 1,
    };
    cut(blocks, at_most.filter(|most| (1..span).contains(most)).unwrap_or(span / 2))
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

    /// The blocks of each part that `split` makes of these.
    fn parts(
        numbers: &[u64],
        split: impl for<'a, 'b> Fn(&'b [&'a Header]) -> Vec<&'b [&'a Header]>,
    ) -> Vec<Vec<u64>> {
        let headers: Vec<Header> = numbers.iter().copied().map(header).collect();
        let blocks: Vec<&Header> = headers.iter().collect();
        let number = |header: &&Header| header.block.number;
        split(&blocks).iter().map(|part| part.iter().map(number).collect()).collect()
    }

    #[test]
    fn no_part_reaches_across_more_than_is_taken() {
        let cut_at = |numbers: &[u64], most| parts(numbers, |blocks| cut(blocks, most));
        assert_eq!(cut_at(&[1, 5, 20], u64::MAX), [[1, 5, 20]]);
        assert_eq!(cut_at(&[1, 5, 10, 11, 20], 10), [vec![1, 5, 10], vec![11, 20]]);
        assert_eq!(cut_at(&[1, 2, 3], 0), [[1], [2], [3]], "a part is a block at least");
        assert!(cut_at(&[], 10).is_empty());
    }

    #[test]
    fn what_was_too_wide_becomes_narrower_whatever_the_endpoint_says() {
        let said = |numbers: &[u64], at_most| parts(numbers, |blocks| narrower(blocks, at_most));
        assert_eq!(said(&[1, 3, 4, 20], Some(3)), [vec![1, 3], vec![4], vec![20]]);
        for at_most in [None, Some(0), Some(20), Some(u64::MAX)] {
            assert_eq!(said(&[1, 10, 11, 20], at_most), [[1, 10], [11, 20]], "{at_most:?}");
        }
        assert_eq!(said(&[7, 8], None), [[7], [8]]);
        assert_eq!(said(&[7, 9], None), [[7], [9]], "half of three is one");
    }
}
