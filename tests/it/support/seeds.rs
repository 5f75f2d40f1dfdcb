//! The seeds of random stories.

/// These seeds, or a half of those that `HERALD_TEST_SEEDS` named as `FROM..TO` when the tests were
/// built, for a longer search.
pub(crate) fn seeds(from: u64, to: u64) -> std::ops::Range<u64> {
    let Some(named) = option_env!("HERALD_TEST_SEEDS") else { return from..to };
    let ends: Vec<u64> = named.split("..").filter_map(|end| end.parse().ok()).collect();
    let [first, last] = ends[..] else { panic!("HERALD_TEST_SEEDS is not FROM..TO: {named}") };
    let middle = first + (last - first) / 2;
    if from == 0 { first..middle } else { middle..last }
}
