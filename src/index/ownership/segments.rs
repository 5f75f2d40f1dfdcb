//! Disjoint intervals of token ids, each with a value.

use std::collections::BTreeMap;

use alloy::primitives::U256;

/// An interval, both ends inclusive, with its value.
pub(super) type Segment<'a, T> = (U256, U256, &'a T);

/// Intervals by their first id.
#[derive(Clone, Debug)]
pub(super) struct Segments<T> {
    by_first: BTreeMap<U256, (U256, T)>,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self { by_first: BTreeMap::new() }
    }
}

impl<T> Segments<T> {
    /// Adds an interval that overlaps none.
    pub(super) fn insert(&mut self, (first, last): (U256, U256), value: T) {
        self.by_first.insert(first, (last, value));
    }

    /// Removes the interval that begins at `first`.
    pub(super) fn remove(&mut self, first: U256) -> Option<(U256, T)> {
        self.by_first.remove(&first)
    }

    /// All of them, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = Segment<'_, T>> {
        self.by_first.iter().map(|(first, (last, value))| (*first, *last, value))
    }

    /// All of them, ascending.
    pub(super) fn into_segments(self) -> impl Iterator<Item = (U256, U256, T)> {
        self.by_first.into_iter().map(|(first, (last, value))| (first, last, value))
    }

    /// Those that overlap `first..=last`, whole, ascending.
    pub(super) fn overlapping(
        &self,
        (first, last): (U256, U256),
    ) -> impl Iterator<Item = Segment<'_, T>> {
        let before = self.by_first.range(..first).next_back();
        before
            .filter(|(_, (end, _))| *end >= first)
            .into_iter()
            .chain(self.by_first.range(first..=last))
            .map(|(start, (end, value))| (*start, *end, value))
    }

    /// `first..=last` in pieces, ascending: the parts that an interval covers, each with that
    /// interval, and the gaps between them.
    pub(super) fn cover(
        &self,
        (first, last): (U256, U256),
    ) -> impl Iterator<Item = (U256, U256, Option<Segment<'_, T>>)> {
        let mut next = Some(first);
        let mut covered = self.overlapping((first, last)).peekable();
        std::iter::from_fn(move || {
            let at = next.filter(|at| *at <= last)?;
            let piece = match covered.peek() {
                Some(&(start, ..)) if start > at => (at, start - U256::ONE, None),
                Some(_) => {
                    let whole = covered.next()?;
                    (at, whole.1.min(last), Some(whole))
                }
                None => (at, last, None),
            };
            next = piece.1.checked_add(U256::ONE);
            Some(piece)
        })
    }
}

impl<T: Clone> Segments<T> {
    /// Puts an interval over whatever was there; what sticks out on either side stays.
    pub(super) fn paint(&mut self, (first, last): (U256, U256), value: T) {
        let under: Vec<U256> = self.overlapping((first, last)).map(|(start, ..)| start).collect();
        for start in under {
            let Some((end, old)) = self.by_first.remove(&start) else { continue };
            if start < first {
                self.insert((start, first - U256::ONE), old.clone());
            }
            if end > last {
                self.insert((last + U256::ONE, end), old);
            }
        }
        self.insert((first, last), value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u8) -> U256 {
        // The upper half lies at the very end of the ids, where adding one overflows.
        if number < 16 { U256::from(number) } else { U256::MAX - U256::from(31 - number) }
    }

    proptest! {
        #[test]
        fn painting_and_covering_agree_with_an_array(
            strokes in prop::array::uniform16((0u8..32, 0u8..32, 0u8..4)),
            asked in (0u8..32, 0u8..32),
        ) {
            let mut naive = [None; 32];
            let mut segments = Segments::default();
            for (a, b, value) in strokes {
                let (first, last) = (a.min(b), a.max(b));
                segments.paint((id(first), id(last)), value);
                for number in first..=last {
                    naive[usize::from(number)] = Some(value);
                }
            }
            let (first, last) = (asked.0.min(asked.1), asked.0.max(asked.1));
            let pieces: Vec<_> = segments.cover((id(first), id(last))).collect();
            prop_assert_eq!(pieces.first().map(|piece| piece.0), Some(id(first)));
            prop_assert_eq!(pieces.last().map(|piece| piece.1), Some(id(last)));
            for pair in pieces.windows(2) {
                prop_assert_eq!(pair[0].1 + U256::ONE, pair[1].0);
            }
            for number in first..=last {
                let at = id(number);
                let found = pieces.iter().find(|piece| (piece.0..=piece.1).contains(&at));
                let value = found.and_then(|piece| piece.2).map(|whole| *whole.2);
                prop_assert_eq!(value, naive[usize::from(number)]);
            }
        }
    }
}
