//! The words by which providers refuse: one row for each way of saying it, all in lower case.
//!
//! Pure tables and the reading of the numbers beside them; `classify` decides by them.

/// Characters after a phrase in which its number has to begin.
const NUMBER_REACH: usize = 24;

/// The node does not have the block, or no longer.
pub(super) const BEHIND: &[&str] = &[
    "beyond current head",
    "after last accepted block",
    "block is out of range",
    "cannot query unfinalized data",
    "header not found",
    "header for hash not found",
    "block not found",
    "unknown block",
    "not currently canonical",
    "cannot be found",
    "greater than latest",
    "greater than the latest",
    "ahead of latest",
    "block is in the future",
    "history has been pruned",
    "pruned history unavailable",
];

/// More logs, bytes or work than one answer may hold.
pub(super) const DENSITY: &[&str] = &[
    "log response size exceeded",
    "query returned more than",
    "exceeds max results",
    "logs matched by query exceeds limit",
    "response size should not greater than",
    "response size exceeded",
    "response size is larger",
    "response too large",
    "response is too big",
    "too many logs",
    "logs returned",
    "query timeout exceeded",
    "query timed out",
];

/// How the number after a phrase bounds a range.
#[derive(Clone, Copy)]
enum Bound {
    /// The number is the most blocks.
    Most,
    /// The number is already too many, or it is unclear whether it is.
    Below,
    /// The phrase comes without a number.
    Unsaid,
}

/// The range is wider than the node ever allows. Sharper phrases come first.
const STRUCTURAL: &[(&str, Bound)] = &[
    ("maximum is set to", Bound::Below),
    ("query must be smaller than size", Bound::Below),
    ("maximum [from, to] blocks distance:", Bound::Most),
    ("maximum allowed number of requested blocks is", Bound::Most),
    ("maximum allowed is", Bound::Most),
    ("block range is too wide (maximum", Bound::Most),
    ("range is too large, max is", Bound::Most),
    ("max range:", Bound::Most),
    ("maximum block range:", Bound::Most),
    ("exceeds max block range", Bound::Most),
    ("exceed max block range:", Bound::Most),
    ("block range exceeds", Bound::Most),
    ("block range greater than", Bound::Most),
    ("limit the query to at most", Bound::Most),
    ("ranges over", Bound::Most),
    ("limited to a", Bound::Most),
    ("limited to", Bound::Most),
    ("up to a", Bound::Most),
    ("exceeds the range allowed for your plan", Bound::Unsaid),
    ("block range limit exceeded", Bound::Unsaid),
    ("block range is too wide", Bound::Unsaid),
    ("block range is too large", Bound::Unsaid),
    ("block range too large", Bound::Unsaid),
    ("range is too large", Bound::Unsaid),
    ("range threshold exceeded", Bound::Unsaid),
    ("exceeded max allowed", Bound::Unsaid),
];

/// Too many requests, not too much of one.
pub(super) const RATE: &[&str] = &[
    "rate limit",
    "rate exceeded",
    "too many requests",
    "request limit",
    "request count exceeded",
    "credits limited",
    "concurrent requests",
    "compute units",
    "throughput",
    "quota",
    "throttl",
];

/// `Some` when the words bound the range, with the bound where they say it.
pub(super) fn structural(words: &str) -> Option<Option<u64>> {
    if !words.contains("block") && !words.contains("range") && !words.contains("query") {
        return None;
    }
    for (phrase, bound) in STRUCTURAL {
        let Some((_, rest)) = words.split_once(phrase) else { continue };
        match (bound, number(rest)) {
            (Bound::Unsaid, _) => return Some(after_comparison(rest)),
            (Bound::Most, Some(most)) => return Some(Some(most)),
            (Bound::Below, Some(most)) => return Some(Some(most.saturating_sub(1).max(1))),
            (_, None) => {}
        }
    }
    None
}

/// The right side of "(a > n)", right after the phrase.
fn after_comparison(rest: &str) -> Option<u64> {
    let inside = rest.trim_start().strip_prefix('(')?.split(')').next()?;
    number(inside.split_once('>')?.1)
}

fn is_digit_or_mark(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, ',' | '_' | '.')
}

/// The first number above zero within reach, with `,` `_` `.` between groups and `k` or `m`
/// behind it.
fn number(rest: &str) -> Option<u64> {
    let mut at = 0;
    while let Some(start) = rest[at..].find(|letter: char| letter.is_ascii_digit()) {
        let start = at + start;
        if rest[..start].chars().count() > NUMBER_REACH {
            return None;
        }
        let length = rest[start..].find(|c| !is_digit_or_mark(c)).unwrap_or(rest.len() - start);
        let end = start + length;
        let digits: String = rest[start..end].chars().filter(char::is_ascii_digit).collect();
        let unit = match rest[end..].chars().next() {
            Some('k') => 1_000,
            Some('m') => 1_000_000,
            _ => 1,
        };
        let value = digits.parse::<u64>().ok()?.checked_mul(unit)?;
        if value > 0 {
            return Some(value);
        }
        at = end;
    }
    None
}

/// "more than n logs".
pub(super) fn more_than_logs(words: &str) -> bool {
    words
        .split_once("more than ")
        .is_some_and(|(_, rest)| rest.trim_start_matches(is_digit_or_mark).starts_with(" logs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_separators_units_and_within_reach() {
        for (text, expected) in [
            (" 2000 blocks", Some(2_000)),
            (" 10,000 blocks", Some(10_000)),
            (" 10_000.", Some(10_000)),
            (" 10.000 range", Some(10_000)),
            (" 2k block range", Some(2_000)),
            (" 1m", Some(1_000_000)),
            (" 0 - 10000 blocks range", Some(10_000)),
            (" 0 blocks", None),
            (" blocks", None),
            (" 99999999999999999999999 blocks", None),
            (" certain number of blocks, namely 5", None),
            ("", None),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_phrase_is_in_lower_case() {
        let structural = STRUCTURAL.iter().map(|(phrase, _)| phrase);
        for phrase in BEHIND.iter().chain(DENSITY).chain(RATE).chain(structural) {
            assert_eq!(*phrase, phrase.to_lowercase());
        }
    }
}
