//! Values over numbers, kept by intervals, since one interval may hold all of the 2^256 numbers.

use std::collections::BTreeMap;

use alloy::primitives::U256;

/// First number, last number, and what holds for all of them.
pub(crate) type Run<V> = (U256, U256, V);

/// A value, or none, for every number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intervals<V>(BTreeMap<U256, (U256, V)>);

impl<V> Default for Intervals<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: Clone + PartialEq> Intervals<V> {
    /// Gives every number from `first` to `last` this value, or none.
    pub(crate) fn set(&mut self, first: U256, last: U256, value: Option<V>) {
        for (from, to, old) in self.touching(first, last) {
            self.0.remove(&from);
            if from < first {
                self.0.insert(from, (first - U256::ONE, old.clone()));
            }
            if to > last {
                self.0.insert(last + U256::ONE, (to, old));
            }
        }
        if let Some(value) = value {
            self.0.insert(first, (last, value));
        }
    }

    /// The value of one number.
    pub(crate) fn get(&self, number: U256) -> Option<&V> {
        let (_, (last, value)) = self.0.range(..=number).next_back()?;
        (*last >= number).then_some(value)
    }

    /// What holds from `first` to `last`, in order and without a gap.
    pub(crate) fn cover(&self, first: U256, last: U256) -> Vec<Run<Option<V>>> {
        let mut covered = Vec::new();
        let mut open = Some(first);
        for (from, to, value) in self.touching(first, last) {
            let (from, to) = (from.max(first), to.min(last));
            if let Some(gap) = open.filter(|open| *open < from) {
                covered.push((gap, from - U256::ONE, None));
            }
            covered.push((from, to, Some(value)));
            open = to.checked_add(U256::ONE);
        }
        if let Some(gap) = open.filter(|open| *open <= last) {
            covered.push((gap, last, None));
        }
        covered
    }

    /// All that have a value, as they were set, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Run<&V>> {
        self.0.iter().map(|(first, (last, value))| (*first, *last, value))
    }

    /// The longest runs of one value, in order.
    pub(crate) fn runs(&self) -> Vec<Run<V>> {
        let mut runs: Vec<Run<V>> = Vec::new();
        for (first, last, value) in self.iter() {
            match runs.last_mut() {
                Some(run) if run.1 + U256::ONE == first && run.2 == *value => run.1 = last,
                _ => runs.push((first, last, value.clone())),
            }
        }
        runs
    }

    /// The stored intervals that share a number with this one.
    fn touching(&self, first: U256, last: U256) -> Vec<Run<V>> {
        let below = self.0.range(..first).next_back().filter(|(_, (to, _))| *to >= first);
        let all = below.into_iter().chain(self.0.range(first..=last));
        all.map(|(from, (to, value))| (*from, *to, value.clone())).collect()
    }
}
