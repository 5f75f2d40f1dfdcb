//! Differences between what should be and what is, so that a failing test can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// Most differences that a failure prints.
const SHOWN_MAX: usize = 20;

/// One line for every key that is missing, too much or of another value.
pub(crate) fn differences<K: Ord + Debug, V: PartialEq + Debug>(
    expected: &BTreeMap<K, V>,
    actual: &BTreeMap<K, V>,
) -> Vec<String> {
    let keys: BTreeSet<&K> = expected.keys().chain(actual.keys()).collect();
    let line = |key: &K| match (expected.get(key), actual.get(key)) {
        (Some(value), None) => Some(format!("missing: {key:?} = {value:?}")),
        (None, Some(value)) => Some(format!("too much: {key:?} = {value:?}")),
        (Some(right), Some(wrong)) if right != wrong => {
            Some(format!("wrong: {key:?} = {wrong:?}, expected {right:?}"))
        }
        _ => None,
    };
    keys.into_iter().filter_map(line).collect()
}

/// Panics with the differences where there are any. `what` says what was compared, and when.
#[track_caller]
pub(crate) fn assert_same<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    expected: &BTreeMap<K, V>,
    actual: &BTreeMap<K, V>,
) {
    let all = differences(expected, actual);
    let shown = all[..all.len().min(SHOWN_MAX)].join("\n  ");
    assert!(all.is_empty(), "{what}: {} differences\n  {shown}", all.len());
}

/// The same for rows without a key: each row must be on both sides equally often.
#[track_caller]
pub(crate) fn assert_same_rows<R: Ord + Debug>(
    what: &str,
    expected: impl IntoIterator<Item = R>,
    actual: impl IntoIterator<Item = R>,
) {
    assert_same(what, &counted(expected), &counted(actual));
}

fn counted<R: Ord>(rows: impl IntoIterator<Item = R>) -> BTreeMap<R, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row).or_default() += 1;
    }
    counts
}
