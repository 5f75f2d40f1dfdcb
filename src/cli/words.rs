//! Numbers and times in the words of people.

/// A count with its thousands apart: `12,345`.
pub(super) fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count < 0 { format!("-{text}") } else { text }
}

/// A rate of blocks: whole ones, or tenths where there are few.
pub(super) fn rate(blocks_per_s: f64) -> String {
    if blocks_per_s < 10.0 {
        format!("{blocks_per_s:.1} blocks/s")
    } else {
        format!("{} blocks/s", grouped(blocks_per_s as i64))
    }
}

/// How long something still takes, as exact as such an estimate is: `about 2 min left`. Rounded up,
/// so that nobody waits longer than was said.
pub(super) fn left(seconds: f64) -> String {
    /// From so many of a unit on the next one is used, but for days.
    const UNITS: [(f64, f64, &str); 3] =
        [(1.0, 90.0, "s"), (60.0, 90.0, "min"), (3_600.0, 48.0, "h")];
    for (unit, most, name) in UNITS {
        let count = (seconds / unit).ceil();
        if count <= most {
            return format!("about {count} {name} left");
        }
    }
    format!("about {} days left", grouped((seconds / 86_400.0).ceil() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
            (-4_000, "-4,000"),
        ] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn few_blocks_are_shown_with_tenths() {
        assert_eq!((rate(0.25), rate(9.94)), ("0.2 blocks/s".into(), "9.9 blocks/s".into()));
        assert_eq!(rate(12_345.6), "12,345 blocks/s");
    }

    #[test]
    fn time_left_is_rounded_up_to_a_unit_that_fits() {
        for (seconds, text) in [
            (0.2, "about 1 s left"),
            (90.0, "about 90 s left"),
            (90.5, "about 2 min left"),
            (5_400.0, "about 90 min left"),
            (5_401.0, "about 2 h left"),
            (172_801.0, "about 3 days left"),
            (1e12, "about 11,574,075 days left"),
        ] {
            assert_eq!(left(seconds), text);
        }
    }
}
